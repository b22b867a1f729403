import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryBusConfigSchema } from '../../../bus/config.ts'
import { createMemoryBus } from '../../../bus/adapters/memory.ts'
import { createEvidenceFolder, evidencePath } from '../../../ingest/adapters/evidence-folder.ts'
import { captureOf, linesOf, readEvidence } from '../../../ingest/adapters/evidence-reader.ts'
import { createCollector } from '../../../ingest/evidence/collector.ts'
import { evidenceConfigSchema } from '../../../ingest/evidence/config.ts'
import { PacketRing } from '../../../ingest/evidence/packet-ring.ts'
import { pcapRecords } from '../../../ingest/evidence/pcap-file.ts'
import { createEvidence } from '../../../ingest/evidence/service.ts'
import type { Anomaly } from '../../../records/anomaly.ts'
import { encodeAnomalyMessage } from '../../../records/codec.ts'
import { secondUs } from '../../../records/time.ts'
import { arpFrame, type Packet, type Station, udpFrame } from '../../../simulator/packets.ts'
import { createTcpTalk } from '../../../simulator/tcp-talk.ts'
import { anomalyOf, peerOf, shiftStartUs } from '../../support/anomalies.ts'
import { blockOf } from '../../support/packet-block.ts'
import { silentLogger } from '../../support/silent-logger.ts'

const pc: Station = { ip: '10.60.1.66', mac: '00:1b:21:0a:00:66' }
const pump: Station = { ip: '10.60.1.20', mac: '00:1b:21:0a:00:20' }
const printer: Station = { ip: '10.60.1.30', mac: '00:1b:21:0a:00:30' }

function talk(from: Station, to: Station, port: number, atSeconds: number): readonly Packet[] {
  const startUs = shiftStartUs + atSeconds * secondUs
  return createTcpTalk({ ...from, port: 40_000 }, { ...to, port }, { startUs })
    .open()
    .send('hello')
    .close().packets
}

const limits = { packetsMax: 100, bytesMax: 1e6, marginSeconds: 5, watchesMax: 2 }
const aboutPump = (changes: Partial<Anomaly> = {}) =>
  anomalyOf({ peers: [peerOf(pump.ip, 443)], ...changes })

function ringOf(...parts: readonly (readonly Packet[])[]): PacketRing {
  const ring = new PacketRing(1e6)
  for (const part of parts) ring.keep(blockOf(part))
  return ring
}

describe('the collector', () => {
  test('finds the packets between the device and its peers, of their service, both ways', () => {
    const wanted = talk(pc, pump, 443, 1)
    const ring = ringOf(talk(pc, printer, 443, 0), wanted, talk(pc, pump, 80, 2))
    const collector = createCollector(ring, limits)
    collector.want(aboutPump())
    const [found, ...others] = collector.sweep()
    expect(others).toEqual([])
    expect(found!.packets.map((packet) => ring.timeUs(packet))).toEqual(
      wanted.map(({ timeUs }) => timeUs),
    )
  })

  test('goes on with what comes within the margin, and finds nothing twice', () => {
    const ring = ringOf(talk(pc, pump, 443, 1))
    const collector = createCollector(ring, limits)
    const anomaly = aboutPump()
    collector.want(anomaly)
    const first = collector.sweep()[0]!.packets.length
    ring.keep(blockOf(talk(pc, pump, 443, 12)))
    ring.keep(blockOf(talk(pc, pump, 443, 60)))
    collector.want(anomaly)
    const second = collector.sweep()[0]!.packets
    expect(second).toHaveLength(first)
    // A revision reaches further.
    collector.want({ ...anomaly, timeUs: shiftStartUs + 70 * secondUs })
    ring.keep(blockOf(talk(pc, pump, 443, 71)))
    expect(collector.sweep()[0]!.packets).toHaveLength(first)
    expect(collector.sweep()).toEqual([])
  })

  test.each([
    { name: 'ARP by address', packets: [arpFrame(1, pc, pump)], port: null },
    { name: 'UDP', packets: [udpFrame(pump, pc, 161, 5000, new Uint8Array(4))], port: 161 },
    {
      name: 'a device that is known by its MAC only',
      packets: [udpFrame(pc, pump, 5000, 161, new Uint8Array(4))],
      device: { address: null, mac: pc.mac, name: null },
      port: 161,
    },
  ])('finds $name', ({ packets, port, device }) => {
    const ring = ringOf(packets.map((bytes) => ({ timeUs: shiftStartUs, bytes })))
    const collector = createCollector(ring, limits)
    const peers = [{ ...peerOf(pump.ip, 1), port }]
    collector.want(aboutPump({ peers, ...(device === undefined ? {} : { device }) }))
    expect(collector.sweep()[0]?.packets).toEqual([0])
  })

  test('takes every packet of a device whose anomaly names no peer', () => {
    const ring = ringOf(talk(pc, printer, 9100, 0), talk(pump, printer, 9100, 1))
    const collector = createCollector(ring, limits)
    collector.want(aboutPump({ peers: [] }))
    expect(collector.sweep()[0]!.packets).toHaveLength(talk(pc, printer, 9100, 0).length)
  })

  test('keeps no more of an anomaly than it may, and counts the rest', () => {
    const ring = ringOf(talk(pc, pump, 443, 1))
    const collector = createCollector(ring, { ...limits, packetsMax: 3 })
    collector.want(aboutPump())
    expect(collector.sweep()[0]!.packets).toEqual([0, 1, 2])
    expect(collector.counters).toMatchObject({ packets: 3, beyondLimit: ring.next - 3 })
  })

  test('counts anomalies that come too late, and those it cannot follow', () => {
    const ring = ringOf(talk(pc, pump, 443, 100))
    const collector = createCollector(ring, limits)
    collector.want(aboutPump())
    const later = { oldestUs: shiftStartUs + 100 * secondUs }
    for (const objectGroup of ['a', 'b', 'c']) collector.want(aboutPump({ ...later, objectGroup }))
    expect(collector.counters).toMatchObject({ tooLate: 1, refused: 1 })
  })
})

