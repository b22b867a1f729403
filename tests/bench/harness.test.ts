import { expect, test } from 'vitest'
import { compareInRounds, measureInRounds, spread } from '../../bench/harness.ts'

/** Contenders on a clock of their own: each run takes the next of its times, in ms, and does `units`. */
function createTrack() {
  let nowMs = 0
  const log: string[] = []
  return {
    log,
    now: () => nowMs,
    contender: (name: string, units: number, timesMs: readonly number[]) => {
      let run = 0
      return () => {
        log.push(name)
        nowMs += timesMs[run++ % timesMs.length]!
        return Promise.resolve(units)
      }
    },
  }
}

test('ratios are taken round by round, rates are medians, and the warm-up does not count', async () => {
  const track = createTrack()
  const compared = await compareInRounds({
    ours: track.contender('ours', 100, [9999, 10, 20, 40]),
    peer: track.contender('peer', 50, [1, 10, 10, 10]),
    rounds: 3,
    now: track.now,
  })
  // Quartiles between two values are interpolated. Ours: 10,000, 5,000 and 2,500 a second; the peer always 5,000.
  expect(compared).toEqual({
    rounds: 3,
    ratio: { median: 1, q1: 0.75, q3: 1.5 },
    ours: 5000,
    peer: 5000,
    spreads: {
      ours: { median: 5000, q1: 3750, q3: 7500 },
      peer: { median: 5000, q1: 5000, q3: 5000 },
    },
  })
})

test('the two take turns at going first', async () => {
  const { log, now, contender } = createTrack()
  await compareInRounds({
    ours: contender('ours', 1, [1]),
    peer: contender('peer', 1, [1]),
    rounds: 2,
    warmUps: 1,
    now,
  })
  expect(log).toEqual(['ours', 'peer', 'ours', 'peer', 'peer', 'ours'])
})

test('a single contender is measured in units per second', async () => {
  const { now, contender } = createTrack()
  expect(await measureInRounds(contender('ours', 40, [1, 4, 8, 2]), 3, 1, now)).toEqual({
    q1: 7500,
    median: 10_000,
    q3: 15_000,
  })
})

test('the spread is median and quartiles, of unsorted values too', () => {
  expect(spread([5, 1, 4, 2, 3])).toEqual({ q1: 2, median: 3, q3: 4 })
  expect(spread([7])).toEqual({ q1: 7, median: 7, q3: 7 })
})
