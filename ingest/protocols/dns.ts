import { formatIp } from '../../records/address.ts'
import {
  type DecoderOutput,
  type FlowFacts,
  type ProtocolDecoder,
  type Session,
  type Summary,
  type Verdict,
  verdict,
} from '../protocol.ts'
import { createDnsStream, headerLength } from './dns-stream.ts'
import { badName, readName, skipName } from './dns-name.ts'
import { readU16, readU32 } from './field.ts'

// RFC 1035 §4.1.1, header of a message:
//
//   | ID: 16 | QR: 1 | Opcode: 4 | AA: 1 | TC: 1 | RD: 1 | RA: 1 | Z: 3 | RCODE: 4 |
//   | QDCOUNT: 16 | ANCOUNT: 16 | NSCOUNT: 16 | ARCOUNT: 16 |
//
// §4.1.2, question:        | QNAME | QTYPE: 16 | QCLASS: 16 |
// §4.1.3, resource record: | NAME | TYPE: 16 | CLASS: 16 | TTL: 32 | RDLENGTH: 16 | RDATA |
// §4.2.2, over TCP each message follows its length: 16 bits.

const type = { a: 1, cname: 5, aaaa: 28 } as const
/** Of one answer, what is told: a hostile message can hold thousands. */
const addressesMax = 32
const cnamesMax = 8

/** Cut off by the capture, by the sender, or by a lying count; `name` and the bytes of records differ by cause. */
type Fault = 'dns-truncated' | 'dns-bad-name' | 'dns-bad-record'

/** DNS over UDP: one `answer` per response (docs/formats/dns.md). */
export const dns: ProtocolDecoder = {
  service: 'dns',
  transport: 'udp',
  probe: (bytes, start, end, _isOrig, flow) =>
    isOtherDialect(flow) ? verdict.no : judge(bytes, start, end, flow),
  open: () => datagrams,
}

/** DNS over TCP: messages with their lengths before them. */
export const dnsOverTcp: ProtocolDecoder = {
  service: 'dns',
  transport: 'tcp',
  probe(bytes, start, end, _isOrig, flow) {
    if (isOtherDialect(flow)) return verdict.no
    if (end - start < 2) return isDnsPort(flow) ? verdict.more : verdict.no
    const length = (bytes[start]! << 8) | bytes[start + 1]!
    if (length < headerLength) return verdict.no
    const said = judge(bytes, start + 2, Math.min(end, start + 2 + length), flow)
    if (said === verdict.yes || isDnsPort(flow)) return said
    return verdict.no
  },
  open: () => createDnsStream(readMessage),
}

const datagrams: Session = {
  onData(bytes, start, end, _isOrig, _flow, out) {
    readMessage(bytes, start, end, out)
    return true
  },
}

function isDnsPort(flow: FlowFacts): boolean {
  return flow.respPort === 53 || flow.origPort === 53
}

/** mDNS (RFC 6762), LLMNR (RFC 4795), NetBIOS names (RFC 1002): the format of DNS, but nobody asks a server. */
function isOtherDialect({ origPort, respPort }: FlowFacts): boolean {
  return [respPort, origPort].some((port) => port === 5353 || port === 5355 || port === 137)
}

/** On port 53 a sane header is enough; elsewhere the question must be one that a resolver would send. */
function judge(bytes: Uint8Array, start: number, end: number, flow: FlowFacts): Verdict {
  if (end - start < headerLength) return isDnsPort(flow) ? verdict.more : verdict.no
  const flags = (bytes[start + 2]! << 8) | bytes[start + 3]!
  const opcode = (flags >> 11) & 15
  const questions = readU16(bytes, start + 4)
  if (opcode > 6 || questions > 16 || (flags & 0x40) !== 0) return verdict.no
  if (isDnsPort(flow)) return verdict.yes
  const isResponse = flags >> 15 === 1
  if (opcode !== 0 || questions !== 1) return verdict.no
  if (!isResponse && (flags & 0x0f) + readU16(bytes, start + 6) + readU16(bytes, start + 8) !== 0)
    return verdict.no
  if (readU16(bytes, start + 10) > 4) return verdict.no
  const at = skipName(bytes, start + headerLength, end)
  if (at < 0 || at + 4 > end || bytes[start + headerLength]! > 63) return verdict.no
  return readU16(bytes, at) >> 8 <= 1 && readU16(bytes, at + 2) === 1 ? verdict.yes : verdict.no
}

