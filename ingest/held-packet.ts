import type { PacketBlock } from './source.ts'

/** One packet kept beyond its block: the sensor clock must see the next stamp before it can believe this one. */
export interface HeldPacket extends PacketBlock {
  /** Copies row `row` of a block; the packet before must have been taken (`count` 0). */
  hold(block: PacketBlock, row: number): void
}

/** Holds nothing at first; one row, in a buffer that grows to the longest packet held. */
export function createHeldPacket(): HeldPacket {
  const held = {
    bytes: new Uint8Array(0),
    count: 0,
    timeUs: new Float64Array(1),
    offset: new Uint32Array(1),
    capturedLength: new Uint32Array(1),
    originalLength: new Uint32Array(1),
    linkType: new Uint16Array(1),
    hold(block: PacketBlock, row: number) {
      const start = block.offset[row]!
      const length = block.capturedLength[row]!
      if (held.bytes.length < length) held.bytes = new Uint8Array(length)
      held.bytes.set(block.bytes.subarray(start, start + length))
      held.timeUs[0] = block.timeUs[row]!
      held.capturedLength[0] = length
      held.originalLength[0] = block.originalLength[row]!
      held.linkType[0] = block.linkType[row]!
      held.count = 1
    },
  }
  return held
}
