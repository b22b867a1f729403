import type { Bus, OutgoingMessage } from '../bus/bus.ts'
import { encodeObservation } from '../records/codec.ts'
import type { ControlCommand } from '../records/control.ts'
import { partitionOf, type SensorHealth } from '../records/observation.ts'
import type { Logger, Service } from '../records/service.ts'
import type { TimeUs } from '../records/time.ts'
import { createBatchBuilder } from './batch-builder.ts'
import { createBindings } from './bindings.ts'
import type { IngestConfig } from './config.ts'
import { createPace, slicesOf } from './pace.ts'
import { createPipeline, type PipelineStats } from './pipeline.ts'
import type { PacketBlock, Source } from './source.ts'

/** One input that is a recording of its own: with `teaches` it only teaches the baseline. */
export interface Recording {
  readonly name: string
  readonly teaches: boolean
  readonly source: Source
}

export interface IngestDependencies {
  readonly bus: Bus
  /** Played one after the other. */
  readonly recordings: readonly Recording[]
  readonly logger: Logger
  /** Decisions of people that are part of the input: told where the first recording that does not teach begins. */
  readonly commands?: readonly ControlCommand[]
  /**
   * Makes it a live sensor: seconds of event time played in one second of wall time, flushed and punctuated by wall
   * time too. Absent: a replay, as fast as the bus takes it, in which wall time decides nothing.
   */
  readonly pace?: number
  /** Seed of the flow table's hash; nothing observable depends on it. */
  readonly seed?: number
  /** Wall time in ms, for pacing and live punctuation. Required with `pace`. */
  readonly now?: () => number
}

export interface Ingest extends Service {
  /** Resolves when the last recording has been published, its `end` included; rejects when reading or publishing failed. */
  readonly done: Promise<void>
  stats(): PipelineStats
  /** Share of the recordings that has been read, 0–1; null when unknown. */
  progress(): number | null
  /** The sensor clock (0 before the first packet) and what the sensor knows of itself. */
  clock(): { readonly clockUs: TimeUs; readonly health: SensorHealth }
  /** Publishes a decision of a person: to the `control` topic, and in band to every partition of `observations`. */
  control(command: ControlCommand): Promise<void>
}

/**
 * Reads recordings and publishes their records. Inert until `start`, which returns at once; `stop` lets the block at
 * hand be published, and resolves when nothing more will be.
 */
