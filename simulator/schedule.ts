import { hourUs, type TimeUs } from '../records/time.ts'
import type { Random } from './random.ts'
import type { Rhythm } from './rhythm.ts'

/** Event time that is played: from `fromUs` up to, not including, `toUs`; `toUs` may be infinite. */
export interface Period {
  readonly fromUs: TimeUs
  readonly toUs: TimeUs
}

/**
 * Times at which something happens at random, on average every `meanUs` in the busiest hour and less often as the
 * rhythm tells (a Poisson process, thinned). At least `pauseUs` lies between two of them.
 */
export function* atRandom(
  period: Period,
  random: Random,
  meanUs: number,
  rhythm: Rhythm,
  pauseUs = 0,
): Generator<TimeUs> {
  let timeUs = period.fromUs
  for (;;) {
    timeUs += pauseUs + random.wait(Math.max(1, meanUs - pauseUs))
    if (timeUs >= period.toUs) return
    if (random.chance(rhythm(timeUs))) yield Math.round(timeUs)
  }
}

/** Times a fixed step apart, each off by up to `jitterUs`, the first within `phaseMaxUs` of the beginning. */
export function* regularly(
  period: Period,
  random: Random,
  everyUs: number,
  jitterUs = 0,
  phaseMaxUs = everyUs,
): Generator<TimeUs> {
  const phaseUs = random.float() * phaseMaxUs
  for (let timeUs = period.fromUs + phaseUs; timeUs + jitterUs < period.toUs; timeUs += everyUs)
    yield Math.round(timeUs + random.float() * jitterUs)
}

/** Full hours of the clock at `hour`, every day, off by up to `jitterUs`. */
export function* daily(
  period: Period,
  random: Random,
  hour: number,
  jitterUs: number,
): Generator<TimeUs> {
  const dayUs = 24 * hourUs
  const firstUs = Math.floor(period.fromUs / dayUs) * dayUs + hour * hourUs
  for (let timeUs = firstUs; timeUs < period.toUs; timeUs += dayUs) {
    const atUs = Math.round(timeUs + random.float() * jitterUs)
    if (atUs >= period.fromUs && atUs < period.toUs) yield atUs
  }
}
