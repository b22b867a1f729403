import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeviceSeries } from '../../../dashboard/api.ts'
import { chartDataOf, servicesOf, totalsOf } from '../../../dashboard/web/data/series.ts'
import {
  formatRange,
  parseRange,
  presets,
  stepMinutesFor,
} from '../../../dashboard/web/data/time-range.ts'

const minute = 60_000
const step = (startMs: number, direction: 'in' | 'out', ipBytes: number) => ({
  startMs,
  direction,
  flows: 1,
  packets: 2,
  ipBytes,
  newPeers: 0,
  peersMax: 1,
})
const series = (changes: Partial<DeviceSeries>): DeviceSeries => ({
  fromMs: 0,
  toMs: 5 * minute,
  stepMinutes: 1,
  traffic: [],
  scores: [],
  services: [],
  ...changes,
})

describe('the chart of a device', () => {
  test('has a point for every step, zero where nothing was, in bytes a second', () => {
    const { times, sent, received } = chartDataOf(
      series({ traffic: [step(minute, 'out', 600), step(3 * minute, 'in', 60)] }),
    )
    expect(times).toEqual([0, 60, 120, 180, 240])
    expect(sent).toEqual([0, 10, 0, 0, 0])
    expect(received).toEqual([0, 0, 0, 1, 0])
  })

  test('leaves out what lies beside the range', () => {
    const traffic = [step(-minute, 'out', 600), step(5 * minute, 'out', 600)]
    expect(chartDataOf(series({ traffic })).sent).toEqual([0, 0, 0, 0, 0])
  })

  test('sums what was sent and received, and knows the peak', () => {
    const traffic = [step(0, 'out', 600), step(0, 'in', 60), step(minute, 'out', 1200)]
    expect(totalsOf(series({ traffic }))).toEqual({
      sentBytes: 1800,
      receivedBytes: 60,
      flows: 3,
      peak: 20,
    })
  })

  test('tells services with both directions together, the largest first', () => {
    const services = [
      { service: 'dns', direction: 'out' as const, flows: 9, ipBytes: 90 },
      { service: 'dicom', direction: 'out' as const, flows: 1, ipBytes: 60 },
      { service: 'dicom', direction: 'in' as const, flows: 0, ipBytes: 60 },
    ]
    expect(servicesOf(series({ services }))).toEqual([
      { service: 'dicom', ipBytes: 120, flows: 1 },
      { service: 'dns', ipBytes: 90, flows: 9 },
    ])
  })
})

describe('a time range', () => {
  const endMs = 1_772_438_400_000

  test.each([
    { text: undefined, hours: 24 },
    { text: '7d', hours: 168 },
    { text: 'nonsense', hours: 24 },
    { text: '2026-03-02T09:00:00Z/2026-03-02T08:00:00Z', hours: 24 },
  ])('$text is $hours hours', ({ text, hours }) => {
    const range = parseRange(text, '24h', endMs)
    expect(range).toEqual({ fromMs: endMs - hours * 3_600_000, toMs: endMs })
  })

  test('that was brushed is read again as it was written', () => {
    fc.assert(
      fc.property(fc.nat(4e9), fc.integer({ min: 1, max: 4e7 }), (from, length) => {
        const range = { fromMs: from * 1000, toMs: (from + length) * 1000 }
        expect(parseRange(formatRange(range), '24h', endMs)).toEqual(range)
      }),
    )
  })

  test('has at most 720 steps', () => {
    for (const { ms } of Object.values(presets)) {
      const range = { fromMs: endMs - ms, toMs: endMs }
      expect(ms / minute / stepMinutesFor(range)).toBeLessThanOrEqual(720)
    }
    expect(stepMinutesFor({ fromMs: 0, toMs: 3_600_000 })).toBe(1)
  })
})
