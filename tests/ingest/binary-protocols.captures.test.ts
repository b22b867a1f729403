import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatMac } from '../../records/address.ts'
import type { Summary } from '../../ingest/protocol.ts'
import { errorMeaning, errorWord } from '../../ingest/protocols/kerberos-errors.ts'
import { rejectWords } from '../../ingest/protocols/dicom-words.ts'
import { statusWord } from '../../ingest/protocols/smb-status.ts'
import { capturesFolder } from '../support/captures.ts'
import { playFile } from '../support/play.ts'
import { tshark } from '../support/tshark.ts'

/** Rows of fields of the packets that match; `aggregator` keeps several values of one packet apart. */
async function fields(
  file: string,
  filter: string,
  names: readonly string[],
  ...options: string[]
): Promise<string[][]> {
  const text = await tshark(
    join(capturesFolder(), file),
    ...options,
    ...['-Y', filter, '-T', 'fields', '-E', 'aggregator=;'],
    ...names.flatMap((name) => ['-e', name]),
  )
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
}

async function summariesOf(file: string, service: string): Promise<Summary[]> {
  return (await playFile(join(capturesFolder(), file))).summaries.filter(
    (summary) => summary.service === service,
  )
}

const values = (field: string | undefined): string[] =>
  (field ?? '').split(';').filter((value) => value !== '')

describe('SMB logins are those whose final status tshark shows', () => {
  test.each([
    'attack/20171220_smb_mimikatz_copy_to_host.pcap',
    'attack/20171220_smb_psexec_add_user.pcap',
    'attack/otrf-apt29-newyork.pcap',
    'attack/otrf-purplesharp-ad.pcap',
    'attack/suricata-zerologon.pcap',
    'attack/zerologon-dcsync-psexec.pcap',
    'benign/smb-filename.pcap',
    'benign/smb2-fileserver.pcap',
    'benign/smb2-ntlmssp.pcap',
    'proto/ntlm_synthetic.pcap',
    'proto/raw_ntlm_in_smb.pcap',
    'proto/smb-smbclient.pcap',
    'proto/smb1.pcap',
    'proto/smb2_krb.pcap',
    'proto/smb311.pcap',
    'proto/smbv1.pcap',
  ])('%s', async (file) => {
    const setups =
      '(smb2.cmd == 1 && smb2.flags.response == 1) || (smb.cmd == 0x73 && smb.flags.response == 1)'
    const rows = await fields(file, setups, ['smb2.nt_status', 'smb.nt_status', 'smb.error_code'])
    const final = rows
      .map(([smb2, smb1, dos]) => Number([...values(smb2), ...values(smb1), ...values(dos)][0]))
      .filter((status) => status !== 0xc0000016 && status !== 0x103)
    const told = await summariesOf(file, 'smb')
    expect(told.map((login) => login.reason ?? 'STATUS_SUCCESS')).toEqual(
      final.map((status) => (status === 0 ? 'STATUS_SUCCESS' : statusWord(status))),
    )
    expect(told.map((login) => login.outcome)).toEqual(
      final.map((status) => (status === 0 ? 'success' : 'failure')),
    )
  })

  test('benign/smb2-ntlmssp.pcap: five refused logins, then one that succeeds, on six connections', async () => {
    const logins = await summariesOf('benign/smb2-ntlmssp.pcap', 'smb')
    const overPort445 = logins.filter((login) => login.details?.['dialect'] !== '1.0')
    expect(overPort445.map((login) => login.outcome)).toEqual([
      ...Array<string>(5).fill('failure'),
      'success',
    ])
    expect(new Set(overPort445.slice(0, 5).map((login) => login.reason))).toEqual(
      new Set(['STATUS_LOGON_FAILURE']),
    )
  })
})

describe('Kerberos answers are those that tshark shows', () => {
  test.each([
    'attack/kerberoast.pcap',
    'attack/otrf-apt29-newyork.pcap',
    'attack/otrf-apt29-scranton.pcap',
    'attack/otrf-purplesharp-ad.pcap',
    'proto/kerberos-login.pcap',
    'proto/kinit.pcap',
    'proto/krb-auth.pcap',
    'proto/krb5-msg-type.pcap',
    'proto/krb5-tcp.pcap',
  ])('%s', async (file) => {
    const answers = 'kerberos.msg_type == 11 || kerberos.msg_type == 13 || kerberos.msg_type == 30'
    const rows = await fields(file, answers, ['kerberos.msg_type', 'kerberos.error_code'])
    const expected = rows
      .map(([type, error]) => [values(type)[0], Number(values(error)[0] ?? 0)] as const)
      .filter(([type, error]) => type !== '30' || errorMeaning(error) !== 'continues')
      .map(([type, error]) =>
        type === '11' ? 'login' : type === '13' ? 'answer' : errorWord(error),
      )
    const told = await summariesOf(file, 'kerberos')
    expect(told.map((summary) => summary.reason ?? summary.event).sort()).toEqual(expected.sort())
  })

  test('service names are those of the tickets', async () => {
    const file = 'proto/kerberos-login.pcap'
    const rows = await fields(file, 'kerberos.msg_type == 13', [
      'kerberos.SNameString',
      'kerberos.realm',
    ])
    const told = await summariesOf(file, 'kerberos')
    expect(told.map((ticket) => ticket.name)).toEqual(rows.map(([name]) => values(name).join('/')))
    expect(told.map((ticket) => ticket.details?.['realm'])).toEqual(
      rows.map(([, realm]) => values(realm)[0]),
    )
  })
})

