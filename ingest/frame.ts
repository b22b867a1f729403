import {
  type Frame,
  frameKind,
  half,
  readIpv4Addresses,
  readIpv6Addresses,
  refuse,
  rejectCode,
  word,
} from './frame-fields.ts'
import { linkType } from './source.ts'
import { decodeTransport } from './transport.ts'

export { Frame, frameKind, ipProtocol, rejectText, rejectWords } from './frame-fields.ts'

// One captured packet, read down to its transport header into one reused struct of numbers.
// No object, string or closure is made per packet: this is the hottest loop of the product.

// Ethernet II (IEEE 802.3 §3): destination 6, source 6, type 2. With 802.1Q: TPID 2 (0x8100), PCP/DEI/VID 2, type 2.
// 802.3 with LLC/SNAP (IEEE 802 §9): length 2 (≤ 1500), DSAP AA, SSAP AA, control 03, OUI 3, type 2.
const vlanTagsMax = 8

/**
 * Reads one packet into `frame`.
 * @param capturedLength bytes present from `start` on.
 * @param originalLength bytes on the wire, ≥ `capturedLength`.
 * @returns false when the packet was refused: `frame.reject` tells why, the rest of `frame` is stale.
 */
export function decodeFrame(
  bytes: Uint8Array,
  start: number,
  capturedLength: number,
  originalLength: number,
  link: number,
  frame: Frame,
): boolean {
  if (link !== linkType.ethernet) return refuse(frame, rejectCode['link-type-'], link)
  const end = start + capturedLength
  if (capturedLength < 14) return refuse(frame, rejectCode['ethernet-truncated'])
  frame.dstMacAt = start
  frame.srcMacAt = start + 6
  frame.vlan = 0
  let at = start + 14
  let type = half(bytes, start + 12)
  for (let tags = 0; isVlanTag(type); tags++) {
    if (tags === vlanTagsMax) return refuse(frame, rejectCode['vlan-depth'])
    if (at + 4 > end) return refuse(frame, rejectCode['vlan-truncated'])
    if (frame.vlan === 0) frame.vlan = ((bytes[at]! & 0x0f) << 8) | bytes[at + 1]!
    type = half(bytes, at + 2)
    at += 4
  }
  if (type <= 1500) {
    if (at + 3 > end) return refuse(frame, rejectCode['llc-truncated'])
    if (bytes[at] !== 0xaa || bytes[at + 1] !== 0xaa)
      return refuse(frame, rejectCode['llc-dsap-0x'], bytes[at])
    if (at + 8 > end) return refuse(frame, rejectCode['llc-truncated'])
    type = half(bytes, at + 6)
    at += 8
  }
  frame.networkAt = at
  frame.capturedEnd = end
  const wireBytes = Math.max(originalLength, capturedLength) - (at - start)
  if (type === 0x0800) return decodeIpv4(bytes, at, end, wireBytes, frame)
  if (type === 0x86dd) return decodeIpv6(bytes, at, end, wireBytes, frame)
  if (type !== 0x0806) return refuse(frame, rejectCode['ether-type-0x'], type)
  frame.kind = frameKind.arp
  return true
}

/** 802.1Q, 802.1ad, and the two types that were used before 802.1ad. */
function isVlanTag(type: number): boolean {
  return type === 0x8100 || type === 0x88a8 || type === 0x9100 || type === 0x9200
}

