import type { Severity } from '../../records/alert.ts'
import type { Behaviour } from '../../records/anomaly.ts'

/** One alert row that a capture must give. */
export interface ExpectedAlert {
  readonly behaviour: Behaviour
  /** Address of the owner: the offender of a scan, the target of a burst or an access. */
  readonly device: string
  /** Counterparts that must be among its peers; empty where there are more than a row names. */
  readonly peers: readonly string[]
  readonly severity: Severity
  readonly countMin: number
  /** Numbers of the evidence that must at least be this: what kind of scan it was. */
  readonly whyMin?: Readonly<Record<string, number>>
}

/** What one capture must give, or must not. Derived from its packets (docs/decisions/0009), not from our output. */
export interface ExpectedCapture {
  /** Path below the captures folder. */
  readonly capture: string
  /** Recordings that teach first. */
  readonly learn?: readonly string[]
  /** Rows that must be there. Empty: nothing at notify level. */
  readonly expect: readonly ExpectedAlert[]
  /** Behaviours that may be at notify level beside those: true of the capture, but not what it is for. */
  readonly also?: readonly Behaviour[]
}

const hosts = (prefix: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${prefix}.${from + i}`)

const portScan = (
  device: string,
  peer: string,
  countMin: number,
  whyMin: Readonly<Record<string, number>> = {},
): ExpectedAlert => ({
  behaviour: 'port-scan',
  device,
  peers: [peer],
  severity: 'medium',
  countMin,
  whyMin,
})

const hostScan = (device: string, countMin: number, peers: readonly string[]): ExpectedAlert => ({
  behaviour: 'host-scan',
  device,
  peers,
  severity: 'medium',
  countMin,
})

const loginBurst = (device: string, peer: string, countMin: number): ExpectedAlert => ({
  behaviour: 'login-burst',
  device,
  peers: [peer],
  severity: 'medium',
  countMin,
})

const access = (
  device: string,
  peer: string,
  countMin: number,
  severity: Severity,
): ExpectedAlert => ({ behaviour: 'unauthorized-access', device, peers: [peer], severity, countMin })

const scans: readonly ExpectedCapture[] = [
  {
    capture: 'attack/445_scan.pcap',
    expect: [
      hostScan('176.192.150.3', 9, [
        '10.10.222.208',
        '192.168.233.239',
        '10.10.11.49',
        '10.10.202.55',
        '192.168.181.244',
        '192.168.61.211',
        '192.168.106.197',
        '192.168.110.0',
        '192.168.27.86',
      ]),
    ],
  },
  {
    capture: 'attack/multiport_scan.pcap',
    expect: [hostScan('125.27.226.209', 10, ['192.168.14.113', '10.10.9.115', '10.10.224.84'])],
  },
  {
    capture: 'attack/scan_with_zero_windows.pcap',
    expect: [hostScan('10.0.0.1', 9, hosts('10.0.0', 2, 9))],
  },
  {
    capture: 'attack/maltrail-infection_scan.pcap',
    expect: [hostScan('10.0.0.5', 40, ['10.9.9.1', '10.9.9.7'])],
  },
  {
    capture: 'attack/slips-iot-malware-telnet-scan.pcap',
    expect: [hostScan('192.168.2.16', 100, [])],
  },
  {
    // A version scan that begins with a sweep by ARP: 245 addresses asked for, 5 hosts that failed a connection.
    capture: 'attack/nmap-vsn.pcap',
    expect: [{ ...hostScan('192.168.1.71', 245, ['192.168.1.2']), whyMin: { hostsArp: 245 } }],
  },
  { capture: 'attack/port_scan.pcap', expect: [portScan('192.168.2.154', '192.168.2.22', 10)] },
  { capture: 'attack/synscan.pcap', expect: [portScan('172.16.0.8', '64.13.134.52', 900)] },
  { capture: 'attack/tcp_scan.pcapng', expect: [portScan('192.168.1.178', '192.168.1.2', 3, { stealthProbes: 3 })] },
  ...['port_scan', 'udp_scan'].map(
    (name): ExpectedCapture => ({
      capture: `attack/maltrail-${name}.pcap`,
      expect: [portScan('203.0.113.9', '198.51.100.7', 20)],
    }),
  ),
  ...['fin', 'null', 'xmas'].map(
    (name): ExpectedCapture => ({
      capture: `attack/maltrail-stealth_scan_${name}.pcap`,
      expect: [portScan('203.0.113.9', '198.51.100.7', 20, { stealthProbes: 20 })],
    }),
  ),
  {
    capture: 'attack/maltrail-mixed_soup.pcap',
    expect: [portScan('203.0.113.9', '198.51.100.7', 12, { stealthProbes: 4 })],
  },
]

const bursts: readonly ExpectedCapture[] = [
  {
    capture: 'attack/ftp-bruteforce.pcap',
    expect: [loginBurst('192.168.56.101', '192.168.56.1', 30)],
  },
  {
    capture: 'attack/malicious-ssh-bruteforce.pcap',
    expect: [loginBurst('147.32.80.37', '147.32.80.40', 47)],
  },
  {
    capture: 'medical-lab/telnet-default-credentials.pcap',
    expect: [
      loginBurst('10.60.1.20', '10.60.1.66', 36),
      {
        behaviour: 'login-after-burst',
        device: '10.60.1.20',
        peers: ['10.60.1.66'],
        severity: 'critical',
        countMin: 37,
      },
    ],
  },
]

/** A test run of Kerberos that nobody labelled: by its packets a burst and a success after it (decision 0009). */
const unlabelled: readonly ExpectedCapture[] = [
  {
    capture: 'proto/kinit.pcap',
    expect: [
      loginBurst('192.168.1.32', '192.168.1.31', 30),
      {
        behaviour: 'login-after-burst',
        device: '192.168.1.32',
        peers: ['192.168.1.31'],
        severity: 'critical',
        countMin: 23,
      },
    ],
  },
]

/** What a new host on a baselined site brings along. */
const stranger: readonly Behaviour[] = ['new-device', 'irregular-destination']

const medical: readonly ExpectedCapture[] = [
  {
    capture: 'medical-lab/dicom-theft.pcap',
    learn: ['medical-lab/dicom-benign.pcap'],
    expect: [access('10.60.1.10', '10.60.1.66', 7, 'high')],
    also: stranger,
  },
  {
    capture: 'medical-lab/dicom-attack.pcap',
    learn: ['medical-lab/dicom-benign.pcap'],
    expect: [
      loginBurst('10.60.1.10', '10.60.1.66', 28),
      // All 28 were rejected, under three titles, two of them stolen.
      access('10.60.1.10', '10.60.1.66', 28, 'medium'),
    ],
    also: stranger,
  },
  {
    capture: 'medical-lab/hl7-flood-unknown-sender.pcap',
    learn: ['medical-lab/hl7-benign.pcap'],
    expect: [access('10.60.1.40', '10.60.1.66', 700, 'high')],
    also: stranger,
  },
]

const silent: readonly ExpectedCapture[] = [
  ...[
    'attack/maltrail-ack_sweep_no_fp.pcap',
    'attack/maltrail-clean_tcp.pcap',
    'attack/maltrail-dns_ignored_suffixes.pcap',
    // One answered connection is no scan.
    'attack/vnc-scanner.pcap',
    'medical-lab/dhcp-benign.pcap',
    'medical-lab/dicom-benign.pcap',
    'medical-lab/hl7-benign.pcap',
  ].map((capture): ExpectedCapture => ({ capture, expect: [] })),
  ...['medical-lab/dicom-benign.pcap', 'medical-lab/hl7-benign.pcap'].map(
    (capture): ExpectedCapture => ({ capture, learn: [capture], expect: [] }),
  ),
]

/** Captures whose result is known. Every file of `benign/` is expected silent beside these. */
export const expectedCaptures: readonly ExpectedCapture[] = [
  ...scans,
  ...bursts,
  ...unlabelled,
  ...medical,
  ...silent,
]
