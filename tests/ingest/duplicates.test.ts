import { describe, expect, test } from 'vitest'
import { DuplicateFilter } from '../../ingest/duplicates.ts'
import { decodeFrame, Frame } from '../../ingest/frame.ts'
import { arpFrame, ethernet, ip, ipFrame, tcp, udpFrame } from '../../simulator/packets.ts'

const pump = { ip: '10.0.0.1', mac: '00:1b:21:00:00:01' }
const server = { ip: '10.0.0.2', mac: '00:1b:21:00:00:02' }
const [pump6, server6] = [
  { ...pump, ip: 'fd00::1' },
  { ...server, ip: 'fd00::2' },
]
const segment = (seq: number, payload = Uint8Array.of(1)) =>
  tcp(pump.ip, server.ip, { srcPort: 1, dstPort: 2, seq, ack: 3, flags: 16, payload })
const withTtl = (frame: Uint8Array, ttl: number) => {
  const bytes = frame.slice()
  bytes[14 + 8] = ttl
  bytes[14 + 11] = bytes[14 + 11]! ^ 0xff
  return bytes
}
const identified = (id: number) =>
  ethernet(pump.mac, server.mac, 0x0800, ip(pump.ip, server.ip, 6, segment(9), id))
const plain = identified(7)

/** Whether the second of two frames is taken for a copy of the first. */
function isCopy(
  first: Uint8Array,
  second: Uint8Array,
  options: { gapUs?: number; windowUs?: number; spaces?: [number, number] } = {},
) {
  const filter = new DuplicateFilter(options.windowUs ?? 5000)
  const frame = new Frame()
  const [a, b] = options.spaces ?? [0, 0]
  decodeFrame(first, 0, first.length, first.length, 1, frame)
  expect(filter.isDuplicate(first, frame, a, 1000)).toBe(false)
  decodeFrame(second, 0, second.length, second.length, 1, frame)
  return filter.isDuplicate(second, frame, b, 1000 + (options.gapUs ?? 10))
}

describe('a second copy', () => {
  test.each([
    ['the same frame', plain, plain],
    [
      'the frame behind a router',
      plain,
      withTtl(ethernet('00:00:5e:00:01:01', server.mac, 0x0800, plain.subarray(14)), 63),
    ],
    [
      'the frame in another VLAN',
      plain,
      ethernet(pump.mac, server.mac, 0x0800, plain.subarray(14), 20),
    ],
    [
      'the same IPv6 frame',
      udpFrame(pump6, server6, 1, 2, Uint8Array.of(9)),
      udpFrame(pump6, server6, 1, 2, Uint8Array.of(9)),
    ],
    ['the same ARP frame', arpFrame(1, pump, server), arpFrame(1, pump, server)],
  ])('is %s', (_name, first, second) => {
    expect(isCopy(first, second)).toBe(true)
  })

  test.each([
    ['a retransmission, which has another identification', plain, identified(8)],
    ['another segment of the connection', plain, ipFrame(pump, server, 6, segment(10))],
    [
      'a segment with other payload',
      ipFrame(pump, server, 6, segment(9)),
      ipFrame(pump, server, 6, segment(9, Uint8Array.of(2))),
    ],
    [
      'a datagram that differs beyond the bytes compared, by its checksum',
      udpFrame(pump, server, 1, 2, new Uint8Array(200)),
      udpFrame(pump, server, 1, 2, new Uint8Array(200).fill(1, 199)),
    ],
    [
      'the same question to another host',
      udpFrame(pump, server, 1, 2, Uint8Array.of(9)),
      udpFrame(pump, { ...server, ip: '10.0.0.3' }, 1, 2, Uint8Array.of(9)),
    ],
    [
      'the same datagram of IPv6 to another host',
      udpFrame(pump6, server6, 1, 2, Uint8Array.of(9)),
      udpFrame(pump6, { ...server6, ip: 'fd01::2' }, 1, 2, Uint8Array.of(9)),
    ],
    ['another ARP request', arpFrame(1, pump, server), arpFrame(1, pump, { ip: '10.0.0.3' })],
  ])('is not %s', (_name, first, second) => {
    expect(isCopy(first, second)).toBe(false)
  })

  test.each([
    [5000, true],
    [5001, false],
  ])('comes within the window: %i µs → %s', (gapUs, expected) => {
    expect(isCopy(plain, plain, { gapUs })).toBe(expected)
  })

  test('is none in another address space, nor with a window of 0', () => {
    expect(isCopy(plain, plain, { spaces: [0, 1] })).toBe(false)
    expect(isCopy(plain, plain, { windowUs: 0 })).toBe(false)
  })

  test('does not prolong the window: a packet repeated for ever is told again', () => {
    const filter = new DuplicateFilter(5000)
    const frame = new Frame()
    decodeFrame(plain, 0, plain.length, plain.length, 1, frame)
    const answers = [0, 3000, 6000, 9000, 12_000].map((timeUs) =>
      filter.isDuplicate(plain, frame, 0, timeUs),
    )
    expect(answers).toEqual([false, true, false, true, false])
  })
})

test('of a thousand packets within the window all second copies are found', () => {
  const filter = new DuplicateFilter(5000)
  const frame = new Frame()
  const isSeen = (id: number, timeUs: number) => {
    const bytes = identified(id)
    decodeFrame(bytes, 0, bytes.length, bytes.length, 1, frame)
    return filter.isDuplicate(bytes, frame, 0, timeUs)
  }
  const ids = Array.from({ length: 1000 }, (_, id) => id)
  expect(ids.filter((id) => isSeen(id, id))).toEqual([])
  expect(ids.filter((id) => !isSeen(id, 1000 + id))).toEqual([])
})
