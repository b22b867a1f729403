import type { MessagePort } from 'node:worker_threads'
import type { AnalyzerStats } from '../../analyzer/service.ts'
import type { CarriedError } from '../../bus/adapters/carried-error.ts'
import type { Ingest } from '../../ingest/service.ts'
import type { PipelineStats } from '../../ingest/pipeline.ts'
import type { ControlCommand } from '../../records/control.ts'
import type { Config } from '../config.ts'
import type { InputPlan } from '../recordings.ts'

// What the main thread and a worker thread ask of each other. All of it is plain data.

/** What a thread does, told when it is made. */
export interface ThreadTask {
  /** In the log and in errors: `ingest`, `analyzer-1`. */
  readonly name: string
  readonly config: Config
  readonly role: 'ingest' | 'analyzer'
  /** Of the role `ingest`. */
  readonly input: InputPlan | null
  readonly commands: readonly ControlCommand[]
  /** Seconds of event time a second of wall time; null: as fast as it goes. */
  readonly pace: number | null
}

export interface ThreadData {
  readonly task: ThreadTask
  /** To the bus of the main thread (bus/adapters/port-server.ts). */
  readonly bus: MessagePort
  /** For the calls below. */
  readonly host: MessagePort
}

/** What the parts of a thread know of themselves, now. */
export interface ThreadStatus {
  readonly ingest: {
    readonly stats: PipelineStats
    readonly progress: number | null
    readonly teaching: number | null
    readonly clock: ReturnType<Ingest['clock']>
  } | null
  readonly analyzer: AnalyzerStats | null
  /** Bytes of the thread's heap in use. */
  readonly heapBytes: number
  /** Share of time its event loop was busy since the last status, 0–1. */
  readonly busyShare: number
}

/** A line of a thread's log, as JSON of its fields: errors in them are written out. */
export interface ThreadLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly bindings: string
  readonly fields: string
  readonly message: string
}

/** What a thread answers. */
export interface ThreadMethods {
  start: () => Promise<void>
  /** Resolves to the last status when every part has been stopped. */
  stop: () => Promise<ThreadStatus>
  control: (command: ControlCommand) => Promise<void>
  setDebug: (isDebug: boolean) => void
}

/** What a thread tells the main thread. */
export interface HostMethods {
  log: (line: ThreadLine) => void
  status: (status: ThreadStatus) => void
  /** The input has been published to its end; with an error, reading or publishing it failed. */
  done: (error: CarriedError | null) => void
  failed: (error: CarriedError) => void
}
