import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { minuteUs } from '../../../records/time.ts'
import {
  contractStartUs,
  question,
  score,
  seriesStoreContract,
  traffic,
} from '../../contracts/series-store.contract.ts'
import { testDuckdbSeries } from '../../support/duckdb-series.ts'

seriesStoreContract('duckdb', testDuckdbSeries)

describe('series in DuckDB', () => {
  let database: Awaited<ReturnType<typeof testDuckdbSeries>>
  let store: ReturnType<typeof database.create>
  beforeEach(async () => {
    database = await testDuckdbSeries()
    store = database.create({ minuteDays: 1, hourDays: 30 })
    await store.start()
  })
  afterEach(async () => {
    await store.stop()
    await database.remove()
  })

  const write = (...minutes: number[]) =>
    store.write({ traffic: minutes.map((minute) => traffic({ minute })), scores: [] })
  const hours = () =>
    store.series(question({ stepMinutes: 60, toUs: contractStartUs + 60 * 1_440 * minuteUs }))

  test('drops minutes after their days, and keeps the hours', async () => {
    await write(0, 1, 61)
    await write(3 * 1_440)
    expect((await store.series(question())).traffic).toEqual([])
    expect((await hours()).traffic.map(({ flows }) => flows)).toEqual([2, 1, 1])
  })

  test('drops hours and scores after theirs', async () => {
    await store.write({ traffic: [], scores: [score(0, 0.5)] })
    await write(0)
    await write(40 * 1_440)
    await write(41 * 1_440)
    const { traffic: steps, scores } = await hours()
    expect(steps.map(({ startUs }) => (startUs - contractStartUs) / minuteUs)).toEqual([
      40 * 1_440,
      41 * 1_440,
    ])
    expect(scores).toEqual([])
  })

  test('rolls an hour up again when one of its minutes is written again', async () => {
    await write(0, 1, 61)
    await store.write({ traffic: [traffic({ flows: 10 }), traffic({ minute: 130 })], scores: [] })
    expect((await hours()).traffic.map(({ flows }) => flows)).toEqual([11, 1, 1])
  })

  test('the last of two points of one key in one write is kept, as in any order of two writes', async () => {
    await store.write({ traffic: [traffic({ flows: 1 }), traffic({ flows: 7 })], scores: [] })
    expect((await store.series(question())).traffic.map(({ flows }) => flows)).toEqual([7])
  })

  test('a killed process loses nothing that was acknowledged, and the next one answers', async () => {
    const written: number[] = []
    let isKilled = false
    for (let minute = 0; minute < 30; minute++) {
      const writing = write(minute)
      if (minute % 10 === 5) {
        process.kill(store.host.health().pid!, 'SIGKILL')
        isKilled = true
      }
      const outcome = await writing.then(
        () => 'written',
        () => 'failed',
      )
      if (outcome === 'written') written.push(minute)
    }
    expect(isKilled).toBe(true)
    expect(written.length).toBeGreaterThan(20)
    const found = (await store.series(question())).traffic.map(
      ({ startUs }) => (startUs - contractStartUs) / minuteUs,
    )
    expect(found).toEqual(expect.arrayContaining(written))
    expect(store.host.health().crashes).toBeGreaterThanOrEqual(3)
  })
})
