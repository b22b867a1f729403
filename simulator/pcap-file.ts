import { concatAll } from './bytes.ts'
import type { Packet } from './packets.ts'

export interface PcapOptions {
  readonly nanoseconds?: boolean
  readonly bigEndian?: boolean
  readonly snapLength?: number
}

const snapLengthDefault = 262_144

/** A classic capture file (draft-ietf-opsawg-pcap), Ethernet, packets in the order given. */
export function encodePcap(packets: readonly Packet[], options: PcapOptions = {}): Uint8Array {
  const parts = [pcapHeader(options)]
  for (const packet of packets) parts.push(...pcapRecord(packet, options))
  return concatAll(parts)
}

const chunkBytes = 256 * 1024

/** The same in pieces, for captures that are larger than memory. */
export function* pcapChunks(packets: Iterable<Packet>): Generator<Uint8Array> {
  let parts = [pcapHeader()]
  let size = 0
  for (const packet of packets) {
    const record = pcapRecord(packet)
    parts.push(...record)
    size += packet.bytes.length
    if (size < chunkBytes) continue
    yield concatAll(parts)
    parts = []
    size = 0
  }
  if (parts.length > 0) yield concatAll(parts)
}

function pcapHeader(options: PcapOptions = {}): Uint8Array {
  const version = options.bigEndian === true ? 0x00020004 : 0x00040002
  const magic = options.nanoseconds === true ? 0xa1b23c4d : 0xa1b2c3d4
  return words(options, magic, version, 0, 0, options.snapLength ?? snapLengthDefault, 1)
}

/** The record's header, and what was captured of the packet. */
function pcapRecord({ timeUs, bytes }: Packet, options: PcapOptions = {}): Uint8Array[] {
  const seconds = Math.floor(timeUs / 1e6)
  const fraction = (timeUs - seconds * 1e6) * (options.nanoseconds === true ? 1000 : 1)
  const captured = bytes.subarray(0, options.snapLength ?? snapLengthDefault)
  return [words(options, seconds, fraction, captured.length, bytes.length), captured]
}

function words({ bigEndian }: PcapOptions, ...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4))
  values.forEach((value, i) => view.setUint32(i * 4, value, bigEndian !== true))
  return new Uint8Array(view.buffer)
}
