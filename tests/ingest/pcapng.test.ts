import { describe, expect, test } from 'vitest'
import { createPcapngParser } from '../../ingest/pcapng.ts'
import { createPcapngWriter, join } from '../support/pcapng-writer.ts'
import { readBytes } from '../support/read-packets.ts'

const timeUs = 1_700_000_000_123_456
const ticks = BigInt(timeUs)
const data = Uint8Array.of(1, 2, 3, 4, 5)
const packet = { timeUs, data: '0102030405', originalLength: 5, linkType: 1 }
const little = createPcapngWriter()
const big = createPcapngWriter({ bigEndian: true })
const start = join(little.section(), little.interface())

const times = (bytes: Uint8Array) =>
  readBytes(createPcapngParser, bytes).packets.map((each) => each.timeUs)

describe('reads every packet block', () => {
  test.each([
    { name: 'enhanced', bytes: join(start, little.enhancedPacket(ticks, data)) },
    {
      name: 'enhanced, big-endian',
      bytes: join(big.section(), big.interface(), big.enhancedPacket(ticks, data)),
    },
    { name: 'obsolete', bytes: join(start, little.obsoletePacket(ticks, data)) },
    {
      name: 'obsolete, big-endian',
      bytes: join(big.section(), big.interface(), big.obsoletePacket(ticks, data)),
    },
  ])('$name', ({ bytes }) => {
    expect(readBytes(createPcapngParser, bytes)).toEqual({ packets: [packet], rejects: {} })
  })

  test('a simple packet takes the last time before it, and its length from the snapshot length', () => {
    const bytes = join(
      little.section(),
      little.interface({ snapLength: 5, linkType: 113 }),
      little.interface(),
      little.simplePacket(data),
      little.enhancedPacket(ticks, data, { interface: 1 }),
      little.simplePacket(data, 1500),
    )
    expect(readBytes(createPcapngParser, bytes)).toEqual({
      packets: [
        { timeUs: 0, data: packet.data, originalLength: 5, linkType: 113 },
        packet,
        { timeUs, data: packet.data, originalLength: 1500, linkType: 113 },
      ],
      rejects: {},
    })
  })

  test('sections have their own byte order and their own interfaces', () => {
    const bytes = join(
      start,
      little.enhancedPacket(ticks, data),
      big.section(),
      big.interface({ linkType: 101, resolution: 3 }),
      big.enhancedPacket(1_700_000_000_123n, data),
      little.section(),
      little.enhancedPacket(ticks, data),
    )
    expect(readBytes(createPcapngParser, bytes)).toEqual({
      packets: [packet, { ...packet, timeUs: 1_700_000_000_123_000, linkType: 101 }],
      rejects: { 'unknown-interface': 1 },
    })
  })

  test('other blocks are stepped over, whatever their length', () => {
    const statistics = little.block(5, new Uint8Array(900_000))
    const custom = little.block(0x0bad, new Uint8Array(3))
    const bytes = join(custom, statistics)
    expect(
      readBytes(createPcapngParser, join(start, bytes, little.enhancedPacket(ticks, data)), [1000]),
    ).toEqual({
      packets: [packet],
      rejects: {},
    })
  })
})

test('a simple packet that was longer than its block ends with it', () => {
  const bytes = join(start, little.simplePacket(data, 1500), little.enhancedPacket(ticks, data))
  const { packets } = readBytes(createPcapngParser, bytes)
  // The padding cannot be told from data when there is no snapshot length.
  expect(packets.map((each) => each.data)).toEqual(['0102030405000000', packet.data])
})

