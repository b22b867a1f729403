import { medianAbsoluteDeviation, medianSorted } from 'simple-statistics'
import { hourUs } from '../../records/time.ts'

/** Hours of a bin that are kept: the newest 64, about three weeks of one part of the day. */
const samplesMax = 64

/** Six seasonal bins: {night 22–6, day 6–14, evening 14–22} × {weekday, weekend}, in the site's local time. */
export const seasonalBinCount = 6

/** `ln(1 + IP bytes)` of closed active hours by seasonal bin; rings of at most 64, oldest overwritten. */
export interface SeasonalVolumes {
  readonly out: number[][]
  readonly in: number[][]
  /** Hours noted in each bin; the next sample goes to `noted % 64`. */
  readonly noted: number[]
}

export function createSeasonalVolumes(): SeasonalVolumes {
  const rings = () => Array.from({ length: seasonalBinCount }, (): number[] => [])
  return { out: rings(), in: rings(), noted: new Array<number>(seasonalBinCount).fill(0) }
}

/** Notes one closed hour. */
export function noteVolume(
  volumes: SeasonalVolumes,
  bin: number,
  outBytes: number,
  inBytes: number,
): void {
  const at = volumes.noted[bin]! % samplesMax
  volumes.noted[bin]!++
  volumes.out[bin]![at] = Math.log1p(outBytes)
  volumes.in[bin]![at] = Math.log1p(inBytes)
}

export interface Expectation {
  /** Median of ln(1 + bytes) an hour, shrunk to the host's overall median. */
  readonly median: number
  /** 1.4826 × MAD, the robust standard deviation, in the same unit. */
  readonly scale: number
  /** Hours it rests on. */
  readonly hours: number
}

/**
 * What is usual in a seasonal bin: m′ = (n·m_bin + 8·m_all) / (n + 8), so that a bin with few hours leans on the rest.
 * Null when no hour has closed yet.
 */
export function expectedVolume(
  rings: readonly (readonly number[])[],
  bin: number,
): Expectation | null {
  const all = rings.flat()
  if (all.length === 0) return null
  const own = rings[bin]!
  const overall = robust(all)
  if (own.length === 0) return { ...overall, hours: 0 }
  const { median, scale } = robust(own)
  const shrink = (of: number, to: number) => (own.length * of + 8 * to) / (own.length + 8)
  return {
    median: shrink(median, overall.median),
    scale: shrink(scale, overall.scale),
    hours: own.length,
  }
}

function robust(values: readonly number[]): { median: number; scale: number } {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: medianSorted(sorted), scale: 1.4826 * medianAbsoluteDeviation(sorted) }
}

/** Local hour of the day and day of the week of an hour since the epoch. */
export interface Calendar {
  binOf(hour: number): number
  isWeekend(hour: number): boolean
}

/**
 * Calendar of an IANA time zone ("Europe/Berlin"), daylight saving time included.
 * @throws RangeError when the zone is unknown.
 */
export function createCalendar(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    hour: '2-digit',
    weekday: 'short',
  })
  // Hosts close the same hour one after the other: the last answer is kept.
  let lastHour = NaN
  let localHour = 0
  let isWeekend = false
  function look(hour: number): void {
    if (hour === lastHour) return
    lastHour = hour
    isWeekend = false
    for (const { type, value } of format.formatToParts((hour * hourUs) / 1000)) {
      if (type === 'hour') localHour = Number(value)
      if (type === 'weekday') isWeekend = value === 'Sat' || value === 'Sun'
    }
  }
  return {
    binOf(hour) {
      look(hour)
      const part = localHour >= 6 && localHour < 14 ? 1 : localHour >= 14 && localHour < 22 ? 2 : 0
      return part + (isWeekend ? 3 : 0)
    },
    isWeekend(hour) {
      look(hour)
      return isWeekend
    },
  }
}
