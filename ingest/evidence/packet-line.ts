import { formatIp, formatMac } from '../../records/address.ts'
import { tcpFlag } from '../../records/flow-batch.ts'
import { formatTime, type TimeUs } from '../../records/time.ts'
import { decodeFrame, Frame, frameKind, ipProtocol } from '../frame.ts'
import { linkType } from '../source.ts'

/** One packet as a person reads it in the list of an alert's evidence. */
export interface PacketLine {
  /** RFC 3339, UTC, microseconds. */
  readonly time: string
  /** Address with port; for ARP the hardware address. */
  readonly source: string
  readonly destination: string
  /** tcp, udp, icmp, icmpv6, arp, or the number of the IP protocol. */
  readonly protocol: string
  /** Bytes of the packet on the wire, link header included. */
  readonly bytes: number
  /** Control bits of TCP (`SYN ACK`), type and code of ICMP, payload bytes; empty where there is nothing to say. */
  readonly info: string
}

/** @returns null for bytes that are no packet the decoder reads */
export function packetLine(
  bytes: Uint8Array,
  originalLength: number,
  timeUs: TimeUs,
): PacketLine | null {
  const frame = new Frame()
  if (!decodeFrame(bytes, 0, bytes.length, originalLength, linkType.ethernet, frame)) return null
  const common = { time: formatMicroseconds(timeUs), bytes: originalLength }
  if (frame.kind === frameKind.arp)
    return { ...common, ...macsOf(bytes, frame), protocol: 'arp', info: '' }
  const { srcPort, dstPort } = frame
  const hasPorts = frame.protocol === ipProtocol.tcp || frame.protocol === ipProtocol.udp
  const source = formatWords(frame.src0, frame.src1, frame.src2, frame.src3)
  const destination = formatWords(frame.dst0, frame.dst1, frame.dst2, frame.dst3)
  return {
    ...common,
    source: hasPorts ? withPort(source, srcPort) : source,
    destination: hasPorts ? withPort(destination, dstPort) : destination,
    protocol: protocolWord(frame.protocol),
    info: infoOf(frame),
  }
}

function macsOf(bytes: Uint8Array, frame: Frame): { source: string; destination: string } {
  return {
    source: formatMac(bytes, frame.srcMacAt) ?? 'no address',
    destination: formatMac(bytes, frame.dstMacAt) ?? 'no address',
  }
}

/** Packets of one millisecond differ in their microseconds. */
function formatMicroseconds(timeUs: TimeUs): string {
  const microseconds = String(timeUs % 1000).padStart(3, '0')
  return formatTime(timeUs).replace('Z', `${microseconds}Z`)
}

function formatWords(...words: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(16))
  for (const [i, word] of words.entries()) view.setInt32(i * 4, word)
  return formatIp(new Uint8Array(view.buffer))
}

function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function protocolWord(protocol: number): string {
  const known = Object.entries(ipProtocol).find(([, number]) => number === protocol)
  return known?.[0] ?? String(protocol)
}

function infoOf(frame: Frame): string {
  const parts: string[] = []
  if (frame.isLaterFragment) parts.push('fragment')
  else if (frame.protocol === ipProtocol.tcp) parts.push(flagsOf(frame.tcpFlags))
  else if (frame.protocol === ipProtocol.icmp || frame.protocol === ipProtocol.icmpv6)
    parts.push(`type ${frame.srcPort} code ${frame.dstPort}`)
  if (frame.payloadBytes > 0) parts.push(`${frame.payloadBytes} bytes`)
  return parts.filter((part) => part !== '').join(' · ')
}

function flagsOf(flags: number): string {
  const set = Object.entries(tcpFlag).filter(([, bit]) => (flags & bit) !== 0)
  return set.map(([name]) => name.toUpperCase()).join(' ')
}
