import { describe, expect, test } from 'vitest'
import { flowEndReason, tcpFlag } from '../../records/flow-batch.ts'
import { concat } from '../../simulator/bytes.ts'
import {
  icmp,
  ip,
  ipFrame,
  ipProtocol,
  type Packet,
  tcp,
  udp,
  udpFrame,
} from '../../simulator/packets.ts'
import { createTcpTalk } from '../../simulator/tcp-talk.ts'
import { runPackets } from '../support/pipeline-run.ts'

const startUs = 1_700_000_000_000_000
const secondUs = 1_000_000
const pump = { ip: '10.0.0.1', mac: '00:1b:21:00:00:01' }
const server = { ip: '10.0.0.2', mac: '00:1b:21:00:00:02' }
const talk = (srcPort = 40_000, at = startUs) =>
  createTcpTalk({ ...pump, port: srcPort }, { ...server, port: 9100 }, { startUs: at })
/** Something else that happens later, so that time passes. */
const later = (seconds: number): Packet => ({
  timeUs: startUs + seconds * secondUs,
  bytes: udpFrame(
    { ...pump, ip: '10.9.9.9' },
    { ...server, ip: '10.9.9.8' },
    1,
    2,
    Uint8Array.of(1),
  ),
})

/** Records of the flows but `later`'s, as `kind state +seconds`. */
function told(packets: readonly Packet[]) {
  return runPackets(packets)
    .records.filter((r) => r.origIp !== '10.9.9.9')
    .map((r) => `${r.kind} ${r.connState} +${(r.timeUs - startUs) / secondUs}`)
}

describe('a flow record comes', () => {
  test.each<[string, Packet[], string[]]>([
    [
      'when the first contact is answered, and 1 s after the close',
      [...talk().open().close().packets, later(9)],
      ['start S1 +0.001', 'end SF +1.005'],
    ],
    [
      'when it is refused',
      [...talk().syn().refuse().packets, later(9)],
      ['start REJ +0.001', 'end REJ +1.001'],
    ],
    [
      '5 s after a SYN that nobody answers, which ends 60 s after its last packet',
      [...talk().syn().wait(3e6).syn().packets, later(99)],
      ['start S0 +5', 'end S0 +63.001'],
    ],
    ['at the end of the input, when that is sooner', talk().syn().packets, ['end S0 +0']],
    [
      '300 s after the last packet of an open connection',
      [...talk().open().packets, later(999)],
      ['start S1 +0.001', 'update S1 +60.002', 'end S1 +300.002'],
    ],
    [
      '60 s after the first packet that no record has told of',
      [...talk().open().wait(100e6).send('x').packets, later(170)],
      ['start S1 +0.001', 'update S1 +60.002', 'update S1 +160.003', 'end S1 +170'],
    ],
  ])('%s', (_name, packets, expected) => {
    expect(told(packets)).toEqual(expected)
  })

  test('with why the flow ended', () => {
    const reasons = (packets: Packet[]) => runPackets(packets).records.map((r) => r.endReason)
    expect(reasons(talk().syn().packets)).toEqual([flowEndReason.forcedEnd])
    expect(reasons([...talk().open().close().packets, later(5)])).toContain(flowEndReason.endOfFlow)
    expect(reasons([...talk().syn().packets, later(99)])).toContain(flowEndReason.idleTimeout)
  })
})

describe('a new SYN on the same five-tuple', () => {
  const flowsOf = (packets: Packet[]) => runPackets(packets).stats.flows
  const again = talk(40_000, startUs + 100_000).syn().packets
  const otherNumber = {
    timeUs: startUs + 100_000,
    bytes: ipFrame(
      pump,
      server,
      6,
      tcp(pump.ip, server.ip, { srcPort: 40_000, dstPort: 9100, seq: 77, ack: 0, flags: 2 }),
    ),
  }
  test.each<[string, Packet[], number]>([
    ['begins another flow after a close', [...talk().open().close().packets, ...again], 2],
    ['begins another flow after a refusal', [...talk().syn().refuse().packets, ...again], 2],
    ['belongs to the flow that has not been answered', [...talk().syn().packets, ...again], 1],
    [
      'belongs to an open connection when its number is the old one',
      [...talk().open().packets, ...again],
      1,
    ],
    [
      'begins another flow when an open connection is numbered anew',
      [...talk().open().packets, otherNumber],
      2,
    ],
  ])('%s', (_name, packets, flows) => {
    expect(flowsOf(packets)).toBe(flows)
  })
})