describe('DHCP messages are those that tshark shows', () => {
  const names = ['', 'DISCOVER', 'OFFER', 'REQUEST', 'DECLINE', 'ACK', 'NAK', 'RELEASE', 'INFORM']
  const unlessZero = (address: string | undefined) =>
    address === '0.0.0.0' || address === '' ? undefined : address

  test.each([
    'attack/dhcp_flood.pcap',
    'attack/public-ex1_section8_Sofacy.pcap',
    'attack/slips-iot-malware-telnet-scan.pcap',
    'benign/android.pcap',
    'benign/iphone.pcap',
    'benign/smb2-ntlmssp.pcap',
    'benign/teams.pcap',
    'formats/ng-be-basic-001.pcapng',
    'medical-lab/dhcp-benign.pcap',
    'medical-lab/dhcp-rogue-server.pcap',
    'proto/dhcp-extended.pcap',
    'proto/dhcp.pcap',
    'proto/wireshark-dhcp.pcap',
  ])('%s', async (file) => {
    const rows = await fields(file, 'dhcp.option.dhcp && !icmp', [
      'dhcp.option.dhcp',
      'dhcp.id',
      'dhcp.hw.mac_addr',
      'dhcp.ip.your',
      'dhcp.ip.client',
      'dhcp.option.requested_ip_address',
      'dhcp.option.dhcp_server_id',
      'dhcp.option.ip_address_lease_time',
      'dhcp.option.router',
      'dhcp.option.domain_name_server',
    ])
    const expected = rows.map(
      ([type, id, mac, your, client, requested, server, lease, router, dns]) => {
        const messageType = names[Number(type)]!
        const isGiven = ['OFFER', 'ACK', 'NAK'].includes(messageType)
        return {
          messageType,
          transaction: id!.slice(2),
          mac: values(mac)[0],
          addresses: isGiven ? (unlessZero(your) ?? unlessZero(client)) : unlessZero(client),
          requested: unlessZero(requested),
          server: unlessZero(server),
          lease: isGiven && lease !== '' ? Number(lease) : undefined,
          router: values(router),
          dns: values(dns),
        }
      },
    )
    const told = await summariesOf(file, 'dhcp')
    const got = told.map((summary) => ({
      messageType: summary.details?.['messageType'],
      transaction: summary.details?.['transaction'],
      mac:
        summary.subjectMac === undefined ? undefined : (formatMac(summary.subjectMac) ?? undefined),
      addresses: summary.addresses,
      requested: summary.name,
      server: summary.server,
      lease: summary.ttlSeconds,
      router: summary.details?.['router'] ?? [],
      dns: summary.details?.['dns'] ?? [],
    }))
    expect(got).toEqual(expected)
  })

  test('a host name is the one that the client gave', async () => {
    const file = 'benign/android.pcap'
    const rows = await fields(file, 'dhcp.option.dhcp', [
      'dhcp.option.hostname',
      'dhcp.option.vendor_class_id',
    ])
    const told = await summariesOf(file, 'dhcp')
    expect(told.map((summary) => summary.client ?? '')).toEqual(rows.map(([name]) => name))
  })
})

describe('DICOM associations are those that tshark shows', () => {
  test.each([
    { file: 'medical-lab/dicom-benign.pcap', outcomes: { success: 18 } },
    { file: 'medical-lab/dicom-attack.pcap', outcomes: { failure: 28 } },
    { file: 'medical-lab/dicom-theft.pcap', outcomes: { success: 7 } },
  ])('$file', async ({ file, outcomes }) => {
    const names = ['type', 'called', 'calling', 'result', 'source', 'reason', 'uid', 'version']
    const columns = [
      'dicom.pdu.type',
      'dicom.assoc.ae.called',
      'dicom.assoc.ae.calling',
      'dicom.assoc.reject.result',
      'dicom.assoc.reject.source',
      'dicom.assoc.reject.reason',
      'dicom.userinfo.uid',
      'dicom.userinfo.version',
    ]
    const dissect = ['-d', 'tcp.port==11112,dicom', '-d', 'tcp.port==11114,dicom']
    const rows = await fields(
      file,
      'dicom.pdu.type in {1,2,3,7}',
      ['tcp.stream', ...columns],
      ...dissect,
    )
    const expected = new Map<string, string[]>()
    for (const [stream, ...row] of rows) {
      const at = (name: string) => row[names.indexOf(name)] ?? ''
      const type = Number(at('type'))
      if (type === 1) {
        expected.set(stream!, [
          at('calling').trim(),
          at('called').trim(),
          `${at('uid')} ${at('version')}`,
        ])
      } else if (type === 2) expected.get(stream!)?.push('success', '')
      else if (type === 3) {
        const words = rejectWords(Number(at('result')), Number(at('source')), Number(at('reason')))
        expected.get(stream!)?.push('failure', words)
      }
    }
    const told = await summariesOf(file, 'dicom')
    const got = told.map((a) => [a.client, a.server, a.version, a.outcome, a.reason ?? ''])
    expect(got.map(String).sort()).toEqual([...expected.values()].map(String).sort())
    const counted: Record<string, number> = {}
    for (const { outcome } of told) counted[outcome!] = (counted[outcome!] ?? 0) + 1
    expect(counted).toEqual(outcomes)
  })
})

