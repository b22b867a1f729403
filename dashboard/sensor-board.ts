import type { Logger, Service } from '../records/service.ts'
import type { DeviceStore, SensorRow } from '../store/state-store.ts'
import type { RatedSensor, SensorStatus } from './api.ts'

export interface SensorBoard extends Service {
  /** Every sensor that is known, by site and name. */
  current(): RatedSensor[]
}

/** How often the sensors are looked at, and over how long their speed is taken, in ms of wall time. */
const everyMs = 1000
const speedMs = 10_000
/** A sensor whose clock is further off than this does not capture now: a replay, a capture of last year. */
const liveMs = 600_000
const logEveryMs = 10_000

/**
 * What is shown of the sensors: those of this process as they are now, those of others as an analyzer has last heard
 * them, each with its speed.
 */
export function createSensorBoard(deps: {
  /** Sensors of this process. */
  readonly own: () => readonly SensorStatus[]
  readonly store: Pick<DeviceStore, 'sensors'>
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
}): SensorBoard {
  const { own, store, logger, now } = deps
  const looks = new Map<string, Look[]>()
  let others: SensorStatus[] = []
  let timer: NodeJS.Timeout | null = null
  let reading: Promise<void> | null = null
  let loggedMs = -Infinity

  async function read(): Promise<void> {
    try {
      others = (await store.sensors()).map(statusOfRow)
    } catch (err) {
      // What was known stays, and shows its age.
      if (now() - loggedMs >= logEveryMs) {
        loggedMs = now()
        logger.error({ err }, 'sensors could not be read')
      }
    }
    for (const sensor of all()) noteLook(looks, sensor)
  }

  function all(): SensorStatus[] {
    const mine = own()
    const names = new Set(mine.map(nameOf))
    const sensors = [...mine, ...others.filter((sensor) => !names.has(nameOf(sensor)))]
    return sensors.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  }

  function tick(): void {
    reading ??= read().finally(() => (reading = null))
  }

  return {
    start: async () => {
      timer ??= setInterval(tick, everyMs)
      tick()
      await reading
    },
    stop: async () => {
      if (timer !== null) clearInterval(timer)
      timer = null
      await reading
    },
    current: () => all().map((sensor) => ({ ...sensor, ...speedOf(looks, sensor) })),
  }
}

type Look = Pick<SensorStatus, 'heardMs' | 'packets' | 'bytes' | 'dropped' | 'startedUs'>

function nameOf({ site, sensor }: { readonly site: string; readonly sensor: string }): string {
  return JSON.stringify([site, sensor])
}

/** Keeps the looks of the last ten seconds and one before; a run that has begun anew begins anew here. */
function noteLook(looks: Map<string, Look[]>, sensor: SensorStatus): void {
  const name = nameOf(sensor)
  const known = looks.get(name) ?? []
  const last = known.at(-1)
  const { heardMs, packets, bytes, dropped, startedUs } = sensor
  if (last !== undefined && heardMs <= last.heardMs) return
  const isSameRun = last !== undefined && packets >= last.packets && startedUs === last.startedUs
  const kept = isSameRun ? known : []
  kept.push({ heardMs, packets, bytes, dropped, startedUs })
  while (kept.length > 2 && heardMs - kept[1]!.heardMs >= speedMs) kept.shift()
  looks.set(name, kept)
}

function speedOf(looks: ReadonlyMap<string, readonly Look[]>, sensor: SensorStatus) {
  const known = looks.get(nameOf(sensor)) ?? []
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined || last.heardMs === first.heardMs) {
    return { packetsPerSecond: null, bytesPerSecond: null, droppedPerSecond: null }
  }
  const seconds = (last.heardMs - first.heardMs) / 1000
  return {
    packetsPerSecond: (last.packets - first.packets) / seconds,
    bytesPerSecond: (last.bytes - first.bytes) / seconds,
    droppedPerSecond: (last.dropped - first.dropped) / seconds,
  }
}

function statusOfRow({ site, sensor, heardMs, clockUs, health }: SensorRow): SensorStatus {
  const isLive = clockUs > 0 && Math.abs(heardMs - clockUs / 1000) < liveMs
  return { ...health, site, sensor, heardMs, clockUs, isLive }
}
