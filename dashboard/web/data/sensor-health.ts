import type { RatedSensor } from '../../api.ts'
import { duration, formatNumber } from './numbers.ts'

export interface SensorHealth {
  readonly name: string
  readonly level: 'good' | 'late' | 'broken' | 'idle'
  /** What the level rests on, in a word or two. */
  readonly word: string
  /** Age of what is known, ms; shown once it is stale. */
  readonly ageMs: number
  readonly isStale: boolean
  /** Each as it is shown; `—` where nothing can be said. */
  readonly rate: string
  readonly bits: string
  readonly lag: string
  readonly loss: string
  readonly duplicates: string
  readonly oneWay: string
  readonly skew: string
}

/** A sensor speaks at least every second; silent for longer, what it said is old. */
const staleMs = 5000
/** More one-way flows than this and detectors that need both directions are not evaluated (analyzer/config.ts). */
const oneWayMax = 0.3
const oneWayFlowsMin = 20

/** What the strip says of a sensor. @param nowMs clock of the server */
export function sensorHealthOf(sensor: RatedSensor, nowMs: number): SensorHealth {
  const ageMs = Math.max(0, nowMs - sensor.heardMs)
  const isStale = ageMs > staleMs
  // How far its clock was from ours when it was heard: behind is lag, ahead can only be a wrong clock.
  const behindMs = sensor.heardMs - sensor.clockUs / 1000
  const isClockKnown = sensor.isLive && sensor.clockUs > 0
  const oneWay = sensor.judgedFlows === 0 ? null : sensor.oneWayFlows / sensor.judgedFlows
  const health = {
    name: `${sensor.site}/${sensor.sensor}`,
    ageMs,
    isStale,
    rate: rateOf(sensor.packetsPerSecond, 'pkt/s'),
    bits: rateOf(sensor.bytesPerSecond === null ? null : sensor.bytesPerSecond * 8, 'bit/s'),
    lag: isClockKnown ? duration(Math.max(0, behindMs)) : '—',
    skew: isClockKnown && behindMs < 0 ? `+${duration(-behindMs)}` : isClockKnown ? '0 s' : '—',
    loss: shareOf(sensor.dropped, sensor.packets + sensor.dropped),
    duplicates: shareOf(sensor.duplicates, sensor.packets),
    oneWay: oneWay === null ? '—' : percent(oneWay),
  }
  return { ...health, ...levelOf(sensor, isStale, isClockKnown ? behindMs : null, oneWay) }
}

function levelOf(
  sensor: RatedSensor,
  isStale: boolean,
  behindMs: number | null,
  oneWay: number | null,
): Pick<SensorHealth, 'level' | 'word'> {
  if (isStale) return { level: 'broken', word: 'silent' }
  if (sensor.teaching !== undefined) return { level: 'idle', word: 'learning' }
  if (typeof sensor.capture?.downSinceUs === 'number')
    return { level: 'broken', word: 'captures nothing' }
  if (behindMs !== null && behindMs > 10_000) return { level: 'broken', word: 'far behind' }
  if ((sensor.droppedPerSecond ?? 0) > 0) return { level: 'broken', word: 'losing packets' }
  if (behindMs !== null && behindMs < -2000) return { level: 'late', word: 'clock ahead' }
  if (behindMs !== null && behindMs > 2000) return { level: 'late', word: 'behind' }
  if (oneWay !== null && oneWay > oneWayMax && sensor.judgedFlows >= oneWayFlowsMin)
    return { level: 'late', word: 'sees one direction' }
  if (sensor.packets === 0) return { level: 'idle', word: 'no packet yet' }
  if (!sensor.isLive) return { level: 'idle', word: 'replay' }
  return { level: 'good', word: 'healthy' }
}

/** Worst first, then by name: what wants somebody is what is seen. */
export function worstFirst(sensors: readonly SensorHealth[]): SensorHealth[] {
  const order: readonly SensorHealth['level'][] = ['broken', 'late', 'good', 'idle']
  return sensors.toSorted(
    (a, b) => order.indexOf(a.level) - order.indexOf(b.level) || (a.name < b.name ? -1 : 1),
  )
}

/** `1.2 k pkt/s`; thousands are cut because the third digit means nothing at a glance. */
function rateOf(perSecond: number | null, unit: string): string {
  if (perSecond === null) return '—'
  const sizes = ['', 'k', 'M', 'G'] as const
  let [value, size] = [perSecond, 0]
  while (value >= 1000 && size < sizes.length - 1) [value, size] = [value / 1000, size + 1]
  const digits = value < 10 && size > 0 ? value.toFixed(1) : String(Math.round(value))
  return `${digits} ${sizes[size]!}${unit}`
}

function shareOf(part: number, whole: number): string {
  if (whole === 0) return '—'
  return part === 0 ? '0' : percent(part / whole)
}

/** Small shares keep a digit, and are never rounded to nothing. */
function percent(share: number): string {
  const value = share * 100
  if (value > 0 && value < 0.1) return '< 0.1 %'
  return `${value < 10 ? formatNumber(Math.round(value * 10) / 10) : Math.round(value)} %`
}
