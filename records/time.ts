/**
 * Event time: whole microseconds since 1970-01-01T00:00:00Z in a JavaScript number, exact until the year 2255.
 * Captures with nanoseconds are cut to microseconds (docs/decisions/0002).
 */
export type TimeUs = number

export const secondUs = 1_000_000
export const minuteUs = 60 * secondUs
export const hourUs = 60 * minuteUs
export const dayUs = 24 * hourUs

/** RFC 3339 in UTC with milliseconds: `2026-11-21T10:00:00.123Z`. */
export function formatTime(timeUs: TimeUs): string {
  return new Date(Math.floor(timeUs / 1000)).toISOString()
}

/** Reads RFC 3339 (any offset); NaN when it is not a time. */
export function parseTime(text: string): TimeUs {
  return Date.parse(text) * 1000
}
