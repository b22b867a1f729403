import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { minuteUs, type TimeUs } from '../../records/time.ts'
import type { ScorePoint, SeriesStore, TrafficPoint } from '../../store/series-store.ts'
import { answerOf, servicesOf } from '../support/series-oracle.ts'

/** A whole hour and a whole day, not long ago: a server with retention keeps it. */
export const contractStartUs: TimeUs = Math.floor(Date.now() / 86_400_000 - 3) * 86_400_000_000

/** A point of device `a` in the first minute, with what the test sets. */
export function traffic(fields: Partial<TrafficPoint> & { minute?: number } = {}): TrafficPoint {
  const { minute = 0, ...given } = fields
  return {
    minuteUs: contractStartUs + minute * minuteUs,
    site: 'north',
    device: 'north|lan|ip:10.0.0.1',
    service: 'all',
    direction: 'out',
    flows: 1,
    packets: 10,
    ipBytes: 1_000,
    peers: 2,
    newPeers: 1,
    ...given,
  }
}

export function score(minute: number, value: number, fields: Partial<ScorePoint> = {}): ScorePoint {
  return {
    minuteUs: contractStartUs + minute * minuteUs,
    site: 'north',
    device: 'north|lan|ip:10.0.0.1',
    score: value,
    ...fields,
  }
}

/** Asks about device `a` over the first two hours, by the minute, unless told. */
export function question(fields: object = {}) {
  return {
    site: 'north',
    devices: ['north|lan|ip:10.0.0.1'],
    fromUs: contractStartUs,
    toUs: contractStartUs + 120 * minuteUs,
    stepMinutes: 1,
    ...fields,
  }
}

/** Points of two hours, each key once. */
export const pointsArbitrary: fc.Arbitrary<TrafficPoint[]> = fc.uniqueArray(
  fc.record({
    minuteUs: fc.integer({ min: 0, max: 150 }).map((n) => contractStartUs + n * minuteUs),
    site: fc.constantFrom('north', 'south'),
    device: fc.constantFrom('north|lan|ip:10.0.0.1', 'north|lan|mac:00:11:22:33:44:55'),
    service: fc.constantFrom('all', 'dicom', 'tls'),
    direction: fc.constantFrom('in', 'out'),
    flows: fc.integer({ min: 0, max: 50 }),
    packets: fc.integer({ min: 0, max: 1e6 }),
    ipBytes: fc.integer({ min: 0, max: 1e12 }),
    peers: fc.integer({ min: 0, max: 4_096 }),
    newPeers: fc.integer({ min: 0, max: 4_096 }),
  }),
  {
    selector: (p) => `${p.minuteUs}|${p.site}|${p.device}|${p.service}|${p.direction}`,
    maxLength: 80,
  },
)

const settleMs = 20_000

/**
 * Every promise of store/series-store.ts.
 * @param open makes stores on one and the same empty database, a new one for each test.
 */
