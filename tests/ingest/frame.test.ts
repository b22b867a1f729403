import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFrame, Frame, frameKind, rejectText } from '../../ingest/frame.ts'
import { concat } from '../../simulator/bytes.ts'
import { ethernet, ip, ipProtocol, tcp, udp } from '../../simulator/packets.ts'

const [a, b] = ['00:1b:21:00:00:01', '00:1b:21:00:00:02']
const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255)
const [v4a, v4b, v6a, v6b] = ['10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2']
const datagram = udp(v4a, v4b, 5000, 53, Uint8Array.of(1, 2, 3))
const segment = tcp(v4a, v4b, { srcPort: 5000, dstPort: 80, seq: 4_000_000_000, ack: 0, flags: 2 })
const v4 = ip(v4a, v4b, ipProtocol.udp, datagram)
const v6 = (next: number, ...parts: Uint8Array[]) => ip(v6a, v6b, next, concat(...parts))
const tag = (type: number, id: number) => concat(u16(type), u16(id))

/** A frame whose type field and everything after it are given. */
function raw(...afterAddresses: Uint8Array[]): Uint8Array {
  const frame = concat(ethernet(a, b, 0, new Uint8Array(0)).subarray(0, 12), ...afterAddresses)
  return frame.length >= 60 ? frame : concat(frame, new Uint8Array(60 - frame.length))
}

function decode(
  bytes: Uint8Array,
  options: { link?: number; captured?: number; original?: number } = {},
) {
  const frame = new Frame()
  const captured = options.captured ?? bytes.length
  const isRead = decodeFrame(
    bytes,
    0,
    captured,
    options.original ?? bytes.length,
    options.link ?? 1,
    frame,
  )
  return { frame, reject: isRead ? null : rejectText(frame.reject, frame.rejectDetail) }
}

/** IPv4 with header bytes replaced at their offsets. */
function patched(packet: Uint8Array, changes: Record<number, number>): Uint8Array {
  const bytes = packet.slice()
  for (const [at, value] of Object.entries(changes)) bytes[Number(at)] = value
  return bytes
}

