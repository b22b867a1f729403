import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createKnownPeers, type KnownPeers, type KnownPeersRow } from '../../history/known-peers.ts'
import { createSeriesMinutes, type SeriesSnapshot } from '../../history/series-minutes.ts'
import type { ObservationMessage } from '../../records/observation.ts'
import { minuteUs, secondUs } from '../../records/time.ts'
import type { TrafficPoint } from '../../store/series-store.ts'
import { observation } from '../support/observation.ts'
import { messageOf, seriesStartUs, view, type View } from '../support/series-flows.ts'

const limits = { countersMax: 10_000 }
const isDevice = (key: string) => key.includes('ip:10.')

const viewArbitrary = fc.record({
  gapSeconds: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 9 }) },
    { weight: 1, arbitrary: fc.integer({ min: 30, max: 400 }) },
  ),
  host: fc.constantFrom('north|lan|ip:10.0.0.1', 'north|lan|ip:10.0.0.2', 'north|wan|ip:1.2.3.4'),
  peer: fc.constantFrom('p1', 'p2', 'p3', 'p4', null),
  isOrig: fc.boolean(),
  isFirst: fc.boolean(),
  service: fc.constantFrom(null, 'tls', 'dicom', 'never-heard-of'),
  protocol: fc.constantFrom(6, 17, 1, 47),
  respPort: fc.constantFrom(104, 443, 53, 9_999),
  origPackets: fc.integer({ min: 0, max: 9 }),
  respPackets: fc.integer({ min: 0, max: 9 }),
  origIpBytes: fc.integer({ min: 0, max: 1_000 }),
  respIpBytes: fc.integer({ min: 0, max: 1_000 }),
})

const viewsOf = (minLength: number): fc.Arbitrary<View[]> =>
  fc.array(viewArbitrary, { minLength, maxLength: 60, size: 'max' }).map((list) => {
    let timeUs = seriesStartUs
    return list.map(({ gapSeconds, ...fields }) => {
      timeUs += gapSeconds * secondUs
      return view({ ...fields, timeUs })
    })
  })
const viewsArbitrary = viewsOf(1)
const longViews = viewsOf(40)

/** The same views in messages of these sizes, with a punctuation now and then, and the end of the input. */
function cut(views: readonly View[], sizes: readonly number[]): ObservationMessage[] {
  const messages: ObservationMessage[] = []
  let sequence = 1
  for (let at = 0, i = 0; at < views.length; i++) {
    const size = sizes[i % sizes.length]!
    const some = views.slice(at, at + size)
    messages.push(messageOf(some, { sequence: sequence++ }))
    at += size
    const { clockUs } = messages.at(-1)!
    if (size % 2 === 1)
      messages.push(observation({ site: 'north', kind: 'clock', clockUs, sequence: sequence++ }))
  }
  const { clockUs } = messages.at(-1)!
  messages.push(observation({ site: 'north', kind: 'end', clockUs, sequence }))
  return messages
}

/** What a store holds after these writes: a point replaces itself. */
function stored(points: Iterable<TrafficPoint>): TrafficPoint[] {
  const store = new Map<string, TrafficPoint>()
  for (const point of points) store.set(keyOf(point), point)
  return [...store].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, point]) => point)
}
const keyOf = (p: TrafficPoint) => `${p.minuteUs}|${p.device}|${p.service}|${p.direction}`

function undisturbed(messages: readonly ObservationMessage[]): TrafficPoint[] {
  const series = createSeriesMinutes(limits, { known: createKnownPeers([], 100), isDevice }, null)
  messages.forEach((message, offset) => series.onMessage(message, offset))
  return stored(series.takePoints())
}

/**
 * A writer that dies at each of `deaths` (numbers of messages handled in that life), with a commit every so many
 * messages; what was taken after the last commit is written all the same, as by a writer that died before it committed.
 */