describe('the originator', () => {
  const segment = (from: number, to: number, flags: number): Packet => ({
    timeUs: startUs,
    bytes: ipFrame(
      pump,
      server,
      6,
      tcp(pump.ip, server.ip, { srcPort: from, dstPort: to, seq: 1, ack: 0, flags }),
    ),
  })
  test.each([
    ['of a SYN is its sender', segment(22, 40_000, tcpFlag.syn), pump.ip],
    ['of a SYN-ACK is its receiver', segment(40_000, 22, tcpFlag.syn | tcpFlag.ack), server.ip],
    ['of a connection under way has the higher port', segment(22, 40_000, tcpFlag.ack), server.ip],
    [
      'of a connection under way has the higher port, seen from the other side',
      segment(40_000, 22, tcpFlag.ack),
      pump.ip,
    ],
    ['of a lone RST has the higher port', segment(22, 40_000, tcpFlag.rst), server.ip],
    ['of a FIN probe is its sender, whatever the ports', segment(22, 40_000, tcpFlag.fin), pump.ip],
    ['of a NULL probe is its sender', segment(22, 40_000, 0), pump.ip],
    [
      'of an XMAS probe is its sender',
      segment(22, 40_000, tcpFlag.fin | tcpFlag.psh | tcpFlag.urg),
      pump.ip,
    ],
  ])('%s', (_name, packet, origIp) => {
    expect(runPackets([packet]).records[0]!.origIp).toBe(origIp)
  })

  test('keeps its hardware address apart from the responder, whose own replaces that of the first frame', () => {
    const router = { ...server, mac: '00:1b:21:00:00:99' }
    const query = udpFrame(pump, server, 5000, 53, Uint8Array.of(1))
    const answer = udpFrame(router, pump, 53, 5000, Uint8Array.of(2))
    const run = (...frames: Uint8Array[]) =>
      runPackets(frames.map((bytes) => ({ timeUs: startUs, bytes }))).records.at(-1)
    expect(run(query)).toMatchObject({ origMac: pump.mac, respMac: server.mac })
    expect(run(query, answer)).toMatchObject({ origMac: pump.mac, respMac: router.mac })
  })
})

describe('ICMP', () => {
  const echo = (isRequest: boolean) =>
    ipFrame(
      isRequest ? pump : server,
      isRequest ? server : pump,
      ipProtocol.icmp,
      icmp(isRequest ? 8 : 0, 0, new Uint8Array(32)),
    )
  const unreachable = (quoted: Uint8Array) =>
    ipFrame(
      { ip: '10.0.0.254', mac: '00:1b:21:00:00:fe' },
      pump,
      ipProtocol.icmp,
      icmp(3, 3, concat(new Uint8Array(4), quoted.subarray(14, 14 + 28))),
    )

  test('request and answer are one flow with the type and code of the request', () => {
    const { records } = runPackets(
      [echo(true), echo(false)].map((bytes, i) => ({ timeUs: startUs + i, bytes })),
    )
    expect(records.map((r) => [r.kind, r.connState, r.origIp, r.origPort, r.respPort])).toEqual([
      ['start', 'SF', pump.ip, 8, 0],
      ['end', 'SF', pump.ip, 8, 0],
    ])
  })

  test.each([
    ['UDP', udpFrame(pump, server, 5000, 161, Uint8Array.of(1))],
    ['TCP', talk().syn().packets[0]!.bytes],
  ])('an unreachable message marks the %s flow it quotes at once', (_name, bytes) => {
    const { records } = runPackets([
      { timeUs: startUs, bytes },
      { timeUs: startUs + 9, bytes: unreachable(bytes) },
    ])
    expect(records[0]).toMatchObject({
      kind: 'start',
      flowId: 1,
      isUnreachable: true,
      timeUs: startUs + 9,
      origIp: pump.ip,
    })
    expect(records.filter((r) => r.flowId === 2)[0]).toMatchObject({
      protocol: 1,
      origPort: 3,
      isUnreachable: false,
    })
  })

  test('an unreachable message that quotes nothing, or an unknown flow, marks none', () => {
    const quoted = udpFrame(pump, server, 6000, 161, Uint8Array.of(1))
    const { records } = runPackets([
      { timeUs: startUs, bytes: udpFrame(pump, server, 5000, 161, Uint8Array.of(1)) },
      { timeUs: startUs + 1, bytes: unreachable(quoted) },
      { timeUs: startUs + 2, bytes: unreachable(new Uint8Array(14)) },
    ])
    expect(records.some((r) => r.isUnreachable)).toBe(false)
  })
})