describe('evidence on disk', () => {
  let data: string
  beforeEach(() => (data = mkdtempSync(join(tmpdir(), 'wardwatch-evidence-'))))
  afterEach(() => rmSync(data, { recursive: true }))

  const path = () => evidencePath(data, 'north', 'port 1/..')

  test('goes from the ring to the list of an alert, as the packets were', async () => {
    const bus = createMemoryBus(memoryBusConfigSchema.parse({}))
    await bus.start()
    const evidence = createEvidence(evidenceConfigSchema.parse({ snapBytes: 64 }), {
      bus,
      folder: createEvidenceFolder(path(), 1e6),
      group: 'north.port 1',
      logger: silentLogger,
    })
    await evidence.start()
    const packets = talk(pc, pump, 443, 1)
    evidence.keep(blockOf(packets))
    const anomaly = aboutPump()
    const value = encodeAnomalyMessage({ kind: 'anomaly', anomaly })
    await bus.publish([{ topic: 'anomalies', partition: 0, value }])
    await bus.settled('anomalies')
    await evidence.stop()
    await bus.stop()

    const kept = await readEvidence(data, [anomaly.id, anomaly.id.replace(/^./, 'x')])
    expect(
      kept.packets.map(({ timeUs, originalLength, bytes }) => [timeUs, originalLength, [...bytes]]),
    ).toEqual(
      packets.map(({ timeUs, bytes }) => [timeUs, bytes.length, [...bytes.subarray(0, 64)]]),
    )
    expect(kept.files).toMatchObject([{ sensor: 'north.port 1/..', anomalyId: anomaly.id }])
    expect(linesOf(kept.packets)[0]).toEqual({
      time: '2026-03-02T08:00:01.000000Z',
      source: '10.60.1.66:40000',
      destination: '10.60.1.20:443',
      protocol: 'tcp',
      bytes: packets[0]!.bytes.length,
      info: 'SYN',
    })
    writeFileSync(join(path(), `${'0'.repeat(32)}.pcap`), captureOf(kept.packets))
    expect((await readEvidence(data, ['0'.repeat(32)])).packets).toEqual(kept.packets)
  })

  const records = (bytes: number) =>
    pcapRecords([{ timeUs: 1e6, originalLength: bytes, bytes: new Uint8Array(bytes) }])
  const idOf = (n: number) => n.toString(16).padStart(32, '0')

  test('is bounded: the file that was written to longest ago gives way, after a restart too', async () => {
    const folder = createEvidenceFolder(path(), 3000)
    for (const n of [1, 2, 3]) await folder.append(idOf(n), records(800))
    await folder.append(idOf(1), records(100))
    // Files are stamped by ticks of some ms: these were written within one.
    for (const [seconds, n] of [2, 3, 1].entries())
      utimesSync(join(path(), `${idOf(n)}.pcap`), seconds, seconds)
    await createEvidenceFolder(path(), 3000).append(idOf(4), records(800))
    expect(readdirSync(path()).sort()).toEqual([1, 3, 4].map((n) => `${idOf(n)}.pcap`))
  })

  test('takes nothing but the id of an anomaly for the name of a file', async () => {
    const folder = createEvidenceFolder(path(), 3000)
    await expect(folder.append('../../etc/passwd', records(1))).rejects.toThrow('not the id')
    expect((await readEvidence(data, ['../../etc/passwd'])).files).toEqual([])
  })

  test('reads what is whole of a file whose last record was cut by a crash, and refuses what is no capture', async () => {
    const folder = createEvidenceFolder(path(), 30_000)
    for (let i = 0; i < 2; i++) await folder.append(idOf(1), records(200))
    const file = join(path(), `${idOf(1)}.pcap`)
    writeFileSync(file, readFileSync(file).subarray(0, -10))
    expect((await readEvidence(data, [idOf(1)])).packets).toHaveLength(1)
    writeFileSync(file, 'what is this')
    await expect(readEvidence(data, [idOf(1)])).rejects.toMatchObject({
      code: 'CAPTURE_UNREADABLE',
    })
  })
})
