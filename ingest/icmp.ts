import {
  type Frame,
  half,
  ipProtocol,
  readIpv4Addresses,
  readIpv6Addresses,
} from './frame-fields.ts'

/** Request types by the type of their answer. ICMP: RFC 792, 950, 1256. */
const requestOfIcmp = table([
  [0, 8],
  [14, 13],
  [16, 15],
  [18, 17],
  [9, 10],
])

/** ICMPv6: RFC 4443, 2710, 4861, 4620. */
const requestOfIcmpv6 = table([
  [129, 128],
  [131, 130],
  [134, 133],
  [136, 135],
  [140, 139],
])

function table(pairs: readonly (readonly [answer: number, request: number])[]): Uint8Array {
  const types = Uint8Array.from({ length: 256 }, (_, type) => type)
  for (const [answer, request] of pairs) types[answer] = request
  return types
}

/** Type << 8 | code under which a message and its answer meet; unanswered types stand for themselves. */
export function icmpRequestType(frame: Frame): number {
  const types = frame.protocol === ipProtocol.icmp ? requestOfIcmp : requestOfIcmpv6
  return (types[frame.srcPort]! << 8) | frame.dstPort
}

/** Whether the message says that the packet it quotes did not arrive (RFC 792 type 3, RFC 4443 type 1). */
export function isUnreachableError(frame: Frame): boolean {
  return (
    (frame.protocol === ipProtocol.icmp && frame.srcPort === 3) ||
    (frame.protocol === ipProtocol.icmpv6 && frame.srcPort === 1)
  )
}

// An error message quotes the packet from its IP header on, at byte 8: at least 8 bytes of its transport header
// (RFC 792), as much as fits into 1,280 bytes (RFC 4443 §2.4). Fields of the headers: frame.ts.

/**
 * Reads the five-tuple of the quoted packet into `quoted`; its other numbers stay stale.
 * @returns false when the quotation is too short or is no IP packet.
 */
export function readQuotedPacket(bytes: Uint8Array, frame: Frame, quoted: Frame): boolean {
  const at = frame.transportAt + 8
  const end = frame.capturedEnd
  if (at >= end) return false
  const version = bytes[at]! >> 4
  if (version === 4) return readQuotedIpv4(bytes, at, end, quoted)
  return version === 6 && readQuotedIpv6(bytes, at, end, quoted)
}

function readQuotedIpv4(bytes: Uint8Array, at: number, end: number, quoted: Frame): boolean {
  const headerBytes = (bytes[at]! & 0x0f) * 4
  if (headerBytes < 20 || at + headerBytes + 4 > end) return false
  quoted.protocol = bytes[at + 9]!
  readIpv4Addresses(bytes, at, quoted)
  readQuotedPorts(bytes, at + headerBytes, quoted)
  return true
}

function readQuotedIpv6(bytes: Uint8Array, at: number, end: number, quoted: Frame): boolean {
  if (at + 44 > end) return false
  quoted.protocol = bytes[at + 6]!
  readIpv6Addresses(bytes, at, quoted)
  readQuotedPorts(bytes, at + 40, quoted)
  return true
}

function readQuotedPorts(bytes: Uint8Array, at: number, quoted: Frame): void {
  quoted.srcPort = 0
  quoted.dstPort = 0
  if (quoted.protocol === ipProtocol.tcp || quoted.protocol === ipProtocol.udp) {
    quoted.srcPort = half(bytes, at)
    quoted.dstPort = half(bytes, at + 2)
  } else if (quoted.protocol === ipProtocol.icmp || quoted.protocol === ipProtocol.icmpv6) {
    quoted.srcPort = bytes[at]!
    quoted.dstPort = bytes[at + 1]!
  }
}