describe('fragments', () => {
  const whole = udp(pump.ip, server.ip, 5000, 2049, new Uint8Array(64))
  const fragment = (offset: number, more: boolean, body: Uint8Array, id = 7): Uint8Array => {
    const packet = ip(pump.ip, server.ip, 17, body, id)
    packet[6] = (more ? 0x20 : 0) | ((offset / 8) >> 8)
    packet[7] = (offset / 8) & 255
    return concat(udpFrame(pump, server, 1, 1, new Uint8Array(0)).subarray(0, 14), packet)
  }
  const first = fragment(0, true, whole.subarray(0, 40))
  const last = fragment(40, false, whole.subarray(40))
  const run = (...frames: Uint8Array[]) =>
    runPackets(frames.map((bytes, i) => ({ timeUs: startUs + i, bytes })))

  test('later ones belong to the flow of the first', () => {
    const { records, stats } = run(first, last)
    expect(records).toHaveLength(1)
    expect(records[0]).toMatchObject({ origPort: 5000, respPort: 2049, origPackets: 2 })
    expect(stats.unmatchedFragments).toBe(0)
  })

  test('later ones without a first, or of another packet, are a flow without ports and counted', () => {
    const { records, stats } = run(last, first, fragment(40, false, whole.subarray(40), 8))
    expect(records.map((r) => [r.origPort, r.origPackets])).toEqual([
      [0, 2],
      [5000, 1],
    ])
    expect(stats.unmatchedFragments).toBe(2)
  })
})

describe('address spaces', () => {
  const query = (vlan: number) =>
    udpFrame({ ...pump, vlan }, { ...server, vlan }, 5000, 161, Uint8Array.of(1))
  const answer = (vlan: number) =>
    udpFrame({ ...server, vlan }, { ...pump, vlan }, 161, 5000, Uint8Array.of(1))
  const packets = [query(10), answer(20)].map((bytes, i) => ({ timeUs: startUs + i, bytes }))

  test('make one flow of a conversation that a router carries from VLAN to VLAN', () => {
    expect(runPackets(packets).stats.flows).toBe(1)
  })

  test('keep VLANs apart that reuse addresses', () => {
    const addressSpaces = [{ name: 'east', vlans: [20] }]
    const { records } = runPackets(packets, { config: { addressSpaces } })
    expect(records.map((r) => [r.space, r.vlan])).toEqual([
      [0, 10],
      [1, 20],
    ])
  })
})

test('the oldest unestablished flow makes room first, established ones stay', () => {
  const established = Array.from({ length: 8 }, (_, i) => talk(1000 + i).open().packets).flat()
  const flood = Array.from(
    { length: 40 },
    (_, i) => talk(2000 + i, startUs + secondUs + i).syn().packets,
  ).flat()
  const { records, stats } = runPackets([...established, ...flood], { config: { flowsMax: 16 } })
  const evicted = records.filter((r) => r.endReason === flowEndReason.lackOfResources)
  expect(stats.evictedFlows).toBe(32)
  expect(evicted.map((r) => r.origPort)).toEqual(Array.from({ length: 32 }, (_, i) => 2000 + i))
})
