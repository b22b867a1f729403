import { availableParallelism } from 'node:os'
import type { Analyzer } from '../../analyzer/service.ts'
import type { Bus } from '../../bus/bus.ts'
import type { Ingest } from '../../ingest/service.ts'
import type { Logger } from '../../records/service.ts'
import type { ControlCommand } from '../../records/control.ts'
import type { Config } from '../config.ts'
import type { InputPlan } from '../recordings.ts'
import { createAnalyzerThreads } from './analyzer-threads.ts'
import { createIngestThread } from './ingest-thread.ts'
import type { ThreadTask } from './protocol.ts'
import { createThread, type Thread } from './thread.ts'

export interface ThreadsOptions {
  readonly threads?: { readonly input: InputPlan; readonly analyzers: number }
  readonly commands?: readonly ControlCommand[]
  readonly pace?: number
  readonly logger: Logger
  readonly failed: (error: unknown) => void
}

export interface Threads {
  ingest(): Ingest
  analyzer(): Analyzer
}

/** The parts that run on threads of their own; null when none are wanted. */
export function createThreads(config: Config, bus: Bus, options: ThreadsOptions): Threads | null {
  const { threads: plan, commands = [], pace = null, logger, failed } = options
  if (plan === undefined) return null
  const thread = (name: string, role: ThreadTask['role'], over: Partial<ThreadTask> = {}): Thread =>
    createThread(
      { name, config, role, input: null, commands: [], pace, ...over },
      { bus, logger, failed },
    )
  return {
    ingest: () => createIngestThread(thread('ingest', 'ingest', { input: plan.input, commands })),
    analyzer: () =>
      createAnalyzerThreads(
        Array.from({ length: plan.analyzers }, (_, i) => thread(`analyzer-${i + 1}`, 'analyzer')),
      ),
  }
}

/** Analyzer threads of this machine: as configured, else one less than it has cores; no more than have a partition. */
export function analyzerThreadsOf(config: Config, cores = availableParallelism()): number {
  const wanted = config.analyzer.workers ?? Math.max(1, cores - 1)
  return Math.min(wanted, config.bus.partitions.observations)
}