function withDeaths(
  messages: readonly ObservationMessage[],
  deaths: readonly number[],
  commitEvery: number,
  isTopicKept: boolean,
): TrafficPoint[] {
  const written: TrafficPoint[] = []
  let snapshot: SeriesSnapshot | null = null
  const rows = new Map<string, KnownPeersRow>()
  for (const handledMax of [...deaths, Infinity]) {
    const known: KnownPeers = createKnownPeers([...rows.values()], 100)
    const series = createSeriesMinutes(limits, { known, isDevice }, snapshot)
    const first: number = isTopicKept ? (snapshot?.nextOffset ?? 0) : 0
    for (let i = first, handled = 0; i < messages.length && handled < handledMax; i++, handled++) {
      series.onMessage(messages[i]!, i)
      written.push(...series.takePoints())
      if (i % commitEvery !== 0) continue
      snapshot = structuredClone(series.snapshot())
      for (const row of known.takeChanges().changed) rows.set(row.device, row)
    }
  }
  return stored(written)
}

/** Adds up rows without minutes that open and close. */
function counted(views: readonly View[]) {
  const sums = new Map<string, { flows: number; packets: number; ipBytes: number }>()
  for (const one of views.filter(({ host }) => isDevice(host))) {
    const minute = Math.floor(one.timeUs / minuteUs) * minuteUs
    for (const direction of ['in', 'out'] as const) {
      const isSent = (direction === 'out') === one.isOrig
      const packets = isSent ? one.origPackets : one.respPackets
      const ipBytes = isSent ? one.origIpBytes : one.respIpBytes
      const flows = isSent && one.isFirst ? 1 : 0
      if (flows === 0 && packets === 0) continue
      const key = `${minute}|${one.host}|all|${direction}`
      const sum = sums.get(key) ?? { flows: 0, packets: 0, ipBytes: 0 }
      sum.flows += flows
      sum.packets += packets
      sum.ipBytes += ipBytes
      sums.set(key, sum)
    }
  }
  return sums
}

describe('one-minute points', () => {
  test('count every row of a device once, in its minute and direction', () => {
    fc.assert(
      fc.property(viewsArbitrary, (views) => {
        const points = undisturbed(cut(views, [7]))
        const all = points.filter(({ service }) => service === 'all')
        const found = all.map((p) => {
          return [keyOf(p), { flows: p.flows, packets: p.packets, ipBytes: p.ipBytes }] as const
        })
        expect(new Map(found)).toEqual(counted(views))
        const bytes = (some: readonly TrafficPoint[]) => some.reduce((sum, p) => sum + p.ipBytes, 0)
        expect(bytes(points)).toBe(2 * bytes(all))
      }),
    )
  })

  test('are the same however the rows are cut into messages', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(viewsArbitrary, sizes, sizes, (views, some, others) => {
        expect(undisturbed(cut(views, some))).toEqual(undisturbed(cut(views, others)))
      }),
    )
  })

  test('are the same wherever the writer dies and goes on, the topic kept or read from its start', () => {
    fc.assert(
      fc.property(
        viewsArbitrary,
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        (views, size, deaths, commitEvery, isTopicKept) => {
          const messages = cut(views, [size])
          expect(withDeaths(messages, deaths, commitEvery, isTopicKept)).toEqual(
            undisturbed(messages),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  test('are the same when two sensors tell of one site, each up to 30 s behind the other', () => {
    fc.assert(
      fc.property(
        longViews,
        fc.infiniteStream(fc.boolean()),
        fc.array(fc.integer({ min: 5, max: 40 }), { minLength: 1, maxLength: 6 }),
        (views, isSecond, deaths) => {
          // The second sensor's messages arrive where the first's clock is 25 s ahead.
          const messages: ObservationMessage[] = []
          const sequences = { tap: 1, other: 1 }
          const timed = views.map((one) => {
            const sensor = isSecond.next().value === true ? 'other' : 'tap'
            return { one, sensor, arrivalUs: one.timeUs + (sensor === 'other' ? 25e6 : 0) } as const
          })
          timed.sort((a, b) => a.arrivalUs - b.arrivalUs)
          for (const { one, sensor } of timed) {
            const sequence = sequences[sensor]++
            messages.push(messageOf([one], { sensor, sequence }))
          }
          messages.push(observation({ site: 'north', kind: 'end', sequence: sequences.tap }))
          expect(withDeaths(messages, deaths, 1, true)).toEqual(undisturbed(messages))
          const all = undisturbed(messages).filter(({ service }) => service === 'all')
          expect(all.map(keyOf).sort()).toEqual([...counted(views).keys()].sort())
        },
      ),
    )
  })
})
