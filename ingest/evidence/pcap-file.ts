import { type TimeUs } from '../../records/time.ts'
import { linkType } from '../source.ts'
import type { PacketRing } from './packet-ring.ts'

// What evidence files are made of: classic pcap, little-endian, microseconds (ingest/pcap.ts tells the fields), so that
// every tool reads them.

/** One packet as it stands in a file. */
export interface KeptPacket {
  readonly timeUs: TimeUs
  readonly originalLength: number
  readonly bytes: Uint8Array
}

export const pcapHeaderBytes = 24
const recordHeaderBytes = 16

/** Header of an Ethernet capture. */
export function pcapHeader(): Uint8Array {
  const view = new DataView(new ArrayBuffer(pcapHeaderBytes))
  view.setUint32(0, 0xa1b2c3d4, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, 262_144, true)
  view.setUint32(20, linkType.ethernet, true)
  return new Uint8Array(view.buffer)
}

/** The records of these packets, in their order. */
export function pcapRecords(packets: readonly KeptPacket[]): Uint8Array {
  const length = packets.reduce((sum, { bytes }) => sum + recordHeaderBytes + bytes.length, 0)
  const file = new Uint8Array(length)
  const view = new DataView(file.buffer)
  let at = 0
  for (const { timeUs, originalLength, bytes } of packets) {
    const seconds = Math.floor(timeUs / 1e6)
    view.setUint32(at, seconds, true)
    view.setUint32(at + 4, timeUs - seconds * 1e6, true)
    view.setUint32(at + 8, bytes.length, true)
    view.setUint32(at + 12, originalLength, true)
    file.set(bytes, at + recordHeaderBytes)
    at += recordHeaderBytes + bytes.length
  }
  return file
}

/** A packet of a ring, cut to `snapLength`; its bytes are the ring's and good until the next packet is kept. */
export function keptPacket(ring: PacketRing, packet: number, snapLength: number): KeptPacket {
  const start = ring.at(packet)
  const end = start + Math.min(snapLength, ring.capturedLength(packet))
  return {
    timeUs: ring.timeUs(packet),
    originalLength: ring.originalLength(packet),
    bytes: ring.bytes.subarray(start, end),
  }
}
