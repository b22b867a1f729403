import { describe, expect, test } from 'vitest'
import { createPcapParser } from '../../ingest/pcap.ts'
import { encodePcap } from '../../simulator/pcap-file.ts'
import { join } from '../support/pcapng-writer.ts'
import { readBytes } from '../support/read-packets.ts'

const timeUs = 1_700_000_000_123_456

interface FileFields {
  magic?: number
  bigEndian?: boolean
  version?: readonly [number, number]
  linkType?: number
}

/** A file from raw records: seconds, fraction, captured length, original length, what follows. */
function file(
  fields: FileFields,
  ...records: readonly { head: readonly number[]; rest?: Uint8Array }[]
): Uint8Array {
  const little = fields.bigEndian !== true
  const words = (values: readonly number[]) => {
    const view = new DataView(new ArrayBuffer(values.length * 4))
    values.forEach((value, i) => {
      view.setUint32(i * 4, value, little)
    })
    return new Uint8Array(view.buffer)
  }
  const header = words([fields.magic ?? 0xa1b2c3d4, 0, 0, 0, 65_535, fields.linkType ?? 1])
  const view = new DataView(header.buffer)
  const [major, minor] = fields.version ?? [2, 4]
  view.setUint16(4, major, little)
  view.setUint16(6, minor, little)
  return join(
    header,
    ...records.flatMap(({ head, rest }) => [words(head), rest ?? new Uint8Array(0)]),
  )
}

const data = Uint8Array.of(1, 2, 3, 4, 5)
const record = { head: [1_700_000_000, 123_456, 5, 9], rest: data }
const read = { timeUs, data: '0102030405', originalLength: 9, linkType: 1 }

describe('reads every variant of the classic format', () => {
  test.each<{ name: string; bytes: Uint8Array; expected?: Partial<typeof read> }>([
    { name: 'µs, little-endian', bytes: file({}, record) },
    { name: 'µs, big-endian', bytes: file({ bigEndian: true }, record) },
    {
      name: 'ns, cut to µs',
      bytes: file({ magic: 0xa1b23c4d }, { head: [1_700_000_000, 123_456_999, 5, 9], rest: data }),
    },
    {
      name: 'ns, big-endian',
      bytes: file(
        { magic: 0xa1b23c4d, bigEndian: true },
        { head: [1_700_000_000, 123_456_001, 5, 9], rest: data },
      ),
    },
    {
      name: 'modified record header',
      bytes: file(
        { magic: 0xa1b2cd34 },
        { head: [1_700_000_000, 123_456, 5, 9, 2, 0x0800], rest: data },
      ),
    },
    {
      name: 'lengths swapped before version 2.3',
      bytes: file({ version: [2, 2] }, { head: [1_700_000_000, 123_456, 9, 5], rest: data }),
    },
    { name: 'version 2.3 with lengths in order', bytes: file({ version: [2, 3] }, record) },
    {
      name: 'version 2.3 with lengths swapped',
      bytes: file({ version: [2, 3] }, { head: [1_700_000_000, 123_456, 9, 5], rest: data }),
    },
    {
      name: 'another link type',
      bytes: file({ linkType: 113 }, record),
      expected: { linkType: 113 },
    },
    {
      name: 'link type with an FCS length above it',
      bytes: file({ linkType: 0x14000001 }, record),
    },
    {
      name: 'the last second of 32 bits',
      bytes: file({}, { head: [0xffff_ffff, 999_999, 5, 9], rest: data }),
      expected: { timeUs: 4_294_967_295_999_999 },
    },
    {
      name: 'more captured than there was',
      bytes: file({}, { head: [1_700_000_000, 123_456, 5, 3], rest: data }),
      expected: { originalLength: 3 },
    },
  ])('$name', ({ bytes, expected }) => {
    expect(readBytes(createPcapParser, bytes)).toEqual({
      packets: [{ ...read, ...expected }],
      rejects: {},
    })
  })

  test('what the simulator writes comes back', () => {
    const packets = [10, 60, 1500].map((length, i) => ({
      timeUs: timeUs + i,
      bytes: new Uint8Array(length).fill(i + 1),
    }))
    const { packets: got } = readBytes(createPcapParser, encodePcap(packets, { snapLength: 100 }))
    expect(got.map(({ data: hex, originalLength }) => [hex.length / 2, originalLength])).toEqual([
      [10, 10],
      [60, 60],
      [100, 1500],
    ])
    expect(got.map((packet) => packet.timeUs)).toEqual([timeUs, timeUs + 1, timeUs + 2])
  })

  test('the bytes before the packet’s own are not part of it, however many packets a block takes', () => {
    const many = Array.from({ length: 50 }, (_, i) => ({
      timeUs: timeUs + i,
      bytes: Uint8Array.of(i, i, i),
    }))
    const { packets } = readBytes(createPcapParser, encodePcap(many), [40], 4)
    expect(packets.map((packet) => packet.data)).toEqual(
      many.map(({ bytes }) => Buffer.from(bytes).toString('hex')),
    )
  })
})

