import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { minuteUs } from '../../records/time.ts'
import { startInfluxdb } from '../../scripts/services/influxdb.mjs'
import type { SeriesStore, TrafficPoint } from '../../store/series-store.ts'
import { contractStartUs, question, score, traffic } from '../contracts/series-store.contract.ts'
import { testDuckdbSeries } from '../support/duckdb-series.ts'
import { testBucket } from '../support/influxdb-bucket.ts'
import { startStandIn, type Trick } from '../support/influxdb-stand-in.ts'

const devices = Array.from({ length: 40 }, (_, i) => `north|lan|ip:10.0.${i}.1`)
const minutes = 60
const settleMs = 60_000

/** What 40 devices do in a minute, each in three services and both directions. */
function minuteOf(minute: number): TrafficPoint[] {
  return devices.flatMap((device, d) =>
    (['all', 'dicom', 'tls'] as const).flatMap((service, s) =>
      (['in', 'out'] as const).map((direction, i) =>
        traffic({
          ...{ minute, device, service, direction },
          ...{ flows: d + s, packets: minute + d * 10 + i, ipBytes: minute * 1_000 + d },
          ...{ peers: (minute * d) % 50, newPeers: minute % 3 },
        }),
      ),
    ),
  )
}

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

describe('series are complete, and the same as in DuckDB', () => {
  let embedded: SeriesStore
  beforeEach(async () => {
    const database = await testDuckdbSeries()
    closers.push(() => database.remove())
    embedded = database.create()
    await embedded.start()
    closers.push(() => embedded.stop())
  })

  async function writeBoth(influxdb: SeriesStore, during?: (minute: number) => Promise<void>) {
    for (let minute = 0; minute < minutes; minute++) {
      const points = {
        traffic: minuteOf(minute),
        scores: devices.map((device) => score(minute, (minute % 10) / 10, { device })),
      }
      await influxdb.write(points)
      await embedded.write(points)
      await during?.(minute)
    }
  }

  /** Every answer of both stores about every device, by minute and by hour. */
  async function expectSame(influxdb: SeriesStore, own = devices): Promise<void> {
    for (const device of own) {
      for (const stepMinutes of [1, 60]) {
        const asked = question({ devices: [device], stepMinutes })
        const answer = await influxdb.series(asked)
        expect(answer.traffic.length, device).toBeGreaterThan(0)
        expect(answer).toEqual(await embedded.series(asked))
      }
      const asked = question({ devices: [device] })
      expect(await influxdb.services(asked)).toEqual(await embedded.services(asked))
    }
  }

  test('after a server that was killed (-9) and started again while points came', async () => {
    const server = await startInfluxdb()
    closers.push(() => server.stop())
    const bucket = await testBucket(server)
    closers.push(() => bucket.remove())
    const store = bucket.create({ batchPoints: 500, timeoutMs: 5_000 })
    await store.start()
    closers.push(() => store.stop())
    await writeBoth(store, async (minute) => {
      if (minute % 20 === 5) await server.kill()
      if (minute % 20 === 12) await server.restart()
    })
    await store.settled(settleMs)
    await expectSame(store)
    expect(store.status()).toMatchObject({ waitingBytes: 0, losses: { points: 0 } })
  })

  test('after Wardwatch was stopped and started again while the server was away', async () => {
    const server = await startInfluxdb()
    closers.push(() => server.stop())
    const bucket = await testBucket(server)
    closers.push(() => bucket.remove())
    const first = bucket.create({ batchPoints: 500, timeoutMs: 5_000 })
    await first.start()
    await server.kill()
    await writeBoth(first)
    expect(first.status().waitingBytes).toBeGreaterThan(100_000)
    await first.stop()
    await server.restart()
    const second = bucket.create()
    await second.start()
    closers.push(() => second.stop())
    await second.settled(settleMs)
    await expectSame(second)
  })

  test('under 429 with Retry-After, 503, 500, cut connections and refusals of nothing', async () => {
    const tricks: Trick[] = [
      { kind: 'answer', status: 503 },
      { kind: 'pass' },
      { kind: 'answer', status: 500 },
      { kind: 'cut-after' },
      // Refused as a whole without a reason in the points: the halves are taken.
      { kind: 'answer', status: 422, linesMin: 100 },
      { kind: 'answer', status: 413, linesMin: 100 },
      { kind: 'pass' },
    ]
    const standIn = await startStandIn(inject('influxdb').url, (n) =>
      n === 3
        ? { kind: 'answer', status: 429, headers: { 'retry-after': '1' } }
        : tricks[n % tricks.length]!,
    )
    closers.push(() => standIn.stop())
    const store = await through(standIn.url)
    const startedMs = performance.now()
    await writeBoth(store)
    await store.settled(settleMs)
    expect(performance.now() - startedMs).toBeGreaterThan(1_000)
    expect(standIn.seen).toMatchObject({ 'answer-429': 1 })
    for (const kind of ['answer-503', 'answer-500', 'cut-after', 'answer-422', 'answer-413'])
      expect(standIn.seen[kind], kind).toBeGreaterThan(1)
    await expectSame(store)
    expect(store.status().losses).toEqual({ points: 0, byCause: {} })
  })

  test('but for the points that are refused with 422: exactly those are counted and kept', async () => {
    const isRefused = (line: string) =>
      line.includes('device=north|lan|ip:10.0.7.1') && line.includes('service=dicom')
    const standIn = await startStandIn(inject('influxdb').url, (n) =>
      n % 5 === 4 ? { kind: 'answer', status: 503 } : { kind: 'refuse', isRefused },
    )
    closers.push(() => standIn.stop())
    const store = await through(standIn.url)
    await writeBoth(store)
    await store.settled(settleMs)
    const lost = minutes * 2
    expect(store.status().losses).toEqual({ points: lost, byCause: { refused: lost } })
    await expectSame(
      store,
      devices.filter((device) => device !== devices[7]),
    )
    const asked = question({ devices: [devices[7]!] })
    expect(await store.series(asked)).toEqual(await embedded.series(asked))
    const dicom = { ...asked, service: 'dicom' }
    expect((await store.series(dicom)).traffic).toEqual([])
    expect((await embedded.series(dicom)).traffic).toHaveLength(lost)
    const words = await readFile(join(spoolFolder, 'lost.lines'), 'utf8')
    const lines = words.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(new Set(lines).size).toBe(lost)
    expect(lines.every(isRefused)).toBe(true)
  })

  let spoolFolder: string
  async function through(url: string): Promise<SeriesStore> {
    const bucket = await testBucket(inject('influxdb'), url)
    closers.push(() => bucket.remove())
    spoolFolder = bucket.spoolFolder
    const store = bucket.create({ batchPoints: 500 })
    await store.start()
    closers.push(() => store.stop())
    return store
  }
})

