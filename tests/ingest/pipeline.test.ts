import { describe, expect, test } from 'vitest'
import { createBindings } from '../../ingest/bindings.ts'
import { ingestConfigSchema } from '../../ingest/config.ts'
import { createNoSink } from '../../ingest/no-sink.ts'
import { createPipeline } from '../../ingest/pipeline.ts'
import { concat } from '../../simulator/bytes.ts'
import { arpFrame, macBytes, type Packet, udpFrame } from '../../simulator/packets.ts'
import { createTcpTalk } from '../../simulator/tcp-talk.ts'
import { blockOf, runPackets } from '../support/pipeline-run.ts'

const startUs = 1_700_000_000_000_000
const pump = { ip: '10.0.0.9', mac: '00:1b:21:00:00:01' }
const server = { ip: '10.0.0.2', mac: '00:1b:21:00:00:02' }
const at = (frames: readonly Uint8Array[], stepUs = 1000): Packet[] =>
  frames.map((bytes, i) => ({ timeUs: startUs + i * stepUs, bytes }))
const datagram = (number: number) => udpFrame(pump, server, 5000, 161, Uint8Array.of(1, number))

/** DHCP ACK (RFC 2131) of 10.0.0.9 to `mac`; without lease time it answers an INFORM. */
function ack(mac: string, hasLeaseTime = true, type = 5): Uint8Array {
  const message = new Uint8Array(240)
  message.set([2, 1, 6, 0])
  message.set([10, 0, 0, 9], 16)
  message.set(macBytes(mac), 28)
  message.set([0x63, 0x82, 0x53, 0x63], 236)
  const leaseTime = hasLeaseTime ? [51, 4, 0, 0, 14, 16] : []
  const options = Uint8Array.of(53, 1, type, 54, 4, 10, 0, 0, 2, ...leaseTime, 255)
  return udpFrame(
    server,
    { ip: '255.255.255.255', mac: 'ff:ff:ff:ff:ff:ff' },
    67,
    68,
    concat(message, options),
  )
}

describe('a DHCP lease', () => {
  const leases = (frames: Uint8Array[]) =>
    runPackets(at(frames))
      .records.filter((r) => r.respPort === 161 || r.respPort === 162)
      .map((r) => [r.respPort, r.origLease])
  const other = udpFrame(pump, server, 5000, 162, Uint8Array.of(1))

  test('gives its hardware address to the flows that begin after it, and to no flow before', () => {
    expect(leases([datagram(1), ack(pump.mac), other, datagram(2)])).toEqual([
      [161, null],
      [162, pump.mac],
    ])
  })

  test.each([
    ['the ACK of an INFORM, which leases nothing', ack(pump.mac, false)],
    ['an offer', ack(pump.mac, true, 2)],
    ['a refusal', ack(pump.mac, true, 6)],
    ['a forged ARP claim', arpFrame(2, { ip: pump.ip, mac: '66:66:66:66:66:66' }, server)],
  ])('is not %s', (_name, frame) => {
    expect(leases([frame, other])).toEqual([[162, null]])
  })

  test('is told with the client as originator under the key of its hardware address', () => {
    const { summaries } = runPackets(at([ack(pump.mac)]))
    expect(summaries).toMatchObject([
      { service: 'dhcp', event: 'lease', origIp: pump.ip, respIp: server.ip, origLease: pump.mac },
    ])
  })
})

describe('ARP', () => {
  test('is told with the sender and the address asked for, and belongs to no flow', () => {
    const { summaries, stats } = runPackets(
      at([arpFrame(1, pump, server), arpFrame(2, server, pump)]),
    )
    expect(summaries).toMatchObject([
      { event: 'request', flowId: 0, origIp: pump.ip, respIp: server.ip, name: server.ip },
      { event: 'claim', flowId: 0, origIp: server.ip, respIp: pump.ip },
    ])
    expect(stats).toMatchObject({ flows: 0, summaries: { arp: 2 } })
  })
})

