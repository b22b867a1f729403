import { type Frame, ipProtocol, half, refuse, rejectCode, word } from './frame-fields.ts'

/** Reads the transport header at `at` into `frame`; `wireBytes` is what the IP packet holds from there on. */
export function decodeTransport(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireBytes: number,
  frame: Frame,
): boolean {
  frame.transportAt = at
  frame.payloadAt = at
  frame.payloadBytes = wireBytes
  frame.srcPort = 0
  frame.dstPort = 0
  frame.tcpFlags = 0
  frame.capturedEnd = end
  if (frame.isLaterFragment) return true
  switch (frame.protocol) {
    case ipProtocol.tcp:
      return decodeTcp(bytes, at, end, wireBytes, frame)
    case ipProtocol.udp:
      return decodeUdp(bytes, at, end, wireBytes, frame)
    case ipProtocol.icmp:
    case ipProtocol.icmpv6:
      return decodeIcmp(bytes, at, end, wireBytes, frame)
    default:
      return true
  }
}

// TCP, RFC 9293 §3.1:
//   0 source port 2   2 destination port 2   4 sequence number 4   8 acknowledgment number 4
//   12 data offset 4 bits (words), reserved 4 bits   13 control bits   14 window 2   16 checksum 2   18 urgent pointer 2
function decodeTcp(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireBytes: number,
  frame: Frame,
): boolean {
  // The first fragment of a packet may be as short as 8 bytes (RFC 791 §3.2): its ports still give the flow.
  if (frame.isFragment && (wireBytes < 20 || at + 14 > end) && at + 4 <= end)
    return decodeTcpPorts(bytes, at, end, frame)
  // What follows the control bits is not needed: a short snap length still gives the flow.
  if (at + 14 > end || wireBytes < 20) return refuse(frame, rejectCode['tcp-truncated'])
  const headerBytes = (bytes[at + 12]! >> 4) * 4
  const isCut = headerBytes > wireBytes && !frame.isFragment
  if (headerBytes < 20 || isCut) return refuse(frame, rejectCode['tcp-bad-data-offset'])
  frame.srcPort = half(bytes, at)
  frame.dstPort = half(bytes, at + 2)
  frame.tcpSequence = word(bytes, at + 4) >>> 0
  frame.tcpAcknowledgement = word(bytes, at + 8) >>> 0
  frame.tcpFlags = bytes[at + 13]!
  frame.payloadAt = Math.min(at + headerBytes, end)
  frame.payloadBytes = Math.max(0, wireBytes - headerBytes)
  return true
}

function decodeTcpPorts(bytes: Uint8Array, at: number, end: number, frame: Frame): boolean {
  frame.srcPort = half(bytes, at)
  frame.dstPort = half(bytes, at + 2)
  frame.tcpSequence = at + 8 <= end ? word(bytes, at + 4) >>> 0 : 0
  frame.tcpAcknowledgement = 0
  frame.tcpFlags = at + 14 <= end ? bytes[at + 13]! : 0
  frame.payloadAt = end
  frame.payloadBytes = 0
  return true
}

// UDP, RFC 768: 0 source port 2   2 destination port 2   4 length 2, header included   6 checksum 2
function decodeUdp(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireBytes: number,
  frame: Frame,
): boolean {
  if (at + 8 > end) return refuse(frame, rejectCode['udp-truncated'])
  const length = half(bytes, at + 4)
  // 0: longer than 65,535 (RFC 2675 §4), or not yet written before segmentation offload.
  if (length !== 0 && length < 8) return refuse(frame, rejectCode['udp-bad-length'])
  frame.srcPort = half(bytes, at)
  frame.dstPort = half(bytes, at + 2)
  frame.payloadAt = at + 8
  frame.payloadBytes = (length === 0 ? wireBytes : Math.min(length, wireBytes)) - 8
  if (length !== 0) frame.capturedEnd = Math.min(end, at + length)
  return true
}

// ICMP, RFC 792, and ICMPv6, RFC 4443 §2.1: 0 type   1 code   2 checksum 2   4 depends on the type
function decodeIcmp(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireBytes: number,
  frame: Frame,
): boolean {
  if (at + 2 > end) return refuse(frame, rejectCode['icmp-truncated'])
  frame.srcPort = bytes[at]!
  frame.dstPort = bytes[at + 1]!
  frame.payloadAt = Math.min(at + 8, end)
  frame.payloadBytes = Math.max(0, wireBytes - 8)
  return true
}