describe('InfluxDB', () => {
  test('refuses what is older than the retention of the bucket: counted as lost', async () => {
    const { setUpBucket } = await import('../../store/adapters/influxdb/setup.ts')
    const access = inject('influxdb')
    const bucket = await testBucket(access)
    closers.push(() => bucket.remove())
    const settings = { bucket: bucket.bucket, timeoutMs: 15_000 }
    expect(await setUpBucket(access, { ...settings, retentionDays: 10 })).toBe('retention-changed')
    expect(await setUpBucket(access, { ...settings, retentionDays: 10 })).toBe('unchanged')
    const store = bucket.create()
    await store.start()
    closers.push(() => store.stop())
    const old = traffic({ minuteUs: contractStartUs - 30 * 1_440 * minuteUs })
    await store.write({ traffic: [old, traffic()], scores: [] })
    await store.settled(settleMs)
    expect(store.status().losses).toEqual({ points: 1, byCause: { refused: 1 } })
    expect((await store.series(question())).traffic).toHaveLength(1)
  })

  test.each([
    { name: 'a wrong token', access: { token: 'wrong' } },
    { name: 'an organisation that is not there', access: { org: 'nobody' } },
  ])('keeps the points of a store with $name, and says so', async ({ access }) => {
    const right = inject('influxdb')
    const bucket = await testBucket(right)
    closers.push(() => bucket.remove())
    const { createInfluxdbSeriesStore } = await import('../../store/adapters/influxdb.ts')
    const { influxdbSeriesConfigSchema } = await import('../../store/series-config.ts')
    const { silentLogger } = await import('../support/silent-logger.ts')
    const config = influxdbSeriesConfigSchema.parse({
      ...{ kind: 'influxdb', url: right.url, org: right.org, bucket: bucket.bucket },
    })
    const store = createInfluxdbSeriesStore(config, {
      logger: silentLogger,
      access: { ...right, ...access },
      spoolFolder: bucket.spoolFolder,
    })
    await store.start()
    await store.write({ traffic: [traffic()], scores: [] })
    await expect(store.settled(1_000)).rejects.toMatchObject({ code: 'SERIES_STORE_FAILED' })
    expect(store.status().losses.points).toBe(0)
    expect(store.status().lastFailure).not.toBeNull()
    await store.stop()
    const mended = bucket.create()
    await mended.start()
    closers.push(() => mended.stop())
    await mended.settled(settleMs)
    expect((await mended.series(question())).traffic).toHaveLength(1)
  })
})