describe('resolves times', () => {
  test.each<{
    name: string
    resolution?: number
    offsetSeconds?: bigint
    time: bigint
    expected: number
  }>([
    { name: 'µs by default', time: ticks, expected: timeUs },
    { name: 'µs when stated', resolution: 6, time: ticks, expected: timeUs },
    { name: 'ns, cut', resolution: 9, time: 1_700_000_000_123_456_999n, expected: timeUs },
    {
      name: 'ns at a 32-bit edge',
      resolution: 9,
      time: (395_812n << 32n) + 0xffff_ffffn,
      expected: Number(((395_812n << 32n) + 0xffff_ffffn) / 1000n),
    },
    { name: 'seconds', resolution: 0, time: 1_700_000_000n, expected: 1_700_000_000_000_000 },
    { name: 'ms', resolution: 3, time: 1_700_000_000_123n, expected: 1_700_000_000_123_000 },
    { name: 'ps', resolution: 12, time: 1_700_000_123_456_789_999n, expected: 1_700_000_123_456 },
    { name: 'fs', resolution: 15, time: 17_000_123_456_789_999n, expected: 17_000_123 },
    { name: '10^-127 s', resolution: 127, time: 0xffff_ffff_ffff_ffffn, expected: 0 },
    {
      name: '1/1024 s',
      resolution: 0x80 | 10,
      time: 1_740_800_000_512n,
      expected: 1_700_000_000_500_000,
    },
    {
      name: '2^-32 s',
      resolution: 0x80 | 32,
      time: (1_700_000_000n << 32n) + (1n << 31n),
      expected: 1_700_000_000_500_000,
    },
    { name: 'an offset', offsetSeconds: 3600n, time: ticks, expected: timeUs + 3600e6 },
    {
      name: 'a resolution and an offset',
      resolution: 3,
      offsetSeconds: 60n,
      time: 1_700_000_000_123n,
      expected: 1_700_000_060_123_000,
    },
    { name: 'an offset back', offsetSeconds: -1n, time: ticks, expected: timeUs - 1e6 },
    {
      name: 'an offset beyond all time',
      offsetSeconds: 2n ** 62n,
      time: ticks,
      expected: Number.MAX_SAFE_INTEGER,
    },
    {
      name: 'the largest stamp in seconds',
      resolution: 0,
      time: 2n ** 64n - 1n,
      expected: Number.MAX_SAFE_INTEGER,
    },
  ])('$name', ({ resolution, offsetSeconds, time, expected }) => {
    const fields = {
      ...(resolution !== undefined && { resolution }),
      ...(offsetSeconds !== undefined && { offsetSeconds }),
    }
    for (const writer of [little, big]) {
      expect(
        times(join(writer.section(), writer.interface(fields), writer.enhancedPacket(time, data))),
      ).toEqual([expected])
    }
  })
})

test('an option that claims more than its block is not read', () => {
  // Link type 1, no snapshot length, then option 9 (if_tsresol) with a claimed length of 200 and the value 3 (ms).
  const body = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 200, 0, 3, 0, 0, 0)
  const bytes = join(little.section(), little.block(1, body), little.enhancedPacket(ticks, data))
  expect(times(bytes)).toEqual([timeUs])
})

