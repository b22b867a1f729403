import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createCalendar,
  createSeasonalVolumes,
  expectedVolume,
  noteVolume,
} from '../../../analyzer/baseline/volumes.ts'

const hourOf = (iso: string) => Math.floor(Date.parse(iso) / 3_600_000)

describe('the calendar', () => {
  test.each([
    { name: 'a weekday morning', at: '2026-03-02T06:00:00Z', zone: 'UTC', bin: 1 },
    { name: 'a weekday evening', at: '2026-03-02T14:00:00Z', zone: 'UTC', bin: 2 },
    { name: 'a weekday night', at: '2026-03-02T22:00:00Z', zone: 'UTC', bin: 0 },
    { name: 'a weekend night', at: '2026-03-07T05:00:00Z', zone: 'UTC', bin: 3 },
    {
      name: 'local time, the day before in UTC',
      at: '2026-03-06T23:00:00Z',
      zone: 'Europe/Berlin',
      bin: 3,
    },
    {
      name: 'the night in which summer time begins',
      at: '2026-03-29T03:00:00Z',
      zone: 'Europe/Berlin',
      bin: 3,
    },
    {
      name: 'summer time: 04:00 UTC is 06:00',
      at: '2026-03-30T04:00:00Z',
      zone: 'Europe/Berlin',
      bin: 1,
    },
    {
      name: 'winter time: 04:00 UTC is 05:00',
      at: '2026-03-02T04:00:00Z',
      zone: 'Europe/Berlin',
      bin: 0,
    },
  ])('knows $name', ({ at, zone, bin }) => {
    expect(createCalendar(zone).binOf(hourOf(at))).toBe(bin)
  })
})

describe('what is expected of an hour', () => {
  test('is nothing before an hour has closed', () => {
    expect(expectedVolume(createSeasonalVolumes().out, 0)).toBeNull()
  })

  test('leans on all hours while a bin has few of its own', () => {
    const volumes = createSeasonalVolumes()
    for (let i = 0; i < 8; i++) noteVolume(volumes, 1, 1000, 0)
    const got = expectedVolume(volumes.out, 4)!
    expect(got).toEqual({ median: Math.log1p(1000), scale: 0, hours: 0 })
  })

  test('forgets the oldest hour past 64', () => {
    const volumes = createSeasonalVolumes()
    for (let i = 0; i < 64; i++) noteVolume(volumes, 0, 10, 10)
    for (let i = 0; i < 64; i++) noteVolume(volumes, 0, 5000, 10)
    expect(volumes.out[0]).toHaveLength(64)
    expect(expectedVolume(volumes.out, 0)!.median).toBeCloseTo(Math.log1p(5000))
  })

  test('is never NaN and lies within what was seen', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(5), fc.double({ min: 0, max: 1e15, noNaN: true })), {
          minLength: 1,
        }),
        fc.nat(5),
        (hours, bin) => {
          const volumes = createSeasonalVolumes()
          for (const [of, bytes] of hours) noteVolume(volumes, of, bytes, bytes)
          const { median, scale } = expectedVolume(volumes.out, bin)!
          const logs = volumes.out.flat()
          expect(median).toBeGreaterThanOrEqual(Math.min(...logs) - 1e-9)
          expect(median).toBeLessThanOrEqual(Math.max(...logs) + 1e-9)
          expect(scale).toBeGreaterThanOrEqual(0)
        },
      ),
    )
  })
})