export function createIngest(config: IngestConfig, deps: IngestDependencies): Ingest {
  const { bus, recordings, logger } = deps
  const bindings = createBindings(config)
  const rejected = () => sumOf(recordings.map(({ source }) => source.rejects))
  const outbox: OutgoingMessage[] = []
  const builder = createBatchBuilder(
    {
      ...config,
      flushMs: deps.pace === undefined ? config.replayFlushMs : config.flushMs,
      partitionCount: bus.partitionCount('observations'),
    },
    {
      bindings,
      health: () => pipeline.health(),
      send: (partition, value) => outbox.push({ topic: 'observations', partition, value }),
    },
  )
  const pipeline = createPipeline(config, {
    sink: builder,
    bindings,
    seed: deps.seed ?? 0,
    sourceRejects: rejected,
  })
  const live = deps.pace === undefined ? null : createLiveClock(config, deps.pace, deps.now)
  const finished = Promise.withResolvers<undefined>()
  // Told by whoever waits for `done`; here only so that a failure before anybody does is no crash.
  finished.promise.catch((err: unknown) => logger.debug({ err }, 'ingest failed'))
  const commands = [...(deps.commands ?? [])]
  let isStopping = false
  let running: Promise<void> | null = null
  let current = 0
  let lastPublish: Promise<void> = Promise.resolve()

  /** Publishes what has been built; calls follow one another, so that messages keep their order. */
  function publish(): Promise<void> {
    lastPublish = lastPublish.then(async () => {
      if (outbox.length > 0) await bus.publish(outbox.splice(0))
    })
    return lastPublish
  }

  /** In band to every partition, and to the topic that keeps what was decided. */
  async function tell(command: ControlCommand): Promise<void> {
    builder.control(command)
    const value = encodeObservation({
      kind: 'control',
      site: command.site,
      sensor: config.sensor,
      run: command.id,
      sequence: 1,
      clockUs: 0,
      health: pipeline.health(),
      command,
      flows: null,
      summaries: null,
    })
    const partition = partitionOf(command.site, bus.partitionCount('control'))
    await bus.publish([{ topic: 'control', partition, value }])
    await publish()
  }

  async function play(): Promise<void> {
    for (const [index, recording] of recordings.entries()) {
      current = index
      builder.beginRecording({ name: recording.name, teaches: recording.teaches })
      logger.info({ recording: recording.name, teaches: recording.teaches }, 'recording begins')
      if (!recording.teaches) for (const command of commands.splice(0)) await tell(command)
      await playRecording(recording.source)
      if (isStopping) return
    }
    builder.end()
    await publish()
    logger.info(pipeline.stats(), 'input ended')
  }

  async function playRecording(source: Source): Promise<void> {
    live?.restart()
    for await (const block of source.blocks()) {
      if (live === null) pipeline.onBlock(block)
      else for (const slice of slicesOf(block)) if (await waitFor(slice)) pipeline.onBlock(slice)
      await publish()
      if (isStopping) return
    }
    pipeline.endRecording()
  }

  /** Waits until the slice is due, telling the clock meanwhile; false when the service is being stopped. */
  async function waitFor(slice: PacketBlock): Promise<boolean> {
    for (;;) {
      if (isStopping || live === null) return false
      const waitMs = live.waitMs(slice.timeUs[0]!)
      if (live.isFlushDue()) {
        pipeline.advance(Math.min(live.eventUs(), slice.timeUs[0]!))
        if (pipeline.clockUs !== -Infinity) builder.flush(pipeline.clockUs, live.isPunctuationDue())
        await publish()
      }
      if (waitMs <= 0) return true
      await live.sleep(waitMs)
    }
  }

  return {
    done: finished.promise,
    start() {
      running ??= play().then(() => finished.resolve(undefined), finished.reject)
      return Promise.resolve()
    },
    async stop() {
      isStopping = true
      live?.wake()
      await running
      await lastPublish.catch(() => undefined)
    },
    stats: () => pipeline.stats(),
    progress: () => progressOf(recordings, current),
    control: tell,
    clock: () => ({ clockUs: Math.max(0, pipeline.clockUs), health: pipeline.health() }),
  }
}

/** Wall time of a live sensor: what is due when, and a sleep that can be cut short. */
function createLiveClock(config: IngestConfig, factor: number, now: (() => number) | undefined) {
  if (now === undefined) throw new TypeError('a paced ingest needs the wall time')
  let pace = createPace(factor)
  let flushedMs = now()
  let punctuatedMs = now()
  let wake: () => void = () => undefined
  return {
    /** Another recording: its first packet is due at once. */
    restart() {
      pace = createPace(factor)
    },
    waitMs: (eventUs: number) => pace.waitMs(eventUs, now()),
    eventUs: () => pace.eventUs(now()),
    isFlushDue() {
      if (now() - flushedMs < config.liveFlushMs) return false
      flushedMs = now()
      return true
    },
    isPunctuationDue() {
      if (now() - punctuatedMs < config.livePunctuationMs) return false
      punctuatedMs = now()
      return true
    },
    sleep(waitMs: number): Promise<void> {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(waitMs, config.liveFlushMs))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
    wake: () => wake(),
  }
}

function sumOf(parts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const part of parts)
    for (const [cause, count] of part) sums.set(cause, (sums.get(cause) ?? 0) + count)
  return sums
}

function progressOf(recordings: readonly Recording[], current: number): number | null {
  const share = recordings[current]?.source.progress() ?? null
  return share === null ? null : (current + share) / recordings.length
}