describe('counts what it cannot use, and keeps what stands before it', () => {
  const huge = new Uint8Array(262_145)
  test.each<{ name: string; bytes: Uint8Array; packets: number; rejects: Record<string, number> }>([
    { name: 'no packet at all', bytes: file({}), packets: 0, rejects: {} },
    {
      name: 'half a file header',
      bytes: file({}).subarray(0, 11),
      packets: 0,
      rejects: { 'truncated-header': 1 },
    },
    {
      name: 'half a record header',
      bytes: file({}, record, record).subarray(0, -16),
      packets: 1,
      rejects: { 'truncated-record': 1 },
    },
    {
      name: 'half a packet',
      bytes: file({}, record, record).subarray(0, -1),
      packets: 1,
      rejects: { 'truncated-record': 1 },
    },
    {
      name: 'a claimed length of 4 GB',
      bytes: file({}, record, { head: [1, 1, 0xffff_ffff, 9], rest: data }, record),
      packets: 1,
      rejects: { 'bad-captured-length': 1 },
    },
    {
      name: 'a claimed length of 2 GB',
      bytes: file({}, { head: [1, 1, 0x8000_0000, 9], rest: data }, record),
      packets: 0,
      rejects: { 'bad-captured-length': 1 },
    },
    {
      name: 'a packet above the limit, stepped over',
      bytes: file({}, record, { head: [1, 1, huge.length, huge.length], rest: huge }, record),
      packets: 2,
      rejects: { 'oversized-packet': 1 },
    },
    {
      name: 'a packet at the limit',
      bytes: file({}, { head: [1, 1, 262_144, 262_144], rest: huge.subarray(1) }, record),
      packets: 2,
      rejects: {},
    },
    {
      name: 'an oversized packet that is cut',
      bytes: file({}, record, { head: [1, 1, huge.length, 9], rest: data }),
      packets: 1,
      rejects: { 'oversized-packet': 1, 'truncated-record': 1 },
    },
    {
      name: 'a second file joined to the first',
      bytes: join(
        file({}, record),
        file({ bigEndian: true, magic: 0xa1b23c4d, linkType: 113 }, record),
      ),
      packets: 2,
      rejects: { 'joined-file': 1 },
    },
    {
      name: 'text after the last packet',
      bytes: join(file({}, record), Buffer.from('and that was the capture of today')),
      packets: 1,
      rejects: { 'bad-captured-length': 1 },
    },
    { name: 'no capture', bytes: new Uint8Array(64), packets: 0, rejects: { 'bad-magic': 1 } },
  ])('$name', ({ bytes, packets, rejects }) => {
    for (const sizes of [[bytes.length], [17], [4096]]) {
      const reading = readBytes(createPcapParser, bytes, sizes)
      expect(reading.packets).toHaveLength(packets)
      expect(reading.rejects).toEqual(rejects)
    }
  })

  test('an empty packet is a packet', () => {
    const { packets, rejects } = readBytes(
      createPcapParser,
      file({}, { head: [0, 0, 0, 0] }, record),
    )
    expect(packets.map((packet) => packet.data)).toEqual(['', read.data])
    expect(rejects).toEqual({})
  })

  test('a joined file is read under its own header', () => {
    const second = file(
      { bigEndian: true, magic: 0xa1b23c4d, linkType: 113 },
      { head: [1_700_000_001, 5_000, 5, 5], rest: data },
    )
    const { packets } = readBytes(createPcapParser, join(file({}, record), second))
    expect(packets[1]).toEqual({
      timeUs: 1_700_000_001_000_005,
      data: '0102030405',
      originalLength: 5,
      linkType: 113,
    })
  })
})
