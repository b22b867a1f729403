import type { SummaryEvent } from '../../records/summary-batch.ts'
import type { DecoderOutput, ProtocolDecoder, Session, Summary } from '../protocol.ts'
import { verdict } from '../protocol.ts'
import { fieldText, readU16, readU32 } from './field.ts'

// DHCPv4 message, RFC 2131 §2 (widths in brackets):
//   0 op(1) 1 request, 2 reply   1 htype(1)   2 hlen(1)   3 hops(1)   4 xid(4)   8 secs(2)   10 flags(2)
//   12 ciaddr(4)   16 yiaddr(4)   20 siaddr(4)   24 giaddr(4)   28 chaddr(16)   44 sname(64)   108 file(128)
//   236 magic cookie(4): 63 82 53 63   240 options: code(1) length(1) value; 0 pad, 255 end (RFC 2132)
const snameAt = 44
const fileAt = 108
const cookieAt = 236
const optionsAt = 240
const magicCookie = 0x63825363

/** RFC 2132 §9.6, option 53, by number. */
const messageTypes = [
  '',
  'DISCOVER',
  'OFFER',
  'REQUEST',
  'DECLINE',
  'ACK',
  'NAK',
  'RELEASE',
  'INFORM',
]
const eventOf: Record<string, SummaryEvent> = {
  DISCOVER: 'request',
  REQUEST: 'request',
  DECLINE: 'request',
  INFORM: 'request',
  OFFER: 'offer',
  ACK: 'lease',
  NAK: 'lease',
  RELEASE: 'release',
}

/** The options that are read (RFC 2132; 81: RFC 4702; 82: RFC 3046; 252: the proxy URL that rogue servers set). */
const option = {
  router: 3,
  nameServer: 6,
  hostName: 12,
  requestedAddress: 50,
  leaseSeconds: 51,
  overload: 52,
  messageType: 53,
  server: 54,
  parameterList: 55,
  vendorClass: 60,
  clientFqdn: 81,
  relayAgent: 82,
  proxyUrl: 252,
} as const
const wantedOptions: ReadonlySet<number> = new Set(Object.values(option))

/** An option may be split over several instances (RFC 3396); what exceeds this is cut. */
const optionBytesMax = 1020

/**
 * DHCPv4 (RFC 2131), one datagram at a time, recognised by its magic cookie. ACK → `lease`, NAK → `lease` with
 * outcome failure, OFFER → `offer`, RELEASE → `release`, the client's other messages → `request`.
 * Fields: docs/formats/dhcp.md. An ACK carries all that a binding needs: `subjectMac`, `addresses`, `ttlSeconds`.
 */
export const dhcp: ProtocolDecoder = {
  service: 'dhcp',
  transport: 'udp',
  probe: (bytes, start, end) =>
    end - start >= optionsAt &&
    (bytes[start] === 1 || bytes[start] === 2) &&
    bytes[start + 2]! <= 16 &&
    readU32(bytes, start + cookieAt) === magicCookie
      ? verdict.yes
      : verdict.no,
  open: () => stateless,
}

const stateless: Session = {
  onData: (bytes, start, end, _isOrig, _flow, out) => {
    readDhcp(bytes, start, end, out)
    return true
  },
}

function readDhcp(bytes: Uint8Array, start: number, end: number, out: DecoderOutput): void {
  if (end - start < optionsAt) {
    out.reject('dhcp-truncated')
    return
  }
  if (readU32(bytes, start + cookieAt) !== magicCookie) {
    out.reject('dhcp-bad-cookie')
    return
  }
  const options = readOptions(bytes, start, end, out)
  const type = messageTypes[options.get(option.messageType)?.[0] ?? 0] ?? ''
  const event = eventOf[type]
  // Without option 53 it is BOOTP (RFC 951), which leases nothing.
  if (event === undefined) {
    out.reject('dhcp-no-message-type')
    return
  }
  out.emit(summarise(bytes, start, event, type, options))
}

function summarise(
  bytes: Uint8Array,
  start: number,
  event: SummaryEvent,
  type: string,
  options: ReadonlyMap<number, Uint8Array>,
): Summary {
  const summary: Summary = { service: 'dhcp', event }
  const isGiven = event === 'offer' || event === 'lease'
  const yiaddr = ipv4(bytes, start + 16)
  const ciaddr = ipv4(bytes, start + 12)
  // The ACK of an INFORM leaves yiaddr empty (RFC 2131 §4.3.5); the client's own address is in ciaddr.
  const address = isGiven ? (yiaddr ?? ciaddr) : ciaddr
  if (address !== null) summary.addresses = address
  if (event === 'lease') summary.outcome = type === 'NAK' ? 'failure' : 'success'
  if (type === 'NAK') summary.reason = 'NAK'
  if (bytes[start + 1] === 1 && bytes[start + 2] === 6)
    summary.subjectMac = bytes.subarray(start + 28, start + 34)
  const requested = addressList(options.get(option.requestedAddress))[0]
  if (requested !== undefined && requested !== '0.0.0.0') summary.name = requested
  const client = hostName(options)
  if (client !== '') summary.client = client
  const server = addressList(options.get(option.server))[0]
  if (server !== undefined) summary.server = server
  const vendorClass = text(options.get(option.vendorClass))
  // In a server's message the option is about the server, and `version` is about the client.
  if (vendorClass !== '' && !isGiven) summary.version = vendorClass
  const lease = options.get(option.leaseSeconds)
  if (isGiven && lease?.length === 4) summary.ttlSeconds = readU32(lease, 0)
  summary.details = details(bytes, start, type, options)
  return summary
}

