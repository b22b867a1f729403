import { statSync } from 'node:fs'
import { listAlerts } from '../alerts/present.ts'
import type { PipelineStats } from '../ingest/pipeline.ts'
import type { Alert } from '../records/alert.ts'
import type { ControlCommand } from '../records/control.ts'
import type { Logger } from '../records/service.ts'
import type { Config } from './config.ts'
import { readingOf, type Reading } from './threads/threads.ts'
import { recordingsFor } from './recordings.ts'
import { createWardwatch } from './wire.ts'

export interface ReplayOptions {
  readonly config: Config
  /** Captures to watch: one sensor, merged by packet time. */
  readonly files: readonly string[]
  /** Captures that only teach the baseline, each a recording of its own. */
  readonly learn?: readonly string[]
  /** What people decided, as recorded: holds from each command's effective time. */
  readonly commands?: readonly ControlCommand[]
  readonly logger: Logger
  /** Wall clock in ms: for liveness and logs, nothing else. */
  readonly now: () => number
  /** Share of the input that has been read (0–1, null: unknown), now and then. */
  readonly onProgress?: (share: number | null) => void
}

export interface ReplayResult {
  /** In the order of (first seen, id). */
  readonly alerts: Alert[]
  readonly stats: PipelineStats
}

/**
 * Captures through the whole pipeline, from file to alert rows; resolves when the last row is written.
 * @throws WardwatchError of whatever part failed.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { config } = options
  const failure = Promise.withResolvers<never>()
  // Told below; a part may fail before anybody waits for it.
  failure.promise.catch(() => undefined)
  const wardwatch = createWardwatch(config, {
    roles: ['ingest', 'analyzer', 'alerts'],
    ...replayReading(config, options.learn ?? [], options.files),
    commands: options.commands ?? [],
    logger: options.logger,
    now: options.now,
    failed: (error) => failure.reject(error),
  })
  const { ingest, alerts, bus, states } = wardwatch
  if (ingest === null || alerts === null) throw new Error('replay needs ingest and alerts')
  const ticker = setInterval(() => options.onProgress?.(ingest.progress()), 200)
  try {
    await wardwatch.start()
    const { sensor, run } = config.ingest
    const partitions = bus.partitionCount('observations')
    const ended = ingest.done.then(() => alerts.ended(sensor, run, partitions))
    await Promise.race([ended, failure.promise])
    return { alerts: await listAlerts(states.alerts, wardwatch.vendorOf), stats: ingest.stats() }
  } finally {
    clearInterval(ticker)
    await wardwatch.stop()
  }
}

/** Threads take most of a second to begin; from here on they win it back (docs/decisions/0022). */
const threadsBytesMin = 256 * 1024 * 1024

function replayReading(
  config: Config,
  learn: readonly string[],
  files: readonly string[],
): Reading {
  const input = { kind: 'captures', learn, files, repeat: false } as const
  const bytes = [...learn, ...files].reduce((sum, file) => sum + sizeOf(file), 0)
  return bytes < threadsBytesMin ? { recordings: recordingsFor(input) } : readingOf(config, input)
}

/** 0 of what is no file; whether it can be read at all is told by whoever opens it. */
function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
