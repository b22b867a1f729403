import type { Status } from '../../api.ts'
import { duration } from '../data/numbers.ts'
import { hrefOf } from '../data/route.ts'
import { type SensorHealth, sensorHealthOf, worstFirst } from '../data/sensor-health.ts'

/** Sensors that the strip has room for; the page of sensors shows all. */
const shownMax = 2

/** How the sensors do, on every page: the worst first. */
export function SensorStrip({ status }: { readonly status: Status | null }) {
  if (status === null) return <footer className="strip" aria-label="Sensors" />
  const sensors = worstFirst(status.sensors.map((s) => sensorHealthOf(s, status.nowMs)))
  const hidden = sensors.length - shownMax
  return (
    <footer className="strip" aria-label="Sensors">
      {sensors.length === 0 && <span className="muted">No sensor has reported yet.</span>}
      {sensors.slice(0, shownMax).map((sensor) => (
        <a key={sensor.name} className="strip-sensor" href={hrefOf({ page: 'sensors' })}>
          <StripSensor sensor={sensor} />
        </a>
      ))}
      {hidden > 0 && (
        <a className="strip-more" href={hrefOf({ page: 'sensors' })}>
          {hidden} more
        </a>
      )}
    </footer>
  )
}

function StripSensor({ sensor }: { readonly sensor: SensorHealth }) {
  return (
    <>
      <SensorMark sensor={sensor} />
      <span className={sensor.isStale ? 'strip-figures stale' : 'strip-figures'}>
        <Figure label="rate" value={sensor.rate} />
        <Figure label="" value={sensor.bits} />
        <Figure label="lag" value={sensor.lag} />
        <Figure label="loss" value={sensor.loss} />
        <Figure label="dupl." value={sensor.duplicates} />
        <Figure label="one-way" value={sensor.oneWay} />
        <Figure label="skew" value={sensor.skew} />
      </span>
    </>
  )
}

/** Name and state of a sensor: a shape and a word beside the colour. */
export function SensorMark({ sensor }: { readonly sensor: SensorHealth }) {
  const { level, name, word, isStale, ageMs } = sensor
  return (
    <span className={`sensor-mark level-${level}`}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true" focusable="false">
        {shapes[level]}
      </svg>
      <span className="sensor-name">{name}</span>
      <span className="sensor-word">{isStale ? `${word} for ${duration(ageMs)}` : word}</span>
    </span>
  )
}

const shapes = {
  good: <circle cx="8" cy="8" r="5" />,
  late: <path d="M8 1.5 14.5 8 8 14.5 1.5 8z" />,
  broken: <path d="M8 2 14.5 13.5h-13z" />,
  idle: <circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" strokeWidth="2" />,
} as const

function Figure({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <span>
      {label !== '' && <span className="muted">{label} </span>}
      {value}
    </span>
  )
}
