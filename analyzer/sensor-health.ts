import { isWardwatchError } from '../records/errors.ts'
import type { ObservationMessage } from '../records/observation.ts'
import type { Logger } from '../records/service.ts'
import type { DeviceStore, SensorRow } from '../store/state-store.ts'

/** Wall time between two writes, in ms: what the strip of sensors shows is at most so much older. */
const everyMs = 1000
/** Sensors of a site held; beyond it what a new one says is not kept. */
const sensorsMax = 4096
/** At most one log line about a failing store in this many ms. */
const logEveryMs = 10_000

export interface SensorRecorder {
  /** Takes what a sensor says of itself; every partition hears the same, the newest counts. */
  note(message: ObservationMessage): void
  /** Writes what has changed, if a second has passed since the last time. */
  flush(): Promise<void>
}

/**
 * Passes the health of sensors on to whoever shows it, in this process or another. Nothing rests on it: a store that
 * fails costs this look at the sensors, is logged, and the next second tries again.
 */
export function createSensorRecorder(deps: {
  readonly store: Pick<DeviceStore, 'noteSensors'>
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
}): SensorRecorder {
  const { store, logger, now } = deps
  const newest = new Map<string, Map<string, SensorRow>>()
  const changed = new Set<SensorRow>()
  let writtenMs = -Infinity
  let loggedMs = -Infinity

  return {
    note({ kind, site, sensor, run, clockUs, health }) {
      // What people decide is told by no sensor.
      if (kind === 'control') return
      let sensors = newest.get(site)
      if (sensors === undefined) newest.set(site, (sensors = new Map<string, SensorRow>()))
      const known = sensors.get(sensor)
      if (known?.run === run && (known.clockUs > clockUs || known.health.packets > health.packets))
        return
      if (known === undefined && sensors.size >= sensorsMax) return
      if (known !== undefined) changed.delete(known)
      const row = { site, sensor, run, heardMs: now(), clockUs, health }
      sensors.set(sensor, row)
      changed.add(row)
    },
    async flush() {
      if (changed.size === 0 || now() - writtenMs < everyMs) return
      writtenMs = now()
      const rows = [...changed]
      changed.clear()
      try {
        await store.noteSensors(rows)
      } catch (err) {
        if (!isWardwatchError(err)) throw err
        if (now() - loggedMs < logEveryMs) return
        loggedMs = now()
        logger.warn({ err, sensors: rows.length }, 'health of sensors not written')
      }
    },
  }
}
