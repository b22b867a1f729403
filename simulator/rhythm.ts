import { dayUs, hourUs, type TimeUs } from '../records/time.ts'

/**
 * How busy somebody is, by hour of the day and day of the week in UTC: 1 in the busiest hour, 0 when nobody is there.
 * Event time only, so that history and live traffic follow one rhythm.
 */
export type Rhythm = (timeUs: TimeUs) => number

/** Machines that know neither night nor weekend. */
export const always: Rhythm = () => 1

/** A ward: early, late and night shift, never empty, a little quieter on weekends. */
export const wardShifts: Rhythm = (timeUs) => {
  const hour = hourOf(timeUs)
  const busy = hour >= 6 && hour < 14 ? 1 : hour >= 14 && hour < 22 ? 0.8 : 0.35
  return isWeekend(timeUs) ? busy * 0.8 : busy
}

/** Examinations and laboratory: by day, with an emergency service at night and on weekends. */
export const examinationHours: Rhythm = (timeUs) => {
  const hour = hourOf(timeUs)
  const busy = hour >= 7 && hour < 18 ? 1 : hour >= 18 && hour < 22 ? 0.4 : 0.15
  return isWeekend(timeUs) ? Math.min(busy, 0.3) : busy
}

/** Visitors and patients with their own devices. */
export const visitingHours: Rhythm = (timeUs) => {
  const hour = hourOf(timeUs)
  const busy = hour >= 9 && hour < 20 ? 1 : hour >= 7 && hour < 23 ? 0.6 : 0.2
  return isWeekend(timeUs) ? Math.min(1, busy * 1.2) : busy
}

function hourOf(timeUs: TimeUs): number {
  return Math.floor((timeUs % dayUs) / hourUs)
}

/** 1970-01-01 was a Thursday. */
export function isWeekend(timeUs: TimeUs): boolean {
  const weekday = (Math.floor(timeUs / dayUs) + 4) % 7
  return weekday === 0 || weekday === 6
}
