import { expect, test } from 'vitest'
import type { Call, Caller } from '../../dashboard/http/route.ts'
import { evidenceRoutes, type ReadEvidence } from '../../dashboard/routes/evidence.ts'
import type { AuditEntry } from '../../store/audit-store.ts'
import type { AlertRow } from '../../store/state-store.ts'
import { anomalyOf } from '../support/anomalies.ts'

const anomaly = anomalyOf()
const packet = {
  time: '2026-03-02T08:00:00.000001Z',
  source: '10.60.1.66:40000',
  destination: '10.60.1.20:443',
  protocol: 'tcp',
  bytes: 60,
  info: 'SYN',
}
const caller: Caller = { userId: '1', name: 'ana', role: 'auditor', sessionHash: '' }

function routesOver(packetCount: number) {
  const entries: AuditEntry[] = []
  const asked: (readonly string[])[] = []
  const evidence: ReadEvidence = (ids) => {
    asked.push(ids)
    const lines = Array.from({ length: packetCount }, () => packet)
    return Promise.resolve({ lines, files: [], capture: () => Uint8Array.of(1, 2) })
  }
  const alerts = {
    get: (id: string) => Promise.resolve(id === 'known' ? ({ id } as AlertRow) : null),
    anomaliesOf: () => Promise.resolve([anomaly]),
  }
  const [list, file] = evidenceRoutes({
    states: { alerts } as unknown as Parameters<typeof evidenceRoutes>[0]['states'],
    audit: { record: (entry) => Promise.resolve(void entries.push(entry)) } as Parameters<
      typeof evidenceRoutes
    >[0]['audit'],
    evidence,
    now: () => 5,
  })
  const call = (id: string) => ({ params: { id }, from: '10.0.0.7' }) as unknown as Call
  return {
    entries,
    asked,
    list: (id: string) => list!.handle(call(id), caller),
    file: (id: string) => file!.handle(call(id), caller),
  }
}

test('lists the packets of an alert by its anomalies, and puts that on record', async () => {
  const { list, asked, entries } = routesOver(1)
  expect(await list('known')).toEqual({ json: { packets: [packet], packetCount: 1, files: [] } })
  expect(asked).toEqual([[anomaly.id]])
  expect(entries).toEqual([
    {
      by: 'ana',
      from: '10.0.0.7',
      atMs: 5,
      action: 'evidence.look-up',
      object: 'known',
      details: {},
    },
  ])
})

test('lists at most a thousand, and says how many there are', async () => {
  expect(await routesOver(1200).list('known')).toMatchObject({
    json: { packetCount: 1200, packets: { length: 1000 } },
  })
})

test('hands the packets out as a capture file, and puts that on record', async () => {
  const { file, entries } = routesOver(2)
  expect(await file('known')).toEqual({
    file: Uint8Array.of(1, 2),
    type: 'application/vnd.tcpdump.pcap',
    name: 'known.pcap',
  })
  expect(entries).toMatchObject([{ action: 'evidence.download' }])
})

test('says what there is none of, and records no look at nothing', async () => {
  const { list, file, entries } = routesOver(0)
  expect(await list('known')).toEqual({ json: { packets: [], packetCount: 0, files: [] } })
  await expect(file('known')).rejects.toMatchObject({ status: 404 })
  await expect(list('other')).rejects.toMatchObject({ status: 404, message: 'no such alert' })
  expect(entries).toEqual([])
})
