import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPcapParser } from '../../ingest/pcap.ts'
import { createPcapngParser } from '../../ingest/pcapng.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { createPcapngWriter, join } from '../support/pcapng-writer.ts'
import { readBytes } from '../support/read-packets.ts'

const packets = fc.array(
  fc.record({
    timeUs: fc.integer({ min: 0, max: 2 ** 32 * 1e6 - 1 }),
    bytes: fc.uint8Array({ maxLength: 90 }),
  }),
  { maxLength: 12 },
)
const chunkSizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 })
const rows = fc.integer({ min: 1, max: 5 })

const expected = (written: readonly { timeUs: number; bytes: Uint8Array }[]) =>
  written.map(({ timeUs, bytes }) => ({
    timeUs,
    data: Buffer.from(bytes).toString('hex'),
    originalLength: bytes.length,
    linkType: 1,
  }))

test('a classic capture reads back as written, however it is cut', () => {
  fc.assert(
    fc.property(
      packets,
      chunkSizes,
      rows,
      fc.boolean(),
      fc.boolean(),
      (written, sizes, rowsMax, nanoseconds, bigEndian) => {
        const bytes = encodePcap(written, { nanoseconds, bigEndian })
        expect(readBytes(createPcapParser, bytes, sizes, rowsMax)).toEqual({
          packets: expected(written),
          rejects: {},
        })
      },
    ),
  )
})

test('a pcapng capture reads back as written, however it is cut', () => {
  fc.assert(
    fc.property(
      packets,
      chunkSizes,
      rows,
      fc.boolean(),
      fc.constantFrom(6, 9),
      (written, sizes, rowsMax, bigEndian, resolution) => {
        const writer = createPcapngWriter({ bigEndian })
        const scale = 10n ** BigInt(resolution - 6)
        // One kind of block after another, with blocks of no interest between them.
        const blocks = written.flatMap(({ timeUs, bytes }, i) => [
          i % 2 === 0
            ? writer.enhancedPacket(BigInt(timeUs) * scale, bytes)
            : writer.obsoletePacket(BigInt(timeUs) * scale, bytes),
          ...(i % 3 === 0 ? [writer.block(5, bytes)] : []),
        ])
        const bytes = join(writer.section(), writer.interface({ resolution }), ...blocks)
        expect(readBytes(createPcapngParser, bytes, sizes, rowsMax)).toEqual({
          packets: expected(written),
          rejects: {},
        })
      },
    ),
  )
})

const some = [3, 0, 40].map((length, i) => ({
  timeUs: 1_700_000_000_000_000 + i,
  bytes: new Uint8Array(length).fill(i),
}))
const writer = createPcapngWriter()
const formats = [
  { name: 'pcap', createParser: createPcapParser, bytes: encodePcap(some) },
  {
    name: 'pcapng',
    createParser: createPcapngParser,
    bytes: join(
      writer.section(),
      writer.interface(),
      ...some.map(({ timeUs, bytes }) => writer.enhancedPacket(BigInt(timeUs), bytes)),
    ),
  },
]

test.each(formats)('$name: a cut at any byte changes nothing', ({ createParser, bytes }) => {
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(readBytes(createParser, bytes, [cut, bytes.length])).toEqual({
      packets: expected(some),
      rejects: {},
    })
  }
})

test.each(formats)(
  '$name: an input that ends at any byte gives the whole packets before it and counts the rest once',
  ({ createParser, bytes }) => {
    const all = expected(some)
    for (let length = 1; length < bytes.length; length++) {
      const { packets: got, rejects } = readBytes(createParser, bytes.subarray(0, length))
      expect(got).toEqual(all.slice(0, got.length))
      const causes = Object.entries(rejects)
      expect(causes.length).toBeLessThanOrEqual(1)
      // Only a cut between two records leaves nothing to count.
      if (causes.length === 1)
        expect(causes[0]).toEqual([expect.stringMatching(/^truncated-(header|record)$/), 1])
      if (causes.length === 0)
        expect(readBytes(createParser, bytes.subarray(0, length), [1]).packets).toEqual(got)
    }
  },
)
