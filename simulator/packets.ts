import { isMappedIpv4, parseIp } from '../records/address.ts'
import { WardwatchError } from '../records/errors.ts'
import type { TimeUs } from '../records/time.ts'
import { concat, u16, u32 } from './bytes.ts'

/** One packet on the wire: Ethernet from the destination address on, without the frame check sequence. */
export interface Packet {
  readonly timeUs: TimeUs
  readonly bytes: Uint8Array
}

export const etherType = {
  ipv4: 0x0800,
  arp: 0x0806,
  vlan: 0x8100,
  qinq: 0x88a8,
  ipv6: 0x86dd,
} as const
export const ipProtocol = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const

/** An endpoint on the simulated wire. */
export interface Station {
  readonly ip: string
  readonly mac: string
  readonly vlan?: number
}

/** A few thousand addresses are written millions of times: parsing them cost more than the rest of a frame. */
const addressesMax = 16_384

function remembered(parse: (text: string) => Uint8Array): (text: string) => Uint8Array {
  const known = new Map<string, Uint8Array>()
  return (text) => {
    let bytes = known.get(text)
    if (bytes === undefined) {
      bytes = parse(text)
      if (known.size >= addressesMax) known.clear()
      known.set(text, bytes)
    }
    return bytes
  }
}

/** Six bytes. Shared: do not change them. */
export const macBytes = remembered((mac) =>
  Uint8Array.from(mac.split(':'), (part) => parseInt(part, 16)),
)

/** Four or sixteen bytes. @throws WardwatchError BAD_USAGE */
const ipBytes = remembered((ip) => {
  const bytes = parseIp(ip)
  if (bytes === null) throw new WardwatchError('BAD_USAGE', `not an IP address: ${ip}`)
  return isMappedIpv4(bytes) ? bytes.subarray(12) : bytes
})

/** IEEE 802.3 frame, padded to 60 bytes; with an 802.1Q tag when `vlan` is given. */
export function ethernet(
  src: string,
  dst: string,
  type: number,
  payload: Uint8Array,
  vlan?: number,
): Uint8Array {
  const tag = vlan === undefined ? new Uint8Array(0) : concat(u16(etherType.vlan), u16(vlan))
  const frame = concat(macBytes(dst), macBytes(src), tag, u16(type), payload)
  return frame.length >= 60 ? frame : concat(frame, new Uint8Array(60 - frame.length))
}

/** RFC 1071 over the parts as if they were one. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
  const bytes = parts.length === 1 ? parts[0]! : concat(...parts)
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}

/** IPv4 (RFC 791) or IPv6 (RFC 8200) header before a payload, by the family of the addresses. */
export function ip(
  src: string,
  dst: string,
  protocol: number,
  payload: Uint8Array,
  identification = 0,
): Uint8Array {
  const [source, destination] = [ipBytes(src), ipBytes(dst)]
  if (source.length === 16) {
    return concat(
      u32(0x60000000),
      u16(payload.length),
      Uint8Array.of(protocol, 64),
      source,
      destination,
      payload,
    )
  }
  const head = concat(
    Uint8Array.of(0x45, 0),
    u16(20 + payload.length),
    u16(identification),
    u16(0x4000),
    Uint8Array.of(64, protocol),
    u16(0),
    source,
    destination,
  )
  head.set(u16(internetChecksum(head)), 10)
  return concat(head, payload)
}

function withChecksum(
  src: string,
  dst: string,
  protocol: number,
  segment: Uint8Array,
  at: number,
): Uint8Array {
  const pseudo = concat(ipBytes(src), ipBytes(dst), u32(segment.length), u32(protocol))
  const sum = internetChecksum(pseudo, segment)
  // A UDP checksum that comes out as zero is sent as all ones (RFC 768).
  segment.set(u16(sum === 0 && protocol === ipProtocol.udp ? 0xffff : sum), at)
  return segment
}

export interface TcpFields {
  readonly srcPort: number
  readonly dstPort: number
  readonly seq: number
  readonly ack: number
  readonly flags: number
  readonly payload?: Uint8Array
}

/** TCP segment (RFC 9293) with a valid checksum, window 64,240. */
export function tcp(src: string, dst: string, fields: TcpFields): Uint8Array {
  const segment = concat(
    u16(fields.srcPort),
    u16(fields.dstPort),
    u32(fields.seq),
    u32(fields.ack),
    Uint8Array.of(0x50, fields.flags),
    u16(64240),
    u16(0),
    u16(0),
    fields.payload ?? new Uint8Array(0),
  )
  return withChecksum(src, dst, ipProtocol.tcp, segment, 16)
}

/** UDP datagram (RFC 768) with a valid checksum. */
export function udp(
  src: string,
  dst: string,
  srcPort: number,
  dstPort: number,
  payload: Uint8Array,
): Uint8Array {
  const datagram = concat(u16(srcPort), u16(dstPort), u16(8 + payload.length), u16(0), payload)
  return withChecksum(src, dst, ipProtocol.udp, datagram, 6)
}

/** ICMP message (RFC 792): type, code, and the rest from byte 4 on. */
export function icmp(type: number, code: number, rest: Uint8Array): Uint8Array {
  const message = concat(Uint8Array.of(type, code, 0, 0), rest)
  message.set(u16(internetChecksum(message)), 2)
  return message
}

/** ARP for IPv4 over Ethernet (RFC 826): operation 1 request, 2 reply. */
export function arp(
  operation: number,
  sender: Station,
  target: { ip: string; mac?: string },
): Uint8Array {
  return concat(
    u16(1),
    u16(etherType.ipv4),
    Uint8Array.of(6, 4),
    u16(operation),
    macBytes(sender.mac),
    ipBytes(sender.ip),
    macBytes(target.mac ?? '00:00:00:00:00:00'),
    ipBytes(target.ip),
  )
}

/** A whole frame from one station to another around an IP payload. */
export function ipFrame(
  from: Station,
  to: Station,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  const type = from.ip.includes(':') ? etherType.ipv6 : etherType.ipv4
  return ethernet(from.mac, to.mac, type, ip(from.ip, to.ip, protocol, payload), from.vlan)
}

export function udpFrame(
  from: Station,
  to: Station,
  srcPort: number,
  dstPort: number,
  payload: Uint8Array,
): Uint8Array {
  return ipFrame(from, to, ipProtocol.udp, udp(from.ip, to.ip, srcPort, dstPort, payload))
}

export const broadcastMac = 'ff:ff:ff:ff:ff:ff'

export function arpFrame(
  operation: number,
  sender: Station,
  target: { ip: string; mac?: string },
): Uint8Array {
  return ethernet(
    sender.mac,
    target.mac ?? broadcastMac,
    etherType.arp,
    arp(operation, sender, target),
    sender.vlan,
  )
}
