import fc from 'fast-check'
import { tcpFlag } from '../../records/flow-batch.ts'
import { concat } from '../../simulator/bytes.ts'
import {
  icmp,
  ipFrame,
  ipProtocol,
  type Packet,
  type Station,
  tcp,
  udpFrame,
} from '../../simulator/packets.ts'

/** One packet between two of five hosts, before it is written for a family of addresses. */
export interface Move {
  readonly gapUs: number
  readonly from: number
  readonly to: number
  readonly kind: 'tcp' | 'udp' | 'echo'
  readonly srcPort: number
  readonly dstPort: number
  readonly flags: number
  readonly payloadBytes: number
}

const ports = fc.constantFrom(22, 80, 443, 5353, 40_000, 50_000)
const flags = fc.constantFrom(
  tcpFlag.syn,
  tcpFlag.syn | tcpFlag.ack,
  tcpFlag.ack,
  tcpFlag.psh | tcpFlag.ack,
  tcpFlag.fin | tcpFlag.ack,
  tcpFlag.rst,
  tcpFlag.fin,
  0,
)

/** Random traffic in the order of time: few hosts and ports, so that flows meet, end and begin again. */
export const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    gapUs: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 8_000_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 400_000_000 }) },
    ),
    from: fc.integer({ min: 0, max: 4 }),
    to: fc.integer({ min: 0, max: 4 }),
    kind: fc.constantFrom('tcp', 'tcp', 'tcp', 'udp', 'echo'),
    srcPort: ports,
    dstPort: ports,
    flags,
    payloadBytes: fc.integer({ min: 0, max: 200 }),
  }),
  { maxLength: 120 },
)

export type Family = 'ipv4' | 'ipv6' | 'vlan'

export const startUs = 1_700_000_000_000_000

/** The packets of the moves; each has a sequence number of its own, so that none is a copy of another. */
export function packetsOf(list: readonly Move[], family: Family = 'ipv4'): Packet[] {
  let timeUs = startUs
  return list.map((move, i) => {
    timeUs += move.gapUs
    return { timeUs, bytes: frameOf(move, i, family) }
  })
}

function station(host: number, family: Family): Station {
  const ip = family === 'ipv6' ? `fd00::${host + 1}` : `10.0.0.${host + 1}`
  const mac = `00:1b:21:00:00:0${host + 1}`
  return family === 'vlan' ? { ip, mac, vlan: 30 } : { ip, mac }
}

function frameOf(move: Move, number: number, family: Family): Uint8Array {
  const [from, to] = [station(move.from, family), station(move.to, family)]
  // 0xee begins no protocol that a decoder knows: what is told depends on the flow alone.
  const payload = concat(
    Uint8Array.of(0xee, 0xee, number >> 8, number & 255),
    new Uint8Array(move.payloadBytes),
  )
  const { srcPort, dstPort } = move
  if (move.kind === 'udp') return udpFrame(from, to, srcPort, dstPort, payload)
  if (move.kind === 'echo') {
    const type = family === 'ipv6' ? 128 + (number & 1) : (number & 1) * 8
    return ipFrame(
      from,
      to,
      family === 'ipv6' ? ipProtocol.icmpv6 : ipProtocol.icmp,
      icmp(type, 0, payload),
    )
  }
  const fields = { srcPort, dstPort, seq: number * 1000, ack: 1, flags: move.flags, payload }
  return ipFrame(from, to, ipProtocol.tcp, tcp(from.ip, to.ip, fields))
}
