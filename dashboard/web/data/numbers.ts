const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** Time since, in its largest whole unit: `now`, `42 s`, `3 min`, `5 h`, `12 d`, `8 y`. */
export function ago(timeMs: number, nowMs: number): string {
  const passed = nowMs - timeMs
  if (passed < second) return 'now'
  if (passed < minute) return `${Math.floor(passed / second)} s`
  if (passed < hour) return `${Math.floor(passed / minute)} min`
  if (passed < day) return `${Math.floor(passed / hour)} h`
  if (passed < 1000 * day) return `${Math.floor(passed / day)} d`
  return `${Math.floor(passed / (365.25 * day))} y`
}

/** A lag with honest precision: `0.4 s`, `12 s`, `3 min`. */
export function duration(ms: number): string {
  if (ms < 10 * second) return `${(ms / second).toFixed(1)} s`
  if (ms < 2 * minute) return `${Math.round(ms / second)} s`
  if (ms < 2 * hour) return `${Math.round(ms / minute)} min`
  return ms < 2 * day ? `${Math.round(ms / hour)} h` : `${Math.round(ms / day)} d`
}

const local = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  hourCycle: 'h23',
})

/** In the reader's own time zone. */
export function localTime(timeMs: number): string {
  return local.format(timeMs)
}

/** `2026-03-02 08:00:09 UTC` */
export function utcTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })

export function formatNumber(value: number): string {
  return Number.isInteger(value) ? whole.format(value) : precise.format(value)
}

/** `1.2 MB`, decimal as in look.md. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const
  let [value, unit] = [bytes, 0]
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1]
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]!}`
}