describe('HL7 messages', () => {
  test('medical-lab/hl7-benign.pcap: 60 ORU and 8 ADT, all acknowledged', async () => {
    const told = await summariesOf('medical-lab/hl7-benign.pcap', 'hl7')
    const of = (type: string) => told.filter((message) => message.name?.startsWith(type))
    expect([of('ORU').length, of('ADT').length, told.length]).toEqual([60, 8, 68])
    expect(told.every((message) => message.outcome === 'success')).toBe(true)
  })

  test('as many of each type as tshark finds headers of', async () => {
    for (const file of ['medical-lab/hl7-flood-unknown-sender.pcap', 'proto/hl7.pcap']) {
      const dissect = ['-d', 'tcp.port==2575,hl7', '-d', 'tcp.port==6661,hl7']
      const rows = await fields(file, 'hl7.message.type', ['hl7.message.type'], ...dissect)
      const sent = rows.flatMap(([types]) => values(types)).filter((type) => type !== 'ACK')
      const told = await summariesOf(file, 'hl7')
      expect(told.map((message) => message.name?.split('^')[0]).sort()).toEqual(sent.sort())
    }
  })
})

describe('what must not come out', () => {
  const told = async (file: string) =>
    JSON.stringify(
      (await playFile(join(capturesFolder(), file))).summaries.map((s) => ({
        ...s,
        subjectMac: '',
      })),
    )
  const bytesOf = (file: string) => readFileSync(join(capturesFolder(), file), 'latin1')

  test.each([
    'medical-lab/hl7-benign.pcap',
    'medical-lab/hl7-flood-unknown-sender.pcap',
    'proto/hl7.pcap',
  ])('no patient of %s', async (file) => {
    const segments = [...bytesOf(file).matchAll(/PID\|([^\r\n]*)/g)].map((match) => match[1]!)
    // HOSP is the assigning authority of PID-3, and the receiving facility of MSH-6, where it may be told.
    const words = new Set(segments.flatMap((segment) => segment.split(/[|^&~]/)))
    for (const word of [...words]) if (word.length < 4 || word === 'HOSP') words.delete(word)
    expect(words.size).toBeGreaterThan(2)
    const text = await told(file)
    expect([...words].filter((word) => text.includes(word))).toEqual([])
  })

  test.each(['medical-lab/dicom-benign.pcap', 'medical-lab/dicom-theft.pcap'])(
    'no patient of %s',
    async (file) => {
      // (0010,0010) Patient's Name and (0010,0020) Patient ID, little-endian, implicit or explicit value representation.
      const elements = bytesOf(file).matchAll(
        /\x10\x00[\x10\x20]\x00(?:(?:PN|LO)(.)\x00|(.)\x00\x00\x00)([ -~]{4,})/gs,
      )
      const found = [...elements].map((match) =>
        match[3]!.slice(0, (match[1] ?? match[2])!.charCodeAt(0)).trim(),
      )
      const names = new Set(found.filter((name) => name.length > 3))
      expect(names.size).toBeGreaterThan(0)
      const text = await told(file)
      expect([...names].filter((name) => text.includes(name))).toEqual([])
    },
  )

  test.each([
    { file: 'benign/smb2-ntlmssp.pcap', field: 'ntlmssp.auth.username' },
    { file: 'proto/raw_ntlm_in_smb.pcap', field: 'ntlmssp.auth.username' },
    { file: 'proto/kinit.pcap', field: 'kerberos.CNameString' },
    { file: 'proto/krb5-msg-type.pcap', field: 'kerberos.CNameString' },
    { file: 'attack/kerberoast.pcap', field: 'kerberos.CNameString' },
  ])('no account of $file', async ({ file, field }) => {
    const rows = await fields(file, field, [field])
    const accounts = new Set(
      rows.flatMap(([names]) => values(names)).filter((name) => name.length > 3),
    )
    const text = (await told(file)).toLowerCase()
    const quoted = [...accounts].filter((name) => text.includes(`"${name.toLowerCase()}"`))
    expect(rows.length).toBeGreaterThan(0)
    expect(quoted).toEqual([])
  })
})