describe('decodeFrame reads', () => {
  test.each([
    ['Ethernet II', raw(u16(0x0800), v4), 0],
    [
      '802.3 with LLC/SNAP',
      raw(u16(8 + v4.length), Uint8Array.of(0xaa, 0xaa, 3, 0, 0, 0), u16(0x0800), v4),
      0,
    ],
    ['802.1Q', raw(tag(0x8100, 0x2064), u16(0x0800), v4), 100],
    ['802.1ad with the outer id kept', raw(tag(0x88a8, 200), tag(0x8100, 7), u16(0x0800), v4), 200],
    ['a priority tag, which names no VLAN', raw(tag(0x8100, 0), u16(0x0800), v4), 0],
    ['a priority tag around a VLAN', raw(tag(0x8100, 0), tag(0x8100, 5), u16(0x0800), v4), 5],
    ['eight tags', raw(...Array.from({ length: 8 }, () => tag(0x8100, 9)), u16(0x0800), v4), 9],
  ])('%s', (_name, bytes, vlan) => {
    const { frame, reject } = decode(bytes)
    expect(reject).toBeNull()
    expect(frame).toMatchObject({
      kind: frameKind.ip,
      vlan,
      protocol: 17,
      srcPort: 5000,
      dstPort: 53,
    })
    expect(frame).toMatchObject({ ipBytes: v4.length, payloadBytes: 3 })
    expect([...bytes.subarray(frame.payloadAt, frame.capturedEnd)]).toEqual([1, 2, 3])
  })

  test.each([
    ['no extension', v6(17, datagram)],
    ['hop-by-hop options', v6(0, Uint8Array.of(17, 0, 0, 0, 0, 0, 0, 0), datagram)],
    [
      'a routing header of 24 bytes',
      v6(43, concat(Uint8Array.of(17, 2), new Uint8Array(22)), datagram),
    ],
    ['destination options', v6(60, Uint8Array.of(17, 0, 0, 0, 0, 0, 0, 0), datagram)],
    [
      'an authentication header',
      v6(51, concat(Uint8Array.of(17, 4), new Uint8Array(22)), datagram),
    ],
    ['an atomic fragment', v6(44, Uint8Array.of(17, 0, 0, 0, 1, 2, 3, 4), datagram)],
  ])('IPv6 with %s', (_name, packet) => {
    const { frame, reject } = decode(raw(u16(0x86dd), packet))
    expect(reject).toBeNull()
    expect(frame).toMatchObject({
      protocol: 17,
      srcPort: 5000,
      dstPort: 53,
      payloadBytes: 3,
      isFragment: false,
    })
    expect(frame.ipBytes).toBe(packet.length)
    expect([frame.src0 >>> 0, frame.src3, frame.dst3]).toEqual([0xfd000000, 1, 2])
  })

  test('IPv4 options', () => {
    const packet = concat(
      patched(v4.subarray(0, 20), { 0: 0x46, 3: v4.length + 4 }),
      new Uint8Array(4),
      datagram,
    )
    expect(decode(raw(u16(0x0800), packet)).frame).toMatchObject({
      srcPort: 5000,
      dstPort: 53,
      payloadBytes: 3,
    })
  })

  test('TCP with its sequence number and flags', () => {
    const { frame } = decode(raw(u16(0x0800), ip(v4a, v4b, 6, segment)))
    expect(frame).toMatchObject({
      tcpSequence: 4_000_000_000,
      tcpFlags: 2,
      payloadBytes: 0,
      dstPort: 80,
    })
  })

  test('a TCP header that the snap length cut after its flags', () => {
    const bytes = raw(u16(0x0800), ip(v4a, v4b, 6, concat(segment, new Uint8Array(100))))
    const { frame, reject } = decode(bytes, { captured: 14 + 20 + 14 })
    expect(reject).toBeNull()
    expect(frame).toMatchObject({ tcpFlags: 2, payloadBytes: 100, ipBytes: 140 })
    expect(frame.payloadAt).toBe(frame.capturedEnd)
  })

  test.each([
    [
      'IPv4',
      raw(
        u16(0x0800),
        patched(ip(v4a, v4b, 6, concat(segment, new Uint8Array(1000))), { 2: 0, 3: 0 }),
      ),
      1040,
    ],
    ['IPv6', raw(u16(0x86dd), patched(v6(6, segment, new Uint8Array(1000)), { 4: 0, 5: 0 })), 1060],
  ])(
    '%s with length 0, as segmentation offload leaves it, by its length on the wire',
    (_name, bytes, ipBytes) => {
      expect(decode(bytes).frame).toMatchObject({ ipBytes, payloadBytes: 1000 })
    },
  )

  test('no more than the packet had on the wire, whatever length it claims', () => {
    const bytes = raw(u16(0x0800), patched(concat(v4, new Uint8Array(40)), { 2: 0xff, 3: 0xff }))
    expect(decode(bytes).frame.ipBytes).toBe(bytes.length - 14)
  })

  test('an unknown IP protocol as a packet without ports', () => {
    const { frame, reject } = decode(raw(u16(0x0800), ip(v4a, v4b, 47, new Uint8Array(12))))
    expect([reject, frame.protocol, frame.srcPort, frame.payloadBytes]).toEqual([null, 47, 0, 12])
  })

  test.each([
    ['first', 0x20, 0x00, true, false, 5000],
    ['later', 0x20, 0x10, true, true, 0],
    ['last', 0x00, 0x10, true, true, 0],
    ['none: do not fragment', 0x40, 0x00, false, false, 5000],
  ])('fragments of IPv4: %s', (_name, high, low, isFragment, isLaterFragment, srcPort) => {
    const { frame } = decode(raw(u16(0x0800), patched(v4, { 6: high, 7: low })))
    expect(frame).toMatchObject({ isFragment, isLaterFragment, srcPort })
  })

  test.each([
    ['the ports only', 8, 0],
    ['the control bits', 16, 2],
    ['the header without its options', 20, 2],
  ])('a first fragment that holds %s of a TCP header with its ports', (_name, held, flags) => {
    const withOptions = patched(segment, { 12: 0x60 })
    const packet = patched(ip(v4a, v4b, 6, withOptions.subarray(0, held)), { 6: 0x20 })
    const { frame, reject } = decode(raw(u16(0x0800), packet))
    expect(reject).toBeNull()
    expect(frame).toMatchObject({ srcPort: 5000, tcpFlags: flags, payloadBytes: 0 })
  })

  test('a later fragment of IPv6 without ports, whatever its bytes look like', () => {
    const { frame } = decode(
      raw(u16(0x86dd), v6(44, Uint8Array.of(17, 0, 0, 9, 0, 0, 1, 2), datagram)),
    )
    expect(frame).toMatchObject({
      isFragment: true,
      isLaterFragment: true,
      srcPort: 0,
      identification: 258,
    })
  })

  test('ARP up to its network header', () => {
    const { frame } = decode(raw(u16(0x0806), new Uint8Array(28)))
    expect([frame.kind, frame.networkAt]).toEqual([frameKind.arp, 14])
  })
})

