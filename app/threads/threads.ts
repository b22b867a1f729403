import { availableParallelism } from 'node:os'
import type { Analyzer } from '../../analyzer/service.ts'
import type { Bus } from '../../bus/bus.ts'
import type { Ingest, Recording } from '../../ingest/service.ts'
import type { Logger } from '../../records/service.ts'
import type { ControlCommand } from '../../records/control.ts'
import type { Config } from '../config.ts'
import type { ThreadWord } from '../operation/watched.ts'
import { type InputPlan, recordingsFor } from '../recordings.ts'
import { createAnalyzerThreads } from './analyzer-threads.ts'
import { createIngestThread } from './ingest-thread.ts'
import type { ThreadTask } from './protocol.ts'
import { createThread, type Thread } from './thread.ts'

/** How the work is spread over threads; for a bus in memory. */
export interface ThreadPlan {
  /** What the sensor's thread opens, in place of `recordings`; null: the sensor stays on the main thread. */
  readonly input: InputPlan | null
  /** Threads that share the partitions, at least 1. */
  readonly analyzers: number
}

export interface ThreadsOptions {
  readonly threads?: ThreadPlan
  readonly commands?: readonly ControlCommand[]
  readonly pace?: number
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  readonly failed: (error: unknown) => void
}

export interface Threads {
  /** Null: not on a thread of its own. */
  ingest(): Ingest | null
  analyzer(): Analyzer
  /** What was last heard of each thread that has been made. */
  words(): readonly ThreadWord[]
  /** Whether threads send their `debug` lines. */
  setDebug(isDebug: boolean): void
}

/** The parts that run on threads of their own; null when none are wanted. */
export function createThreads(config: Config, bus: Bus, options: ThreadsOptions): Threads | null {
  const { threads: plan, commands = [], pace = null, logger, now, failed } = options
  if (plan === undefined) return null
  const made: Thread[] = []
  const thread = (
    name: string,
    role: ThreadTask['role'],
    over: Partial<ThreadTask> = {},
  ): Thread => {
    const one = createThread(
      { name, config, role, input: null, commands: [], pace, ...over },
      { bus, logger, now, failed },
    )
    made.push(one)
    return one
  }
  return {
    ingest: () =>
      plan.input === null
        ? null
        : createIngestThread(thread('ingest', 'ingest', { input: plan.input, commands })),
    analyzer: () =>
      createAnalyzerThreads(
        Array.from({ length: plan.analyzers }, (_, i) => thread(`analyzer-${i + 1}`, 'analyzer')),
      ),
    words: () => made.map((one) => one.word()),
    setDebug: (isDebug) => made.forEach((one) => one.setDebug(isDebug)),
  }
}

export interface Reading {
  readonly recordings: readonly Recording[]
  readonly threads?: ThreadPlan
}

/**
 * How a process reads its input: on threads of their own where the bus is in memory, so that the page and the alerts do
 * not wait for packets; over Kafka on this one, for there other processes share the work.
 */
export function readingOf(config: Config, input: InputPlan | null): Reading {
  if (input === null) return { recordings: [] }
  if (config.bus.kind !== 'memory') return { recordings: recordingsFor(input) }
  const analyzers = analyzerThreadsOf(config)
  // Standard input belongs to the main thread.
  return readsStandardInput(input)
    ? { recordings: recordingsFor(input), threads: { input: null, analyzers } }
    : { recordings: [], threads: { input, analyzers } }
}

function readsStandardInput(plan: InputPlan): boolean {
  return plan.kind === 'captures' && [...plan.learn, ...plan.files].includes('-')
}

/** Analyzer threads of this machine: as configured, else one less than it has cores; no more than have a partition. */
export function analyzerThreadsOf(config: Config, cores = availableParallelism()): number {
  const wanted = config.analyzer.workers ?? Math.max(1, cores - 1)
  return Math.min(wanted, config.bus.partitions.observations)
}
