import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketRing } from '../../../ingest/evidence/packet-ring.ts'
import { blockOf } from '../../support/packet-block.ts'

const packetArbitrary = fc.record({
  timeUs: fc.integer({ min: 1, max: 1e9 }),
  bytes: fc.uint8Array({ minLength: 0, maxLength: 300 }),
})
const blocksArbitrary = fc.array(fc.array(packetArbitrary, { minLength: 0, maxLength: 8 }), {
  maxLength: 40,
})

test('keeps the newest packets whole, in their order, whatever their lengths', () => {
  fc.assert(
    fc.property(blocksArbitrary, fc.integer({ min: 3000, max: 6000 }), (blocks, bytesMax) => {
      const ring = new PacketRing(bytesMax)
      const all = blocks.flat()
      for (const block of blocks) ring.keep(blockOf(block))
      expect(ring.next).toBe(all.length)
      for (let packet = ring.first; packet < ring.next; packet++) {
        const at = ring.at(packet)
        const bytes = ring.bytes.subarray(at, at + ring.capturedLength(packet))
        expect({ timeUs: ring.timeUs(packet), bytes: [...bytes] }).toEqual({
          timeUs: all[packet]!.timeUs,
          bytes: [...all[packet]!.bytes],
        })
      }
    }),
  )
})

test('keeps what fits: the last block always, and all of it while there is room', () => {
  const packet = { timeUs: 1, bytes: new Uint8Array(200) }
  const ring = new PacketRing(10_000)
  for (let i = 0; i < 10; i++) ring.keep(blockOf([packet, packet]))
  expect([ring.first, ring.next]).toEqual([0, 20])
  for (let i = 0; i < 100; i++) ring.keep(blockOf([packet, packet]))
  expect(ring.next - ring.first).toBeGreaterThan(36)
})

test('leaves out a block that is larger than the ring', () => {
  const ring = new PacketRing(1000)
  ring.keep(blockOf([{ timeUs: 1, bytes: new Uint8Array(1200) }]))
  expect([ring.first, ring.next]).toEqual([0, 0])
})
