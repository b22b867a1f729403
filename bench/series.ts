import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { minuteUs } from '../records/time.ts'
import type { Logger } from '../records/service.ts'
import {
  type InfluxdbAccess,
  influxdbFromEnvironment,
  startInfluxdb,
} from '../scripts/services/influxdb.mjs'
import { createInfluxdbSeriesStore } from '../store/adapters/influxdb.ts'
import { setUpBucket } from '../store/adapters/influxdb/setup.ts'
import { influxdbSeriesConfigSchema } from '../store/series-config.ts'
import type { SeriesStore, TrafficPoint } from '../store/series-store.ts'
import { type BenchResult, type BenchSize, compareInRounds } from './harness.ts'

const batchPoints = 5_000
const sizes = {
  small: { points: 20_000, rounds: 3 },
  full: { points: 100_000, rounds: 5 },
} as const
const services = ['all', 'dicom', 'tls', 'dns', 'hl7'] as const
const startUs = 1_772_438_400_000_000

/** Points through the spool into InfluxDB against plain line protocol by fetch: same server, same points, same batches. */
export async function run(size: BenchSize): Promise<BenchResult> {
  const { points: count, rounds } = sizes[size]
  const given = influxdbFromEnvironment()
  const server = given === null ? await startInfluxdb() : null
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-bench-series-'))
  const stores: SeriesStore[] = []
  const open = async (access: InfluxdbAccess, spoolFolder: string | null) => {
    const bucket = `bench-${randomUUID()}`
    await setUpBucket(access, { bucket, retentionDays: 0, timeoutMs: 15_000 })
    const { url, org } = access
    const config = influxdbSeriesConfigSchema.parse({
      ...{ kind: 'influxdb', url, org, bucket, batchPoints },
    })
    const store = createInfluxdbSeriesStore(config, { logger, access, spoolFolder })
    await store.start()
    stores.push(store)
    return { bucket, store }
  }
  try {
    const access = given ?? server!
    const ours = await open(access, folder)
    const peer = await open(access, null)
    const points = generatePoints(count)
    const writeOurs = async () => {
      for (let at = 0; at < count; at += batchPoints)
        await ours.store.write({ traffic: points.slice(at, at + batchPoints), scores: [] })
      await ours.store.settled(120_000)
      return count
    }
    const writePeer = async () => {
      for (let at = 0; at < count; at += batchPoints)
        await post(access, peer.bucket, points.slice(at, at + batchPoints))
      return count
    }
    await writeOurs()
    await writePeer()
    for (const device of [0, 7]) {
      const question = {
        ...{ site: 'north', devices: [deviceOf(device)], stepMinutes: 1_440 },
        ...{ fromUs: startUs, toUs: startUs + count * minuteUs },
      }
      const answer = await ours.store.series(question)
      assert.deepEqual(answer, await peer.store.series(question), 'both wrote the same points')
      assert.ok(answer.traffic.length > 0)
    }
    const compared = await compareInRounds({ ours: writeOurs, peer: writePeer, rounds, warmUps: 0 })
    return {
      name: 'series',
      claim:
        'One-minute points reach InfluxDB through a spool on disk about as fast as plain line protocol without one.',
      input: `${count.toLocaleString('en')} points of 5 fields over 1,000 devices, ${batchPoints.toLocaleString('en')} a batch; server on the same machine`,
      rounds: compared.rounds,
      ratio: compared.ratio,
      ours: { value: compared.ours, unit: 'points/s', spread: compared.spreads.ours },
      peer: {
        name: 'line protocol by fetch',
        value: compared.peer,
        unit: 'points/s',
        spread: compared.spreads.peer,
      },
      notes: [
        'From points in memory until the server has answered 204 for all of them; ours has synced each batch to disk before it is sent, and compresses it.',
        'Both write the same points again in each round; answers about two devices agree before the first.',
      ],
      bar: { min: size === 'full' ? 0.4 : 0.2 },
    }
  } finally {
    for (const store of stores) await store.stop()
    await rm(folder, { recursive: true, force: true })
    await server?.stop()
  }
}

const ignore = (): void => {}
const logger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => logger,
}

function deviceOf(number: number): string {
  return `north|default|ip:10.${number >> 8}.${number & 255}.1`
}

/** What 1,000 devices do, minute after minute. */
function generatePoints(count: number): TrafficPoint[] {
  return Array.from({ length: count }, (_, i) => ({
    minuteUs: startUs + Math.floor(i / 10_000) * minuteUs,
    site: 'north',
    device: deviceOf(Math.floor(i / 10) % 1_000),
    service: services[Math.floor(i / 2) % services.length]!,
    direction: i % 2 === 0 ? ('in' as const) : ('out' as const),
    flows: i % 7,
    packets: i % 1_009,
    ipBytes: (i * 7_919) % 10_000_019,
    peers: i % 23,
    newPeers: i % 3,
  }))
}

async function post(
  { url, org, token }: InfluxdbAccess,
  bucket: string,
  points: readonly TrafficPoint[],
): Promise<void> {
  const body = points
    .map(
      (p) =>
        `traffic,device=${p.device},direction=${p.direction},service=${p.service},site=${p.site} flows=${p.flows}i,packets=${p.packets}i,ip_bytes=${p.ipBytes}i,peers=${p.peers}i,new_peers=${p.newPeers}i ${p.minuteUs / 1e6}`,
    )
    .join('\n')
  const response = await fetch(`${url}/api/v2/write?org=${org}&bucket=${bucket}&precision=s`, {
    method: 'POST',
    headers: { authorization: `Token ${token}` },
    body,
  })
  assert.equal(response.status, 204)
  await response.arrayBuffer()
}
