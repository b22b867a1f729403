import { concatAll } from './bytes.ts'
import type { Packet } from './packets.ts'

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
