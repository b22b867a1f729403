import type { Bus } from '../bus/bus.ts'
import type { ControlCommand } from '../records/control.ts'
import type { SensorHealth } from '../records/observation.ts'
import type { Logger, Service } from '../records/service.ts'
import type { TimeUs } from '../records/time.ts'
import type { IngestConfig } from './config.ts'
import type { Evidence } from './evidence/service.ts'
import { createRecordsDriver, createReplayDriver, type Driver } from './driver.ts'
import { createLiveDriver } from './live-driver.ts'
import { createPacedDriver } from './paced-driver.ts'
import type { PipelineStats } from './pipeline.ts'
import { createSensorCore, type SensorCore } from './sensor-core.ts'
import type { RecordSource } from './record-source.ts'
import type { Source } from './source.ts'

/** One input that is a recording of its own: with `teaches` it only teaches the baseline. */
export interface Recording {
  readonly name: string
  readonly teaches: boolean
  readonly source: Source | RecordSource
}

export interface IngestDependencies {
  readonly bus: Bus
  /** Played one after the other. */
  readonly recordings: readonly Recording[]
  readonly logger: Logger
  /** Decisions of people that are part of the input: told where the first recording that does not teach begins. */
  readonly commands?: readonly ControlCommand[]
  /**
   * Makes packets look live: seconds of event time played in one second of wall time, flushed and punctuated by wall
   * time too. Absent: a replay, as fast as the bus takes it, in which wall time decides nothing. What only teaches, and
   * records that come as such, are always a replay; a source that captures live is taken as it comes.
   */
  readonly pace?: number
  /** Seed of the flow table's hash; nothing observable depends on it. */
  readonly seed?: number
  /** Wall time in ms. Required with `pace` and for a live source. */
  readonly now?: () => number
  /** Keeps the packets of what raises an alert; started and stopped with the sensor. */
  readonly evidence?: Evidence
}

export interface Ingest extends Service {
  /** Resolves when the last recording has been published, its `end` included; rejects when reading or publishing failed. */
  readonly done: Promise<void>
  stats(): PipelineStats
  /** Share of the recordings that has been read, 0–1; null when unknown. */
  progress(): number | null
  /** Share of the recordings that only teach that has been read, 0–1; null when it reads none of them. */
  teaching(): number | null
  /** The sensor clock (0 before the first packet) and what the sensor knows of itself. */
  clock(): { readonly clockUs: TimeUs; readonly health: SensorHealth }
  /** Publishes a decision of a person: to the `control` topic, and in band to every partition of `observations`. */
  control(command: ControlCommand): Promise<void>
}

/**
 * Reads recordings and publishes their records. Inert until `start`, which returns at once; `stop` lets what is at hand
 * be published, of a live port all that has been captured, and resolves when nothing more will be.
 */
export function createIngest(config: IngestConfig, deps: IngestDependencies): Ingest {
  const { bus, recordings, logger, evidence } = deps
  const core = createSensorCore(config, {
    bus,
    sources: recordings.map(({ source }) => source),
    seed: deps.seed ?? 0,
    ...(evidence === undefined ? {} : { evidence }),
  })
  const { pipeline, builder } = core
  const driverOf = createDrivers(config, core, deps)
  const finished = Promise.withResolvers<undefined>()
  // Told by whoever waits for `done`; here only so that a failure before anybody does is no crash.
  finished.promise.catch((err: unknown) => logger.debug({ err }, 'ingest failed'))
  const commands = [...(deps.commands ?? [])]
  let isStopping = false
  let running: Promise<void> | null = null
  let current = 0
  let driver: Driver | null = null

  async function play(): Promise<void> {
    for (const [index, recording] of recordings.entries()) {
      current = index
      const { name, teaches } = recording
      driver = driverOf(recording)
      builder.beginRecording({ name, teaches }, driver.flushMs)
      logger.info({ recording: name, teaches }, 'recording begins')
      if (!teaches) for (const command of commands.splice(0)) await core.tell(command)
      if (isStopping || !(await driver.play())) return
    }
    builder.end()
    await core.publish()
    logger.info(pipeline.stats(), 'input ended')
  }

  return {
    done: finished.promise,
    async start() {
      if (running !== null) return
      await evidence?.start()
      running = play().then(() => finished.resolve(undefined), finished.reject)
    },
    async stop() {
      isStopping = true
      driver?.stop()
      await running
      await core.publish().catch(() => undefined)
      await evidence?.stop()
    },
    stats: () => pipeline.stats(),
    progress: () => progressOf(recordings, current),
    teaching: () => teachingOf(recordings, current),
    control: (command) => core.tell(command),
    clock: () => ({ clockUs: Math.max(0, pipeline.clockUs), health: pipeline.health() }),
  }
}

/** How a recording is read: live as it comes, else paced or as fast as it goes. */
function createDrivers(
  config: IngestConfig,
  core: SensorCore,
  { pace, now, logger }: IngestDependencies,
): (recording: Recording) => Driver {
  const wallTime = () => {
    if (now === undefined) throw new TypeError('a paced or live ingest needs the wall time')
    return now
  }
  return ({ source, teaches }) => {
    if ('records' in source) return createRecordsDriver(core, source)
    if (source.live !== undefined)
      return createLiveDriver(core, config, { source, live: source.live, now: wallTime(), logger })
    if (pace === undefined || teaches) return createReplayDriver(core, config, source)
    return createPacedDriver(core, config, { source, pace, now: wallTime() })
  }
}

function progressOf(recordings: readonly Recording[], current: number): number | null {
  const share = recordings[current]?.source.progress() ?? null
  return share === null ? null : (current + share) / recordings.length
}

function teachingOf(recordings: readonly Recording[], current: number): number | null {
  const recording = recordings[current]
  if (recording?.teaches !== true) return null
  const count = recordings.filter(({ teaches }) => teaches).length
  return (current + (recording.source.progress() ?? 0)) / count
}