describe('the pipeline', () => {
  test('tells what a protocol says before the end of its flow, with the service in the records', () => {
    const talk = createTcpTalk({ ...pump, port: 40_000 }, { ...server, port: 80 }, { startUs })
    talk
      .open()
      .send('GET / HTTP/1.1\r\nHost: pacs.example\r\n\r\n')
      .answer('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      .close()
    const { records, summaries } = runPackets(talk.packets)
    expect(summaries).toMatchObject([
      { service: 'http', event: 'status', reason: '200', flowId: 1 },
    ])
    expect(records.map((r) => [r.kind, r.service])).toEqual([
      ['start', null],
      ['end', 'http'],
    ])
    expect(summaries[0]!.sequence).toBe(2)
  })

  test('counts every refused packet by cause and in the packets', () => {
    const { stats } = runPackets([
      ...at([datagram(1)]),
      { timeUs: startUs, bytes: new Uint8Array(5) },
    ])
    expect(stats).toMatchObject({ packets: 2, flows: 1, rejects: { 'ethernet-truncated': 1 } })
    expect(runPackets(at([datagram(1)]), { link: 113 }).stats.rejects).toEqual({
      'link-type-113': 1,
    })
  })

  test('counts bytes as on the wire when the snap length cut the packets', () => {
    const long = udpFrame(pump, server, 5000, 161, new Uint8Array(500))
    const { records, stats } = runPackets(at([long]), { snapLength: 64 })
    expect(stats.bytes).toBe(long.length)
    expect(records[0]).toMatchObject({ origPayloadBytes: 500, origIpBytes: 528 })
  })

  test('decides about a stamp in 2106 with the packet after it, also across blocks', () => {
    const packets = at([datagram(1), datagram(2), datagram(3)])
    const wrong = packets.map((packet, i) =>
      i === 1 ? { ...packet, timeUs: 4_300_000_000_000_000 } : packet,
    )
    for (const blockRows of [1, 2, 3]) {
      const { records, stats } = runPackets(wrong, { blockRows })
      expect(records[0]).toMatchObject({ origPackets: 3, flowLastUs: startUs + 2000 })
      expect(stats).toMatchObject({ clamped: 1, packets: 3 })
    }
  })

  test('judges one-way traffic by flows with payload or a bare ACK only', () => {
    const open = () =>
      createTcpTalk({ ...pump, port: 40_000 }, { ...server, port: 80 }, { startUs })
    const oneSide = open().syn().send('x').packets
    expect(runPackets(open().syn().packets).stats).toMatchObject({ judgedFlows: 0, oneWayFlows: 0 })
    expect(runPackets(oneSide).stats).toMatchObject({ judgedFlows: 1, oneWayFlows: 1 })
    expect(runPackets(open().open().send('x').packets).stats).toMatchObject({
      judgedFlows: 1,
      oneWayFlows: 0,
    })
  })

  test('goes on numbering over recordings, whose clocks begin anew', () => {
    const config = ingestConfigSchema.parse({ flowsMax: 64 })
    const pipeline = createPipeline(config, {
      sink: createNoSink(),
      bindings: createBindings(config),
    })
    for (const shiftUs of [0, -50_000_000]) {
      pipeline.onBlock(
        blockOf(at([datagram(1), datagram(2)]).map((p) => ({ ...p, timeUs: p.timeUs + shiftUs }))),
      )
      expect(pipeline.clockUs).toBe(startUs + 1000 + shiftUs)
      pipeline.endRecording()
    }
    expect(pipeline.stats()).toMatchObject({ flows: 2, flowRecords: 2, clamped: 0, packets: 4 })
  })

  test('lets due records out when an idle capture advances the clock', () => {
    const config = ingestConfigSchema.parse({ flowsMax: 64 })
    const pipeline = createPipeline(config, { sink: createNoSink() })
    pipeline.onBlock(blockOf([...at([datagram(1), datagram(2)])]))
    expect(pipeline.stats().flowRecords).toBe(0)
    pipeline.advance(startUs + 5_000_000)
    expect(pipeline.stats().flowRecords).toBe(1)
  })
})

test('a pause of more than a day moves the start of the sensor on: nothing was watched in it', () => {
  const pipeline = createPipeline(ingestConfigSchema.parse({ flowsMax: 64 }), {
    sink: createNoSink(),
  })
  const startAfter = (hours: number) => {
    const packet = { timeUs: startUs + hours * 3_600_000_000, bytes: datagram(1) }
    pipeline.onBlock(blockOf([packet]))
    // A stamp far ahead is believed only when the next packet agrees.
    pipeline.onBlock(blockOf([{ ...packet, timeUs: packet.timeUs + 1 }]))
    return Math.round((pipeline.health().startedUs - startUs) / 3_600_000_000)
  }
  expect([startAfter(0), startAfter(24), startAfter(30), startAfter(330)]).toEqual([0, 0, 0, 300])
  expect(startAfter(331)).toBe(300)
})
