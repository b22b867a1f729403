import { type Batch, createBatch, defineBatch } from './columns.ts'

/** Protocols that summaries are made of, by their `service` word. */
export const summaryServices = [
  'arp',
  'dhcp',
  'dicom',
  'dns',
  'ftp',
  'hl7',
  'http',
  'kerberos',
  'ndp',
  'smb',
  'ssh',
  'telnet',
  'tls',
] as const
export type SummaryService = (typeof summaryServices)[number]

/**
 * What happened. `login`: one attempt with its outcome, whatever the protocol. `request`/`claim`: ARP and NDP.
 * `answer`: DNS, Kerberos tickets (TGS). `hello`: TLS ClientHello, SSH version exchange. `lease`/`release`: DHCP ACK and RELEASE.
 * `association`: DICOM A-ASSOCIATE with its outcome. `message`: HL7 with its acknowledgement. `status`: HTTP response.
 */
export const summaryEvents = [
  'answer',
  'association',
  'claim',
  'hello',
  'lease',
  'login',
  'message',
  'offer',
  'release',
  'request',
  'status',
] as const
export type SummaryEvent = (typeof summaryEvents)[number]

export const outcomes = ['', 'success', 'failure', 'unknown'] as const
export type Outcome = 'success' | 'failure' | 'unknown'
export const outcomeCode = { success: 1, failure: 2, unknown: 3 } as const

/**
 * One row is one protocol event seen from one of the two endpoints of its flow. Order as in a flow batch.
 * No column ever holds a credential or a patient's data: decoders do not let them out.
 */
export const summaryBatchFormat = defineBatch('summary-batch', 1, {
  host: {
    kind: 'dictionary',
    meaning: 'key of the endpoint this view belongs to',
    source: 'records/observation.ts, hostKey',
  },
  peer: {
    kind: 'dictionary',
    meaning: 'key of the other endpoint (ARP, NDP: of the address asked for)',
    source: 'records/observation.ts, hostKey',
    nullMeans: 'it has no key (broadcast), or there is none',
  },
  isOrig: {
    kind: 'bool',
    meaning: 'the host is the originator of the flow (ARP, NDP, DHCP: the sender, the client)',
    source: 'Zeek conn.log id.orig_h',
  },
  timeUs: {
    kind: 'f64',
    unit: 'µs since the epoch',
    meaning: 'sensor clock when this record was emitted',
    source: 'docs/decisions/0002',
  },
  sequence: {
    kind: 'f64',
    meaning:
      'number of the record within its sensor and run, from 1, shared by flows and summaries',
    source: 'sensor',
  },
  flowId: {
    kind: 'f64',
    meaning: 'the flow it belongs to',
    source: 'IANA element 148, flowId',
    nullMeans: 'no flow (ARP, NDP)',
  },
  protocol: {
    kind: 'u8',
    meaning: 'IP protocol number',
    source: 'IANA element 4',
    nullMeans: 'ARP',
  },
  vlan: {
    kind: 'u16',
    meaning: 'outermost VLAN id',
    source: 'IEEE 802.1Q',
    nullMeans: 'no VLAN tag',
  },
  origIp: {
    kind: 'ip',
    meaning: 'address of the originator, IPv4 as ::ffff:a.b.c.d',
    source: 'Zeek id.orig_h',
    nullMeans: 'none yet (DHCP client without a lease, ARP probe)',
  },
  respIp: {
    kind: 'ip',
    meaning: 'address of the responder',
    source: 'Zeek id.resp_h',
    nullMeans: 'none',
  },
  origPort: {
    kind: 'u16',
    meaning: 'port of the originator',
    source: 'Zeek id.orig_p',
    nullMeans: 'no ports',
  },
  respPort: {
    kind: 'u16',
    meaning: 'port of the responder',
    source: 'Zeek id.resp_p',
    nullMeans: 'no ports',
  },
  origMac: {
    kind: 'mac',
    meaning: 'link-layer address of the originator',
    source: 'Zeek orig_l2_addr',
    nullMeans: 'not seen',
  },
  respMac: {
    kind: 'mac',
    meaning: 'link-layer address of the responder',
    source: 'Zeek resp_l2_addr',
    nullMeans: 'not seen',
  },
  service: {
    kind: 'dictionary',
    meaning: 'protocol of the event, a word of summaryServices',
    source: 'Zeek conn.log service',
  },
  event: {
    kind: 'dictionary',
    meaning: 'what happened, a word of summaryEvents',
    source: 'docs/formats/summary-batch.md',
  },
  outcome: {
    kind: 'u8',
    words: outcomes,
    meaning: 'how it went: 1 success, 2 failure, 3 unknown',
    source: 'ECS event.outcome',
    nullMeans: 'the event has none',
  },
  reason: {
    kind: 'dictionary',
    meaning: "the protocol's own code of the outcome: 530, STATUS_LOGON_FAILURE, NXDOMAIN …",
    source: 'page of the protocol in docs/formats/',
    nullMeans: 'none',
  },
  name: {
    kind: 'utf8',
    meaning:
      'what was asked for: query name, server name (SNI), host header, requested address, message type',
    source: 'page of the protocol',
    nullMeans: 'none',
  },
  client: {
    kind: 'utf8',
    meaning:
      'how the originator calls itself: calling AE title, MSH-3|MSH-4, SSH banner, user agent, host name',
    source: 'page of the protocol',
    nullMeans: 'not told',
  },
  server: {
    kind: 'utf8',
    meaning: 'how the responder calls itself: called AE title, MSH-5|MSH-6, banner',
    source: 'page of the protocol',
    nullMeans: 'not told',
  },
  version: {
    kind: 'utf8',
    meaning:
      'version-bearing fact of the originator: DICOM implementation, HL7 version, TLS version',
    source: 'page of the protocol',
    nullMeans: 'not told',
  },
  addresses: {
    kind: 'utf8',
    meaning:
      'addresses the event tells of, separated by spaces: DNS answers, the leased address, the claimed address',
    source: 'page of the protocol',
    nullMeans: 'none',
  },
  subjectMac: {
    kind: 'mac',
    meaning: 'the MAC the event is about: DHCP chaddr, ARP sender hardware address',
    source: 'RFC 2131, RFC 826',
    nullMeans: 'none',
  },
  ttlSeconds: {
    kind: 'f64',
    unit: 's',
    meaning: 'how long it holds: least DNS TTL, DHCP lease time',
    source: 'RFC 1035, RFC 2132 option 51',
    nullMeans: 'not told',
  },
  details: {
    kind: 'utf8',
    meaning: 'JSON object of the remaining fields',
    source: 'page of the protocol',
    nullMeans: 'none',
  },
})

export type SummaryBatch = Batch<typeof summaryBatchFormat.spec>

/** An empty summary batch with room for `capacity` rows. */
export function createSummaryBatch(capacity?: number): SummaryBatch {
  return createBatch(summaryBatchFormat, capacity)
}
