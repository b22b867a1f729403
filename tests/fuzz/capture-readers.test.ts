import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { createCaptureFileSource } from '../../ingest/adapters/capture-file.ts'
import { blockRowsMax, capturedBytesMax } from '../../ingest/capture-parser.ts'
import { isWardwatchError } from '../../records/errors.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { fuzzLimits, fuzzTimeoutMs } from '../support/fuzz-limits.ts'
import { createPcapngWriter, join } from '../support/pcapng-writer.ts'

const packets = Array.from({ length: 12 }, (_, i) => ({
  timeUs: 1_700_000_000_000_000 + i,
  bytes: new Uint8Array(20 + i * 7).fill(i),
}))
const little = createPcapngWriter()
const big = createPcapngWriter({ bigEndian: true })
const seeds = [
  encodePcap(packets),
  encodePcap(packets, { nanoseconds: true, bigEndian: true }),
  join(
    little.section(),
    little.interface({ resolution: 9, offsetSeconds: 1n }),
    little.interface({ snapLength: 40 }),
    ...packets.map(({ timeUs, bytes }, i) =>
      little.enhancedPacket(BigInt(timeUs), bytes, { interface: i % 2 }),
    ),
    little.block(5, new Uint8Array(30)),
    big.section(),
    big.interface({ resolution: 0x80 | 20 }),
    ...packets.map(({ timeUs, bytes }, i) =>
      i % 2 === 0 ? big.obsoletePacket(BigInt(timeUs), bytes) : big.simplePacket(bytes),
    ),
  ),
]

/** Values that length fields go wrong with. */
const word = fc.oneof(
  fc.constantFrom(
    0,
    1,
    4,
    8,
    11,
    12,
    28,
    32,
    262_144,
    262_145,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffc,
    0xffff_ffff,
  ),
  fc.constantFrom(0xa1b2c3d4, 0xd4c3b2a1, 0x0a0d0d0a, 0x1a2b3c4d, 1, 2, 3, 6),
  fc.nat(0xffff_ffff),
)
const mutation = fc.oneof(
  fc.record({
    kind: fc.constant('word' as const),
    at: fc.nat(),
    value: word,
    isLittle: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), value: fc.nat(255) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), value: fc.nat(40) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), value: fc.nat(200) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    value: fc.uint8Array({ maxLength: 40 }),
  }),
)
const mutated = fc
  .record({
    seed: fc.constantFrom(...seeds),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 8 }),
  })
  .map(({ seed, mutations }) => mutations.reduce(apply, seed))

function apply(
  bytes: Uint8Array,
  change: typeof mutation extends fc.Arbitrary<infer T> ? T : never,
): Uint8Array {
  const at = bytes.length === 0 ? 0 : change.at % bytes.length
  const [before, after] = [bytes.slice(0, at), bytes.slice(at)]
  switch (change.kind) {
    case 'word':
      if (after.length >= 4) new DataView(after.buffer).setUint32(0, change.value, change.isLittle)
      return join(before, after)
    case 'flip':
      if (after.length > 0) after[0]! ^= change.value
      return join(before, after)
    case 'remove':
      return join(before, after.subarray(change.value))
    case 'repeat':
      return join(before, after.subarray(0, change.value), after)
    case 'insert':
      return join(before, change.value, after)
  }
}

/** Reads to the end and checks every row's promises; returns the outcome as a text that can be compared. */
async function outcome(parts: readonly Uint8Array[], chunkBytes: number): Promise<string> {
  const source = createCaptureFileSource(['-'], { stdin: Readable.from(parts), chunkBytes })
  let packetsRead = 0
  let sum = 0
  try {
    for await (const block of source.blocks()) {
      expect(block.count).toBeLessThanOrEqual(blockRowsMax)
      for (let row = 0; row < block.count; row++) {
        const [start, length] = [block.offset[row]!, block.capturedLength[row]!]
        if (start + length > block.bytes.length || length > capturedBytesMax)
          throw new Error('row outside its buffer')
        if (!Number.isSafeInteger(block.timeUs[row]!))
          throw new Error(`time ${block.timeUs[row]!} is not whole`)
        for (let at = start; at < start + length; at++)
          sum = (Math.imul(sum, 31) + block.bytes[at]!) >>> 0
        sum = (Math.imul(sum, 31) + block.timeUs[row]!) >>> 0
      }
      packetsRead += block.count
    }
  } catch (error) {
    if (!isWardwatchError(error)) throw error
    return error.code
  }
  return `${packetsRead} packets, sum ${sum}, ${JSON.stringify([...source.rejects])}`
}

test(
  'no input makes the readers throw anything but a WardwatchError, and chunks never matter',
  async () => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(mutated, fc.integer({ min: 1, max: 300 }), async (bytes, cut) => {
        runs++
        const whole = await outcome([bytes], 4096)
        const parts = Array.from({ length: Math.ceil(bytes.length / cut) }, (_, i) =>
          bytes.subarray(i * cut, (i + 1) * cut),
        )
        expect(await outcome(parts, 512)).toBe(whole)
      }),
      fuzzLimits(1.5),
    )
    expect(runs).toBeGreaterThan(50)
  },
  fuzzTimeoutMs,
)

test(
  'damaged gzip neither throws nor hangs',
  async () => {
    let runs = 0
    const zipped = gzipSync(seeds[0]!)
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        runs++
        expect(await outcome([mutations.reduce(apply, zipped)], 512)).toMatch(
          /packets|CAPTURE_UNSUPPORTED/,
        )
      }),
      fuzzLimits(1.5),
    )
    expect(runs).toBeGreaterThan(50)
  },
  fuzzTimeoutMs,
)

test('memory does not follow the lengths that inputs claim', async () => {
  const before = process.memoryUsage().rss
  const hostile = [
    Uint8Array.from([...seeds[0]!.subarray(0, 32), 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]),
    join(little.section(), little.block(6, new Uint8Array(8), { length: 0xffff_fffc })),
    join(little.section(), little.block(1, new Uint8Array(8), { length: 0x7fff_fffc })),
  ]
  for (let round = 0; round < 30; round++) for (const bytes of hostile) await outcome([bytes], 4096)
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
})
