import fc from 'fast-check'
import { icmpSweep, kerberosBurst, smbBurst } from '../../simulator/bursts.ts'
import { dnsLookup } from '../../simulator/conversations.ts'
import { ascii, concat } from '../../simulator/bytes.ts'
import { macBytes, type Packet, type Station, udpFrame } from '../../simulator/packets.ts'
import { createTcpTalk } from '../../simulator/tcp-talk.ts'
import { sampleCapture, sampleStations } from '../../simulator/sample-capture.ts'
import type { Piece } from './talk.ts'
import { transcripts } from './transcripts.ts'

const startUs = 1_700_000_000_000_000
const client: Station = sampleStations.intruder
const server: Station = sampleStations.pump
const overIpv6 = { client: { ...client, ip: 'fd00::66' }, server: { ...server, ip: 'fd00::14' } }
const inVlan = { client: { ...client, vlan: 60 }, server: { ...server, vlan: 60 } }

/** One transcript as packets, on the port its protocol likes. */
function conversation(pieces: readonly Piece[], port: number): Packet[] {
  const talk = createTcpTalk(
    { ...client, port: 50_000 + port },
    { ...server, port },
    { startUs },
  ).open()
  for (const [side, data] of pieces) {
    if (typeof data === 'object' && 'gap' in data) continue
    if (side === 'client') talk.send(data)
    else talk.answer(data)
  }
  return talk.close().packets
}

/** A DHCP lease (RFC 2131 §2): request and ACK, with host name, vendor class and server. */
function lease(): Packet[] {
  const message = (op: number, ...options: Uint8Array[]) => {
    const bytes = new Uint8Array(240)
    bytes.set([op, 1, 6, 0, 0xca, 0xfe, 0, 1])
    bytes.set([10, 60, 1, 14], 16)
    bytes.set(macBytes(server.mac), 28)
    bytes.set([0x63, 0x82, 0x53, 0x63], 236)
    return concat(bytes, ...options, Uint8Array.of(255))
  }
  const text = (code: number, value: string) =>
    concat(Uint8Array.of(code, value.length), ascii(value))
  const asked = message(1, Uint8Array.of(53, 1, 3), text(12, 'pump-14'), text(60, 'infusion'))
  const given = message(2, Uint8Array.of(53, 1, 5, 54, 4, 10, 60, 1, 1, 51, 4, 0, 0, 14, 16))
  const { router } = sampleStations
  return [
    {
      timeUs: startUs,
      bytes: udpFrame(
        { ...server, ip: '0.0.0.0' },
        { ...router, ip: '255.255.255.255' },
        68,
        67,
        asked,
      ),
    },
    { timeUs: startUs + 900, bytes: udpFrame(router, server, 67, 68, given) },
  ]
}

/** Whole conversations of every protocol that has a decoder, each in the order of time. */
const seeds: readonly (readonly Packet[])[] = [
  ...[sampleCapture(startUs)].flatMap((ward) =>
    Array.from({ length: 8 }, (_, i) => ward.slice(i * 90, i * 90 + 90)),
  ),
  kerberosBurst({ client, server, startUs, failures: 3, endsWithSuccess: true }),
  kerberosBurst({ ...overIpv6, startUs, failures: 2, transport: 'tcp' }),
  smbBurst({ ...inVlan, startUs, failures: 2, endsWithSuccess: true }),
  icmpSweep({ scanner: client, targets: [server, sampleStations.pacs], startUs, answering: 1 }),
  dnsLookup({ ...overIpv6, clientPort: 40_000, startUs }, 'pumps.ward.example', '10.60.1.5'),
  lease(),
  conversation(transcripts['ftp']!, 21),
  conversation(transcripts['telnet']!, 23),
  conversation(transcripts['http']!, 80),
  conversation(transcripts['ssh']!, 22),
  conversation(transcripts['tls']!, 443),
].filter((seed) => seed.length > 0)

const byteRange = {
  at: fc.nat({ max: 1600 }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
}

/** What goes wrong on the way: in one packet's bytes, in its length, in its time, in its place. */
const damage = fc.record({
  packet: fc.nat(),
  what: fc.oneof(
    fc.record({ kind: fc.constantFrom('set', 'insert', 'remove'), ...byteRange }),
    // Length fields and offsets stand in the first bytes of a packet.
    fc.record({
      kind: fc.constant('set'),
      at: fc.nat({ max: 80 }),
      bytes: fc.constantFrom(
        Uint8Array.of(0),
        Uint8Array.of(255),
        Uint8Array.of(255, 255),
        Uint8Array.of(0, 0),
      ),
    }),
    fc.record({ kind: fc.constant('cut'), at: fc.nat({ max: 120 }) }),
    fc.record({
      kind: fc.constant('time'),
      shiftUs: fc.constantFrom(-1, 1, -3e6, 3e6, 4e8, -8.64e10, 8.64e10, 7e11, -1.7e15, 2.6e15),
    }),
    fc.record({ kind: fc.constantFrom('drop', 'twice', 'swap', 'grow') }),
  ),
})
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

/** Up to three conversations mixed, with up to a dozen damages; not always in the order of time. */
export const mutatedPackets: fc.Arbitrary<Packet[]> = fc
  .record({
    chosen: fc.array(fc.constantFrom(...seeds), { minLength: 1, maxLength: 3 }),
    damages: fc.array(damage, { minLength: 1, maxLength: 12 }),
  })
  .map(({ chosen, damages }) => {
    const packets = chosen.flat().sort((a, b) => a.timeUs - b.timeUs)
    return damages.reduce(apply, packets)
  })

function apply(packets: Packet[], { packet, what }: Damage): Packet[] {
  if (packets.length === 0) return packets
  const index = packet % packets.length
  const hit = packets[index]!
  const [before, after] = [packets.slice(0, index), packets.slice(index + 1)]
  if (what.kind === 'drop') return [...before, ...after]
  if (what.kind === 'twice') return [...before, hit, hit, ...after]
  if (what.kind === 'swap') return [...after, hit, ...before]
  if (what.kind === 'grow')
    return [...before, { ...hit, bytes: concat(hit.bytes, new Uint8Array(9000)) }, ...after]
  if ('shiftUs' in what)
    return [...before, { ...hit, timeUs: Math.max(0, hit.timeUs + what.shiftUs) }, ...after]
  if (!('at' in what)) return packets
  const at = Math.min(what.at, hit.bytes.length)
  const inserted = 'bytes' in what && what.kind !== 'remove' ? what.bytes : new Uint8Array(0)
  const skipped =
    what.kind === 'insert' ? 0 : 'bytes' in what ? what.bytes.length : hit.bytes.length
  const bytes = concat(hit.bytes.subarray(0, at), inserted, hit.bytes.subarray(at + skipped))
  return [...before, { ...hit, bytes }, ...after]
}
