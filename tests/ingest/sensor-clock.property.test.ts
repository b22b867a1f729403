import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSensorClock, jumpUsMax } from '../../ingest/sensor-clock.ts'
import { dayUs } from '../../records/time.ts'

const now = 1_700_000_000_000_000

function play(stamps: readonly number[]) {
  const clock = createSensorClock()
  const times = stamps.map((stamp, i) => clock.admit(stamp, stamps[i + 1] ?? NaN))
  return { times, clamped: clock.clampedCount, clock }
}

describe('the sensor clock', () => {
  test('never goes back, and counts each stamp it replaced', () => {
    const stamp = fc.oneof(
      fc.integer({ min: 0, max: 2 ** 52 }),
      fc.integer({ min: now, max: now + 1000 }),
    )
    fc.assert(
      fc.property(fc.array(stamp), (stamps) => {
        const { times, clamped } = play(stamps)
        expect(times).toEqual([...times].sort((x, y) => x - y))
        expect(clamped).toBe(times.filter((time, i) => time !== stamps[i]).length)
      }),
    )
  })

  test('keeps every stamp of a capture whose stamps grow by at most 7 days', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: jumpUsMax })), (gaps) => {
        let at = now
        const stamps = gaps.map((gap) => (at += gap))
        expect(play(stamps)).toMatchObject({ times: stamps, clamped: 0 })
      }),
    )
  })

  const lone2106 = 4_300_000_000_000_000
  test.each([
    ['a lone stamp in 2106', [now, lone2106, now + 1], [now, now, now + 1], 1],
    ['a lone stamp in 2106 at the end', [now, lone2106], [now, now], 1],
    ['a lone stamp in 2106 at the beginning', [lone2106, now, now + 1], [now, now, now + 1], 1],
    [
      'a real gap of a month',
      [now, now + 30 * dayUs, now + 30 * dayUs + 5],
      [now, now + 30 * dayUs, now + 30 * dayUs + 5],
      0,
    ],
    [
      'two lone stamps that disagree',
      [now, lone2106, lone2106 / 2, now + 1],
      [now, now, now, now + 1],
      2,
    ],
    ['a stamp that goes back', [now, now - 5, now + 1], [now, now, now + 1], 1],
    ['a zero stamp at the beginning', [0, now, now + 1], [0, now, now + 1], 0],
  ])('judges %s', (_name, stamps, times, clamped) => {
    expect(play(stamps)).toMatchObject({ times, clamped })
  })

  test('moves with an idle capture, never back, and starts anew with a recording', () => {
    const { clock } = play([now])
    clock.advance(now + 10)
    clock.advance(now - 10)
    expect(clock.nowUs).toBe(now + 10)
    clock.restart()
    expect(clock.admit(5, 6)).toBe(5)
  })
})
