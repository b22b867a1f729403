import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { type ConfigInput, parseConfig } from '../../app/config.ts'
import { recordingsOf } from '../../app/recordings.ts'
import { createWardwatch, type Wardwatch } from '../../app/wire.ts'
import { hourUs } from '../../records/time.ts'
import { sampleInventory, sampleStations } from '../../simulator/sample-capture.ts'
import { setUpBucket } from '../../store/adapters/influxdb/setup.ts'
import type { SeriesAnswer, ServiceTotal } from '../../store/series-store.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

/** Where `writeLongCapture` begins. */
const sampleStartUs = 1_767_600_000_000_000
const folder = temporaryFolder()
afterAll(folder.remove)
let capture: string
beforeAll(() => {
  capture = writeLongCapture(folder.path, 20)
})

interface Told {
  readonly series: SeriesAnswer
  readonly services: readonly ServiceTotal[]
}

/** The capture through every role of one process; what its series tell of each device, and its history beside it. */
async function play(name: string, changes: ConfigInput): Promise<Map<string, Told>> {
  const config = parseConfig({
    data: `${folder.path}/${name}`,
    inventory: sampleInventory,
    ...changes,
  })
  const wardwatch = createWardwatch(config, {
    roles: ['ingest', 'analyzer', 'alerts', 'historian'],
    recordings: recordingsOf([], [capture]),
    logger: createQuietLogger(),
    now: Date.now,
    failed: (error) => {
      throw error
    },
  })
  try {
    await wardwatch.start()
    const { sensor, run } = config.ingest
    await wardwatch.ingest!.done
    await wardwatch.alerts!.ended(sensor, run, wardwatch.bus.partitionCount('observations'))
    return await look(wardwatch)
  } finally {
    await wardwatch.stop()
  }
}

/** Stations of the ward that talk by their address; those with a lease are known by their MAC. */
const hosts = Object.values(sampleStations).flatMap(({ ip, mac }) => [
  `main|default|ip:${ip}`,
  `main|default|mac:${mac}`,
])

const questionOf = (host: string) => ({
  site: 'main',
  devices: [host],
  fromUs: sampleStartUs,
  toUs: sampleStartUs + hourUs,
  stepMinutes: 1,
})

async function look({ series, lookup }: Wardwatch): Promise<Map<string, Told>> {
  const store = series!.store
  // The history and the series are two readers of one topic: the same packets, counted on two ways.
  return vi.waitFor(
    async () => {
      await store.settled(20_000)
      const told = new Map<string, Told>()
      for (const host of hosts) {
        const found = await store.series(questionOf(host))
        const { totals } = await lookup({ device: host, limit: 1 })
        expect(sums(found), host).toEqual({
          in: { packets: totals.packetsIn, ipBytes: totals.ipBytesIn },
          out: { packets: totals.packetsOut, ipBytes: totals.ipBytesOut },
          flows: totals.flows,
        })
        if (totals.flows > 0)
          told.set(host, { series: found, services: await store.services(questionOf(host)) })
      }
      // Before either has read anything, they agree on nothing.
      expect(told.size).toBeGreaterThan(3)
      return told
    },
    { timeout: 90_000, interval: 200 },
  )
}

function sums({ traffic }: SeriesAnswer) {
  const all = { in: { packets: 0, ipBytes: 0 }, out: { packets: 0, ipBytes: 0 }, flows: 0 }
  for (const { direction, packets, ipBytes, flows } of traffic) {
    all[direction].packets += packets
    all[direction].ipBytes += ipBytes
    all.flows += flows
  }
  return all
}

describe('series of a whole installation', () => {
  test('count what the history counts, and are the same in DuckDB over memory and InfluxDB over Kafka', async () => {
    const embedded = await play('embedded', {})
    const influxdb = inject('influxdb')
    const bucket = `test-${randomUUID()}`
    await setUpBucket(influxdb, { bucket, retentionDays: 0, timeoutMs: 15_000 })
    const distributed = await play('distributed', {
      bus: {
        kind: 'kafka',
        brokers: inject('kafkaBrokers'),
        topicPrefix: `test-${randomUUID()}.`,
        partitions: { observations: 3 },
        replicationFactor: 1,
      },
      series: { kind: 'influxdb', ...influxdb, bucket },
    })
    const all = [...embedded.values()]
    expect(all.some(({ series }) => series.scores.length > 0)).toBe(true)
    expect(all.every(({ services }) => services.length > 0)).toBe(true)
    expect(distributed).toEqual(embedded)
  })
})