describe('decodeFrame refuses', () => {
  const short = (length: number, bytes: Uint8Array) => bytes.subarray(0, length)
  test.each([
    ['link-type-113', raw(u16(0x0800), v4), 113],
    ['ethernet-truncated', short(13, raw(u16(0x0800), v4)), 1],
    ['vlan-truncated', short(16, raw(tag(0x8100, 1), u16(0x0800))), 1],
    ['vlan-depth', raw(...Array.from({ length: 9 }, () => tag(0x8100, 9)), u16(0x0800), v4), 1],
    ['llc-dsap-0x42', raw(u16(38), Uint8Array.of(0x42, 0x42, 3)), 1],
    ['llc-truncated', short(15, raw(u16(38))), 1],
    ['ether-type-0x8847', raw(u16(0x8847)), 1],
    ['ipv4-truncated', short(33, raw(u16(0x0800), v4)), 1],
    ['ipv4-bad-version', raw(u16(0x0800), patched(v4, { 0: 0x55 })), 1],
    ['ipv4-bad-header-length', raw(u16(0x0800), patched(v4, { 0: 0x44 })), 1],
    ['ipv4-bad-total-length', raw(u16(0x0800), patched(v4, { 3: 19 })), 1],
    ['ipv6-truncated', short(53, raw(u16(0x86dd), v6(17, datagram))), 1],
    ['ipv6-bad-version', raw(u16(0x86dd), patched(v6(17, datagram), { 0: 0x40 })), 1],
    [
      'ipv6-extension-truncated',
      raw(u16(0x86dd), v6(43, Uint8Array.of(17, 200, 0, 0, 0, 0, 0, 0))),
      1,
    ],
    ['ipv6-extension-depth', raw(u16(0x86dd), v6(0, new Uint8Array(9 * 8), datagram)), 1],
    ['tcp-truncated', raw(u16(0x0800), ip(v4a, v4b, 6, segment.subarray(0, 13))), 1],
    ['tcp-bad-data-offset', raw(u16(0x0800), ip(v4a, v4b, 6, patched(segment, { 12: 0x40 }))), 1],
    ['tcp-bad-data-offset', raw(u16(0x0800), ip(v4a, v4b, 6, patched(segment, { 12: 0xf0 }))), 1],
    ['udp-truncated', raw(u16(0x0800), ip(v4a, v4b, 17, datagram.subarray(0, 7))), 1],
    ['udp-bad-length', raw(u16(0x0800), ip(v4a, v4b, 17, patched(datagram, { 5: 7 }))), 1],
    ['icmp-truncated', raw(u16(0x0800), ip(v4a, v4b, 1, Uint8Array.of(8))), 1],
  ])('%s', (word, bytes, link) => {
    expect(decode(bytes, { link }).reject).toBe(word)
  })

  test('nothing by throwing, and never points beyond what was captured', () => {
    const frames = [
      raw(u16(0x0800), ip(v4a, v4b, 6, segment)),
      raw(u16(0x86dd), v6(44, Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1), v6(17, datagram))),
    ]
    const mutation = fc.array(fc.tuple(fc.nat(120), fc.integer({ min: 0, max: 255 })), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(fc.constantFrom(...frames), mutation, fc.nat(120), (base, changes, length) => {
        const bytes = patched(
          base,
          Object.fromEntries(changes.filter(([at]) => at < base.length)),
        ).subarray(0, length)
        const { frame, reject } = decode(bytes, { original: base.length })
        if (reject !== null || frame.kind !== frameKind.ip) return
        expect(frame.payloadAt).toBeLessThanOrEqual(bytes.length)
        expect(frame.capturedEnd).toBeLessThanOrEqual(bytes.length)
        expect(frame.payloadBytes).toBeGreaterThanOrEqual(0)
        expect(frame.ipBytes).toBeLessThanOrEqual(base.length)
      }),
      { numRuns: 2000 },
    )
  })
})