describe('counts what it cannot use', () => {
  const good = little.enhancedPacket(ticks, data)
  test.each<{ name: string; bytes: Uint8Array; packets: number; rejects: Record<string, number> }>([
    { name: 'a section without packets', bytes: start, packets: 0, rejects: {} },
    {
      name: 'a cut section header',
      bytes: start.subarray(0, 20),
      packets: 0,
      rejects: { 'truncated-header': 1 },
    },
    {
      name: 'a cut packet',
      bytes: join(start, good, good).subarray(0, -3),
      packets: 1,
      rejects: { 'truncated-record': 1 },
    },
    {
      name: 'a cut unknown block',
      bytes: join(start, good, little.block(5, data)).subarray(0, -3),
      packets: 1,
      rejects: { 'truncated-record': 1 },
    },
    {
      name: 'an unknown interface',
      bytes: join(start, little.enhancedPacket(ticks, data, { interface: 1 }), good),
      packets: 1,
      rejects: { 'unknown-interface': 1 },
    },
    {
      name: 'a packet longer than its block',
      bytes: join(start, little.enhancedPacket(ticks, data, { captured: 9 }), good),
      packets: 1,
      rejects: { 'bad-captured-length': 1 },
    },
    {
      name: 'a packet of 4 GB in a small block',
      bytes: join(start, little.enhancedPacket(ticks, data, { captured: 0xffff_ffff }), good),
      packets: 1,
      rejects: { 'bad-captured-length': 1 },
    },
    {
      name: 'a packet above the limit',
      bytes: join(start, little.enhancedPacket(ticks, new Uint8Array(262_145)), good),
      packets: 1,
      rejects: { 'oversized-packet': 1 },
    },
    {
      name: 'a block above the limit',
      bytes: join(start, little.enhancedPacket(ticks, new Uint8Array(400_000)), good),
      packets: 1,
      rejects: { 'oversized-block': 1 },
    },
    {
      name: 'a packet at the limit',
      bytes: join(start, little.enhancedPacket(ticks, new Uint8Array(262_144)), good),
      packets: 2,
      rejects: {},
    },
    {
      name: 'a block length of 0',
      bytes: join(start, good, little.block(6, data, { length: 0 }), good),
      packets: 1,
      rejects: { 'bad-block-length': 1 },
    },
    {
      name: 'a block length of 8',
      bytes: join(start, good, little.block(6, data, { length: 8 }), good),
      packets: 1,
      rejects: { 'bad-block-length': 1 },
    },
    {
      name: 'a block length not divisible by four',
      bytes: join(start, little.block(6, data, { length: 34 })),
      packets: 0,
      rejects: { 'bad-block-length': 1 },
    },
    {
      name: 'a block length of almost 4 GB',
      bytes: join(start, good, little.block(6, data, { length: 0xffff_fffc }), good),
      packets: 1,
      rejects: { 'oversized-block': 1, 'truncated-record': 1 },
    },
    {
      name: 'an unknown block of almost 4 GB',
      bytes: join(start, good, little.block(99, data, { length: 0xffff_fffc }), good),
      packets: 1,
      rejects: { 'truncated-record': 1 },
    },
    {
      name: 'a packet block too short for its fields',
      bytes: join(start, little.block(6, data), little.block(3, new Uint8Array(0)), good),
      packets: 1,
      rejects: { 'bad-block-length': 2 },
    },
    {
      name: 'a trailing length that disagrees',
      bytes: join(
        start,
        little.block(5, data, { trailer: 4 }),
        little.block(1, new Uint8Array(8), { trailer: 4 }),
        good,
      ),
      packets: 1,
      rejects: { 'bad-block-trailer': 1 },
    },
    {
      name: 'an interface too short for its fields, which keeps its number',
      bytes: join(
        little.section(),
        little.block(1, new Uint8Array(4)),
        little.interface(),
        good,
        little.enhancedPacket(ticks, data, { interface: 1 }),
      ),
      packets: 1,
      rejects: { 'bad-interface': 1, 'unknown-interface': 1 },
    },
    {
      name: 'a simple packet before any interface',
      bytes: join(little.section(), little.simplePacket(data)),
      packets: 0,
      rejects: { 'unknown-interface': 1 },
    },
    {
      name: 'a section of version 2',
      bytes: join(little.section(2), little.interface(), good),
      packets: 0,
      rejects: { 'bad-section-header': 1 },
    },
    {
      name: 'a packet before any section',
      bytes: join(good, start),
      packets: 0,
      rejects: { 'bad-block-length': 1 },
    },
  ])('$name', ({ bytes, packets, rejects }) => {
    for (const sizes of [[bytes.length], [13], [4096]]) {
      const reading = readBytes(createPcapngParser, bytes, sizes)
      expect(reading.rejects).toEqual(rejects)
      expect(reading.packets).toHaveLength(packets)
    }
  })

  test('an oversized interface block keeps its number too', () => {
    const bytes = join(
      little.section(),
      little.block(1, new Uint8Array(400_000)),
      little.interface(),
      little.enhancedPacket(ticks, data, { interface: 1 }),
    )
    expect(readBytes(createPcapngParser, bytes, [5000])).toEqual({
      packets: [packet],
      rejects: { 'oversized-block': 1 },
    })
  })

  test('interfaces are limited', () => {
    const bytes = join(
      little.section(),
      ...Array.from({ length: 4100 }, () => little.interface()),
      little.enhancedPacket(ticks, data, { interface: 4095 }),
      little.enhancedPacket(ticks, data, { interface: 4096 }),
    )
    expect(readBytes(createPcapngParser, bytes)).toEqual({
      packets: [packet],
      rejects: { 'too-many-interfaces': 4, 'unknown-interface': 1 },
    })
  })
})
