import { isMappedIpv4, parseIp } from '../records/address.ts'
import { tcpFlag } from '../records/flow-batch.ts'
import { WardwatchError } from '../records/errors.ts'
import type { TimeUs } from '../records/time.ts'

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

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return concatAll(parts)
}

/** As `concat`, for more parts than a call takes arguments. */
function concatAll(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Bytes of a text, one per character (ISO 8859-1): what line protocols are written in. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(':'), (part) => parseInt(part, 16))
}

function ipBytes(ip: string): Uint8Array {
  const bytes = parseIp(ip)
  if (bytes === null) throw new WardwatchError('BAD_USAGE', `not an IP address: ${ip}`)
  return isMappedIpv4(bytes) ? bytes.subarray(12) : bytes
}

const u16 = (value: number) => Uint8Array.of((value >> 8) & 0xff, value & 0xff)
const u32 = (value: number) =>
  Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)

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
  const bytes = concat(...parts)
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
  segment.set(u16(internetChecksum(pseudo, segment)), at)
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

/** One TCP connection played packet by packet; every step takes `stepUs` of event time. */
export function createTcpTalk(
  client: Station & { readonly port: number },
  server: Station & { readonly port: number },
  options: { readonly startUs: TimeUs; readonly stepUs?: number },
) {
  const packets: Packet[] = []
  const sequence = { orig: 1000, resp: 5000 }
  const step = options.stepUs ?? 1000
  let timeUs = options.startUs
  const segment = (isOrig: boolean, flags: number, payload?: Uint8Array) => {
    const [from, to] = isOrig ? [client, server] : [server, client]
    const [seq, ack] = isOrig ? [sequence.orig, sequence.resp] : [sequence.resp, sequence.orig]
    const fields = {
      srcPort: from.port,
      dstPort: to.port,
      seq,
      ack: (flags & tcpFlag.ack) === 0 ? 0 : ack,
      flags,
    }
    const bytes = ipFrame(
      from,
      to,
      ipProtocol.tcp,
      tcp(from.ip, to.ip, payload === undefined ? fields : { ...fields, payload }),
    )
    packets.push({ timeUs, bytes })
    timeUs += step
    sequence[isOrig ? 'orig' : 'resp'] +=
      (payload?.length ?? 0) + ((flags & (tcpFlag.syn | tcpFlag.fin)) === 0 ? 0 : 1)
  }
  const talk = {
    packets,
    /** Event time of the next packet. */
    now: () => timeUs,
    wait: (us: number) => {
      timeUs += us
      return talk
    },
    segment: (isOrig: boolean, flags: number, payload?: Uint8Array) => {
      segment(isOrig, flags, payload)
      return talk
    },
    syn: () => talk.segment(true, tcpFlag.syn),
    open: () =>
      talk
        .syn()
        .segment(false, tcpFlag.syn | tcpFlag.ack)
        .segment(true, tcpFlag.ack),
    refuse: () => talk.segment(false, tcpFlag.rst | tcpFlag.ack),
    /** Payload of the client, in segments of at most 1,400 bytes. */
    send: (payload: Uint8Array | string) => {
      inSegments(payload, (part) => segment(true, tcpFlag.psh | tcpFlag.ack, part))
      return talk
    },
    /** Payload of the server. */
    answer: (payload: Uint8Array | string) => {
      inSegments(payload, (part) => segment(false, tcpFlag.psh | tcpFlag.ack, part))
      return talk
    },
    close: () =>
      talk
        .segment(true, tcpFlag.fin | tcpFlag.ack)
        .segment(false, tcpFlag.fin | tcpFlag.ack)
        .segment(true, tcpFlag.ack),
    reset: (isOrig = true) => talk.segment(isOrig, tcpFlag.rst | tcpFlag.ack),
  }
  return talk
}

function inSegments(payload: Uint8Array | string, write: (part: Uint8Array) => void): void {
  const bytes = typeof payload === 'string' ? ascii(payload) : payload
  for (let at = 0; at < bytes.length; at += 1400) write(bytes.subarray(at, at + 1400))
}

/** A classic capture file (draft-ietf-opsawg-pcap), Ethernet, packets in the order given. */
export function encodePcap(
  packets: readonly Packet[],
  options: { nanoseconds?: boolean; bigEndian?: boolean; snapLength?: number } = {},
): Uint8Array {
  const little = !(options.bigEndian ?? false)
  const snapLength = options.snapLength ?? 262_144
  const parts: Uint8Array[] = []
  const words = (...values: number[]) => {
    const view = new DataView(new ArrayBuffer(values.length * 4))
    values.forEach((value, i) => view.setUint32(i * 4, value, little))
    return new Uint8Array(view.buffer)
  }
  const version = little ? 0x00040002 : 0x00020004
  parts.push(
    words(options.nanoseconds === true ? 0xa1b23c4d : 0xa1b2c3d4, version, 0, 0, snapLength, 1),
  )
  for (const { timeUs, bytes } of packets) {
    const seconds = Math.floor(timeUs / 1e6)
    const fraction = (timeUs - seconds * 1e6) * (options.nanoseconds === true ? 1000 : 1)
    const captured = bytes.subarray(0, snapLength)
    parts.push(words(seconds, fraction, captured.length, bytes.length), captured)
  }
  return concatAll(parts)
}
