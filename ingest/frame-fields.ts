export const ipProtocol = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

/** What the packet is, as far as it was read. */
export const frameKind = { ip: 1, arp: 2 } as const

/** Why a packet was refused; `detail` tells which number where the word ends in a dash. docs/formats/rejects.md */
export const rejectWords = [
  'none',
  'ethernet-truncated',
  'vlan-truncated',
  'vlan-depth',
  'llc-truncated',
  'llc-dsap-0x',
  'ether-type-0x',
  'link-type-',
  'ipv4-truncated',
  'ipv4-bad-version',
  'ipv4-bad-header-length',
  'ipv4-bad-total-length',
  'ipv6-truncated',
  'ipv6-bad-version',
  'ipv6-extension-truncated',
  'ipv6-extension-depth',
  'tcp-truncated',
  'tcp-bad-data-offset',
  'udp-truncated',
  'udp-bad-length',
  'icmp-truncated',
] as const
export type RejectWord = (typeof rejectWords)[number]

/** Index of each word, for `refuse`. */
export const rejectCode = Object.fromEntries(
  rejectWords.map((word, index) => [word, index]),
) as Record<RejectWord, number>

/** Numbers of the packet that `decodeFrame` read last. Offsets point into the buffer it was given. */
export class Frame {
  /** One of `frameKind`. */
  kind = 0
  /** Index into `rejectWords`, and the number that goes with it. */
  reject = 0
  rejectDetail = 0
  /** Source address of the frame; the destination stands six bytes before it. */
  srcMacAt = 0
  dstMacAt = 0
  /** Outermost VLAN id that is not 0; 0 without a tag. */
  vlan = 0
  /** Start of the IP header or ARP packet, and end of what was captured of it. */
  networkAt = 0
  capturedEnd = 0
  /** Bytes of the IP packet on the wire, header included. */
  ipBytes = 0
  isIpv4 = false
  protocol = 0
  /** Addresses as big-endian 32-bit words, IPv4 in its mapped form (RFC 4291 §2.5.5.2). */
  src0 = 0
  src1 = 0
  src2 = 0
  src3 = 0
  dst0 = 0
  dst1 = 0
  dst2 = 0
  dst3 = 0
  /** Identification of IPv4 or of the IPv6 fragment header; 0 where there is none. */
  identification = 0
  isFragment = false
  /** A fragment without the transport header: it has no ports. */
  isLaterFragment = false
  /** Ports; ICMP: type and code. */
  srcPort = 0
  dstPort = 0
  /** Start of the transport header, of its payload, and how long the payload was on the wire. */
  transportAt = 0
  payloadAt = 0
  payloadBytes = 0
  /** RFC 9293 §3.1. */
  tcpFlags = 0
  tcpSequence = 0
  tcpAcknowledgement = 0
}

/** The word of a refusal: `ether-type-0x8847`, `link-type-113`, `tcp-truncated`. */
export function rejectText(reject: number, detail: number): string {
  const text: string = rejectWords[reject]!
  if (text.endsWith('-0x'))
    return text + detail.toString(16).padStart(text.startsWith('llc') ? 2 : 4, '0')
  return text.endsWith('-') ? `${text}${detail}` : text
}

/** Notes why the packet is refused. */
export function refuse(frame: Frame, reject: number, detail = 0): false {
  frame.reject = reject
  frame.rejectDetail = detail
  return false
}

/** Big-endian 32 bits, signed; the caller has checked that they are there. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** Big-endian 16 bits. */
export function half(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** Addresses of the IPv4 header at `at` (RFC 791 §3.1), in their mapped form. */
export function readIpv4Addresses(bytes: Uint8Array, at: number, frame: Frame): void {
  frame.isIpv4 = true
  frame.src0 = frame.src1 = frame.dst0 = frame.dst1 = 0
  frame.src2 = frame.dst2 = 0xffff
  frame.src3 = word(bytes, at + 12)
  frame.dst3 = word(bytes, at + 16)
}

/** Addresses of the IPv6 header at `at` (RFC 8200 §3). */
export function readIpv6Addresses(bytes: Uint8Array, at: number, frame: Frame): void {
  frame.isIpv4 = false
  frame.src0 = word(bytes, at + 8)
  frame.src1 = word(bytes, at + 12)
  frame.src2 = word(bytes, at + 16)
  frame.src3 = word(bytes, at + 20)
  frame.dst0 = word(bytes, at + 24)
  frame.dst1 = word(bytes, at + 28)
  frame.dst2 = word(bytes, at + 32)
  frame.dst3 = word(bytes, at + 36)
}