function readMessage(bytes: Uint8Array, start: number, end: number, out: DecoderOutput): void {
  if (end - start < headerLength) {
    out.reject('dns-truncated')
    return
  }
  const flags = readU16(bytes, start + 2)
  // Only answers to standard queries: updates, notifications and zone control are between servers.
  if (flags >> 15 === 0 || ((flags >> 11) & 15) !== 0) return
  const fault = readAnswer(bytes, start, end, flags, out)
  if (fault !== null) out.reject(fault)
}

/** Emits the answer with what was read of it, unless its question itself cannot be read. */
function readAnswer(
  bytes: Uint8Array,
  start: number,
  end: number,
  flags: number,
  out: DecoderOutput,
): Fault | null {
  const code = flags & 15
  const answersCount = readU16(bytes, start + 6)
  const details: Record<string, string | number | boolean> = {}
  const summary: Summary = {
    service: 'dns',
    event: 'answer',
    outcome: code === 0 ? 'success' : 'failure',
    reason: rcodes[code] ?? `RCODE${code}`,
    details,
  }
  let at = start + headerLength
  for (let i = readU16(bytes, start + 4); i > 0; i--) {
    const nameAt = at
    at = skipName(bytes, at, end)
    if (at === badName) return 'dns-bad-name'
    if (at < 0 || at + 4 > end) return 'dns-truncated'
    if (summary.name === undefined) {
      const name = readName(bytes, nameAt, start, end)
      if (name === null) return 'dns-bad-name'
      summary.name = name
    }
    details['type'] ??= types[readU16(bytes, at)] ?? `TYPE${readU16(bytes, at)}`
    at += 4
  }
  details['answers'] = answersCount
  if ((flags & 0x200) !== 0) details['truncated'] = true
  const fault = readRecords(bytes, at, start, end, answersCount, summary, details)
  out.emit(summary)
  return fault
}

/** Adds addresses, the last alias and the least time to live of the answer section. */
function readRecords(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
  count: number,
  summary: Summary,
  details: Record<string, string | number | boolean>,
): Fault | null {
  const addresses: string[] = []
  let fault: Fault | null = null
  let cnames = 0
  for (let i = 0; i < count; i++) {
    at = skipName(bytes, at, end)
    if (at < 0 || at + 10 > end) {
      fault = at === badName ? 'dns-bad-name' : 'dns-truncated'
      break
    }
    const kind = readU16(bytes, at)
    const ttlSeconds = readU32(bytes, at + 4)
    const length = readU16(bytes, at + 8)
    at += 10
    if (at + length > end) {
      fault = 'dns-truncated'
      break
    }
    summary.ttlSeconds = Math.min(summary.ttlSeconds ?? ttlSeconds, ttlSeconds)
    if (kind === type.a || kind === type.aaaa) {
      if (length !== (kind === type.a ? 4 : 16)) fault ??= 'dns-bad-record'
      else if (addresses.length < addressesMax) addresses.push(addressText(bytes, at, length))
    } else if (kind === type.cname && cnames < cnamesMax) {
      cnames++
      const target = readName(bytes, at, start, at + length)
      if (target === null) fault ??= 'dns-bad-name'
      else details['cname'] = target
    }
    at += length
  }
  if (addresses.length > 0) summary.addresses = addresses.join(' ')
  return fault
}

function addressText(bytes: Uint8Array, at: number, length: number): string {
  if (length === 4) return `${bytes[at]!}.${bytes[at + 1]!}.${bytes[at + 2]!}.${bytes[at + 3]!}`
  return formatIp(bytes, at)
}

/** IANA "DNS RCODEs", those a header of 4 bits can hold. */
const rcodes: Readonly<Record<number, string>> = {
  0: 'NOERROR',
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  6: 'YXDOMAIN',
  7: 'YXRRSET',
  8: 'NXRRSET',
  9: 'NOTAUTH',
  10: 'NOTZONE',
}

/** IANA "Resource Record (RR) TYPEs" that are met on hospital networks; others are `TYPEn` (RFC 3597 §5). */
const types: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  10: 'NULL',
  12: 'PTR',
  13: 'HINFO',
  15: 'MX',
  16: 'TXT',
  25: 'KEY',
  28: 'AAAA',
  33: 'SRV',
  35: 'NAPTR',
  43: 'DS',
  46: 'RRSIG',
  48: 'DNSKEY',
  64: 'SVCB',
  65: 'HTTPS',
  252: 'AXFR',
  255: 'ANY',
  257: 'CAA',
}