function details(
  bytes: Uint8Array,
  start: number,
  type: string,
  options: ReadonlyMap<number, Uint8Array>,
): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {
    messageType: type,
    transaction: readU32(bytes, start + 4)
      .toString(16)
      .padStart(8, '0'),
  }
  const parameterList = options.get(option.parameterList)
  if (parameterList !== undefined) found['parameterList'] = parameterList.join(',')
  const relay = ipv4(bytes, start + 24)
  if (relay !== null) found['relay'] = relay
  const routers = addressList(options.get(option.router))
  if (routers.length > 0) found['router'] = routers
  const nameServers = addressList(options.get(option.nameServer))
  if (nameServers.length > 0) found['dns'] = nameServers
  const proxyUrl = text(options.get(option.proxyUrl))
  if (proxyUrl !== '') found['proxyUrl'] = proxyUrl
  const relayAgent = options.get(option.relayAgent)
  if (relayAgent !== undefined) found['relayAgent'] = hex(relayAgent)
  return found
}

/**
 * Wanted options by code, instances joined; option 52 adds the ones in `file` and `sname`, in this order (RFC 2131 §4.1).
 */
function readOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: DecoderOutput,
): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>()
  readOptionField(bytes, start + optionsAt, end, options, out)
  const overload = options.get(option.overload)?.[0] ?? 0
  if ((overload & 1) !== 0) readOptionField(bytes, start + fileAt, start + cookieAt, options, out)
  if ((overload & 2) !== 0) readOptionField(bytes, start + snameAt, start + fileAt, options, out)
  return options
}

function readOptionField(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: Map<number, Uint8Array>,
  out: DecoderOutput,
): void {
  let at = start
  while (at < end && bytes[at] !== 255) {
    const code = bytes[at]!
    if (code === 0) {
      at++
      continue
    }
    const length = at + 1 < end ? bytes[at + 1]! : -1
    if (length < 0 || at + 2 + length > end) {
      out.reject('dhcp-option-length')
      return
    }
    if (wantedOptions.has(code)) join(options, code, bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
}

function join(options: Map<number, Uint8Array>, code: number, value: Uint8Array): void {
  const before = options.get(code)
  if (before === undefined) {
    options.set(code, value)
  } else if (before.length < optionBytesMax) {
    const whole = new Uint8Array(before.length + value.length)
    whole.set(before)
    whole.set(value, before.length)
    options.set(code, whole)
  }
}

/**
 * Option 81 where present, else 12. RFC 4702 §2: flags(1) rcode1(1) rcode2(1) name; flag E (0x04): name as DNS labels.
 */
function hostName(options: ReadonlyMap<number, Uint8Array>): string {
  const fqdn = options.get(option.clientFqdn)
  if (fqdn === undefined || fqdn.length < 4) return text(options.get(option.hostName))
  return (fqdn[0]! & 0x04) === 0 ? text(fqdn.subarray(3)) : labels(fqdn.subarray(3))
}

function labels(name: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < name.length;) {
    const length = name[at]!
    if (length === 0 || length > 63) break
    parts.push(fieldText(name, at + 1, Math.min(name.length, at + 1 + length), 63))
    at += 1 + length
  }
  return parts.join('.')
}

/** Some clients end their texts with a zero byte, which RFC 2132 §2 tells servers to drop. */
function text(value: Uint8Array | undefined): string {
  if (value === undefined) return ''
  let end = value.length
  while (end > 0 && value[end - 1] === 0) end--
  return fieldText(value, 0, end, 255)
}

/** Address at `at`, or null for 0.0.0.0. */
function ipv4(bytes: Uint8Array, at: number): string | null {
  if (readU16(bytes, at) === 0 && readU16(bytes, at + 2) === 0) return null
  return `${bytes[at]!}.${bytes[at + 1]!}.${bytes[at + 2]!}.${bytes[at + 3]!}`
}

/** At most 8 addresses of a list option. */
function addressList(value: Uint8Array | undefined): string[] {
  const addresses: string[] = []
  for (let at = 0; value !== undefined && at + 4 <= value.length && addresses.length < 8; at += 4) {
    addresses.push(ipv4(value, at) ?? '0.0.0.0')
  }
  return addresses
}

function hex(value: Uint8Array): string {
  return Array.from(value.subarray(0, 64), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