// IPv4, RFC 791 §3.1:
//   0 version 4 bits, IHL 4 bits (words)   1 type of service   2 total length 2   4 identification 2
//   6 flags 3 bits (bit 0x2000: more fragments), fragment offset 13 bits (8 bytes)
//   8 time to live   9 protocol   10 header checksum 2   12 source 4   16 destination 4   20 options
function decodeIpv4(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireBytes: number,
  frame: Frame,
): boolean {
  if (at + 20 > end) return refuse(frame, rejectCode['ipv4-truncated'])
  if (bytes[at]! >> 4 !== 4) return refuse(frame, rejectCode['ipv4-bad-version'])
  const headerBytes = (bytes[at]! & 0x0f) * 4
  if (headerBytes < 20) return refuse(frame, rejectCode['ipv4-bad-header-length'])
  if (at + headerBytes > end) return refuse(frame, rejectCode['ipv4-truncated'])
  const totalLength = half(bytes, at + 2)
  // 0: the capture was made before segmentation offload wrote it (BIG TCP, TSO).
  if (totalLength !== 0 && totalLength < headerBytes)
    return refuse(frame, rejectCode['ipv4-bad-total-length'])
  const ipBytes = totalLength === 0 ? wireBytes : Math.min(totalLength, wireBytes)
  frame.kind = frameKind.ip
  frame.ipBytes = ipBytes
  frame.protocol = bytes[at + 9]!
  readIpv4Addresses(bytes, at, frame)
  frame.identification = half(bytes, at + 4)
  const fragment = half(bytes, at + 6) & 0x3fff
  frame.isFragment = fragment !== 0
  frame.isLaterFragment = (fragment & 0x1fff) !== 0
  return decodeTransport(
    bytes,
    at + headerBytes,
    Math.min(end, at + ipBytes),
    ipBytes - headerBytes,
    frame,
  )
}

const ipv6ExtensionsMax = 8

// IPv6, RFC 8200 §3:
//   0 version 4 bits, traffic class 8 bits, flow label 20 bits   4 payload length 2   6 next header   7 hop limit
//   8 source 16   24 destination 16
// Extension headers, §4: 0 next header   1 length in 8 bytes, the first not counted (AH, RFC 4302 §2.2: in 4 bytes, minus 2)
// Fragment header, §4.5: 0 next header   1 reserved   2 offset 13 bits (8 bytes), reserved 2 bits, M 1 bit   4 identification 4
function decodeIpv6(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireBytes: number,
  frame: Frame,
): boolean {
  if (at + 40 > end) return refuse(frame, rejectCode['ipv6-truncated'])
  if (bytes[at]! >> 4 !== 6) return refuse(frame, rejectCode['ipv6-bad-version'])
  const payloadLength = half(bytes, at + 4)
  // 0: a jumbogram (RFC 2675 §3) or a capture before segmentation offload.
  const ipBytes = payloadLength === 0 ? wireBytes : Math.min(40 + payloadLength, wireBytes)
  const ipEnd = Math.min(end, at + ipBytes)
  frame.kind = frameKind.ip
  frame.ipBytes = ipBytes
  readIpv6Addresses(bytes, at, frame)
  frame.identification = 0
  frame.isFragment = false
  frame.isLaterFragment = false
  let next = bytes[at + 6]!
  let header = at + 40
  let isLaterFragment = false
  for (let depth = 0; isExtension(next) && !isLaterFragment; depth++) {
    if (depth === ipv6ExtensionsMax) return refuse(frame, rejectCode['ipv6-extension-depth'])
    if (header + 8 > ipEnd) return refuse(frame, rejectCode['ipv6-extension-truncated'])
    if (next === 44) isLaterFragment = readFragmentHeader(bytes, header, frame)
    const length = bytes[header + 1]!
    const headerBytes = next === 44 ? 8 : next === 51 ? (length + 2) * 4 : (length + 1) * 8
    next = bytes[header]!
    header += headerBytes
  }
  frame.protocol = next
  if (header > ipEnd) return refuse(frame, rejectCode['ipv6-extension-truncated'])
  return decodeTransport(bytes, header, ipEnd, ipBytes - (header - at), frame)
}

/** Hop-by-hop 0, routing 43, fragment 44, authentication 51, destination options 60. */
function isExtension(next: number): boolean {
  return next === 0 || next === 43 || next === 44 || next === 51 || next === 60
}

/** Returns whether what follows is the middle of a packet. */
function readFragmentHeader(bytes: Uint8Array, at: number, frame: Frame): boolean {
  const fragment = half(bytes, at + 2)
  // An atomic fragment (RFC 6946) is whole: neither an offset nor more to come.
  frame.isFragment = (fragment & 0xfff9) !== 0
  frame.isLaterFragment = fragment >> 3 !== 0
  frame.identification = word(bytes, at + 4)
  return frame.isLaterFragment
}