export function seriesStoreContract(
  name: string,
  open: () => Promise<{ create: () => SeriesStore; remove: () => Promise<void> }>,
): void {
  describe(`${name} keeps the promises of a series store`, () => {
    let database: Awaited<ReturnType<typeof open>>
    let store: SeriesStore

    beforeEach(async () => {
      database = await open()
      store = database.create()
      await store.start()
    })
    afterEach(async () => {
      await store.stop()
      await database.remove()
    })

    async function write(points: readonly TrafficPoint[], scores: readonly ScorePoint[] = []) {
      await store.write({ traffic: points, scores })
      await store.settled(settleMs)
    }

    test('an empty store answers with nothing', async () => {
      expect(await store.series(question())).toEqual({ traffic: [], scores: [] })
      expect(await store.services(question())).toEqual([])
      expect(store.status()).toMatchObject({ waitingBytes: 0, losses: { points: 0 } })
    })

    test('gives back what was written, by the minute, without the minutes that were silent', async () => {
      await write([traffic({ minute: 7 }), traffic(), traffic({ direction: 'in', flows: 0 })])
      const step = { flows: 1, packets: 10, ipBytes: 1_000, newPeers: 1, peersMax: 2 }
      expect((await store.series(question())).traffic).toEqual([
        { startUs: contractStartUs, direction: 'in', ...step, flows: 0 },
        { startUs: contractStartUs, direction: 'out', ...step },
        { startUs: contractStartUs + 7 * minuteUs, direction: 'out', ...step },
      ])
    })

    test('a point written again replaces itself', async () => {
      await write([traffic(), traffic({ minute: 1 })], [score(0, 0.5)])
      await write([traffic({ packets: 99 })], [score(0, 0.7)])
      const { traffic: steps, scores } = await store.series(question())
      expect(steps.map(({ packets }) => packets)).toEqual([99, 10])
      expect(scores).toEqual([{ startUs: contractStartUs, scoreMax: 0.7 }])
    })

    test('adds up the minutes of a step, and takes the most of peers and of scores', async () => {
      await write(
        [
          traffic({ minute: 0, peers: 5 }),
          traffic({ minute: 59, peers: 9 }),
          traffic({ minute: 60, peers: 1 }),
        ],
        [score(3, 0.2), score(58, 0.9), score(61, 0.4)],
      )
      const hour = { direction: 'out' as const, newPeers: 2 }
      expect(await store.series(question({ stepMinutes: 60 }))).toEqual({
        traffic: [
          {
            ...{ startUs: contractStartUs, ...hour, flows: 2, packets: 20 },
            ...{ ipBytes: 2_000, peersMax: 9 },
          },
          {
            ...{ startUs: contractStartUs + 60 * minuteUs, ...hour, flows: 1, packets: 10 },
            ...{ ipBytes: 1_000, peersMax: 1, newPeers: 1 },
          },
        ],
        scores: [
          { startUs: contractStartUs, scoreMax: 0.9 },
          { startUs: contractStartUs + 60 * minuteUs, scoreMax: 0.4 },
        ],
      })
    })

    test('widens the time to whole steps', async () => {
      await write([traffic({ minute: 1 }), traffic({ minute: 119 }), traffic({ minute: 120 })])
      const asked = question({
        fromUs: contractStartUs + 30 * minuteUs,
        toUs: contractStartUs + 61 * minuteUs,
        stepMinutes: 60,
      })
      expect((await store.series(asked)).traffic.map(({ flows }) => flows)).toEqual([1, 1])
    })

    test('keeps sites, devices and services apart, and puts several keys of one device together', async () => {
      const other = 'north|lan|mac:00:11:22:33:44:55'
      await write([
        traffic(),
        traffic({ site: 'south', packets: 500 }),
        traffic({ device: other, packets: 7, peers: 4 }),
        traffic({ service: 'dicom', packets: 3 }),
      ])
      const packets = async (fields: object) =>
        (await store.series(question(fields))).traffic.map((step) => step.packets)
      expect(await packets({})).toEqual([10])
      expect(await packets({ site: 'south' })).toEqual([500])
      expect(await packets({ service: 'dicom' })).toEqual([3])
      expect(await packets({ devices: [other, question().devices[0]!] })).toEqual([17])
      expect(await packets({ devices: ['north|lan|ip:10.0.0.9'] })).toEqual([])
    })

    test('sums services up, the largest first, without that of all', async () => {
      await write([
        traffic({ ipBytes: 9_999_999 }),
        traffic({ service: 'tls', ipBytes: 5 }),
        traffic({ service: 'dicom', ipBytes: 70 }),
        traffic({ service: 'dicom', ipBytes: 30, minute: 119 }),
        traffic({ service: 'dicom', ipBytes: 30, minute: 120 }),
        traffic({ service: 'dns', ipBytes: 5, direction: 'in' }),
      ])
      const row = { direction: 'out', flows: 1, packets: 10 }
      expect(await store.services(question())).toEqual([
        { ...row, service: 'dicom', flows: 2, packets: 20, ipBytes: 100 },
        { ...row, service: 'dns', direction: 'in', ipBytes: 5 },
        { ...row, service: 'tls', ipBytes: 5 },
      ])
    })

    test('is there again after a restart', async () => {
      await write([traffic()], [score(0, 0.5)])
      await store.stop()
      store = database.create()
      await store.start()
      const { traffic: steps, scores } = await store.series(question())
      expect([steps.length, scores.length]).toEqual([1, 1])
    })

    test('takes hostile names as they are', async () => {
      const device = 'north|x" or true or "|ip:10.0.0.1, =\\ \u2028'
      const site = 'a b,c=d"e'
      await write([traffic({ device, site })])
      expect((await store.series(question({ devices: [device], site }))).traffic).toHaveLength(1)
      expect((await store.series(question({ devices: [device] }))).traffic).toEqual([])
    })

    test('refuses questions that no answer can be given to', async () => {
      for (const fields of [
        { toUs: contractStartUs },
        { stepMinutes: 0.5 },
        { stepMinutes: 0 },
        { devices: [] },
        { devices: Array<string>(65).fill('a') },
        { fromUs: 0 },
      ])
        await expect(store.series(question(fields)), Object.keys(fields)[0]).rejects.toBeInstanceOf(
          RangeError,
        )
    })

    test('answers as a plain count over all points does', async () => {
      const questions = fc.record({
        fromUs: fc.integer({ min: -10, max: 100 }).map((n) => contractStartUs + n * minuteUs),
        minutes: fc.integer({ min: 1, max: 200 }),
        stepMinutes: fc.constantFrom(1, 5, 60, 120, 1_440),
        service: fc.constantFrom('all', 'dicom'),
      })
      await fc.assert(
        fc.asyncProperty(pointsArbitrary, questions, async (points, { minutes, ...asked }) => {
          // Runs share one store: each has a site of its own.
          const site = `site-${crypto.randomUUID()}`
          const own = points.map((point) => ({ ...point, site: `${site}-${point.site}` }))
          const devices = ['north|lan|ip:10.0.0.1', 'north|lan|mac:00:11:22:33:44:55']
          const q = { ...asked, toUs: asked.fromUs + minutes * minuteUs, devices }
          await write(own.toReversed())
          for (const half of ['north', 'south']) {
            const one = { ...q, site: `${site}-${half}` }
            expect((await store.series(one)).traffic).toEqual(answerOf(own, one))
            expect(await store.services(one)).toEqual(servicesOf(own, one))
          }
        }),
        { numRuns: 10 },
      )
    })
  })
}
