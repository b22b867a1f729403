import type { IngestConfig } from './config.ts'
import type { RecordSource } from './record-source.ts'
import type { SensorCore } from './sensor-core.ts'
import type { Source } from './source.ts'

/** Reads one recording: decides when its packets are taken, and when what came of them is sent. */
export interface Driver {
  /** Event time after which messages are closed. */
  readonly flushMs: number
  /**
   * Reads to the end. Resolves to false when it was stopped before: what follows it is not to be read.
   * Rejects when reading or publishing failed. Called once.
   */
  play(): Promise<boolean>
  /** Lets what is at hand be published, and `play` resolve. */
  stop(): void
}

/** A replay: as fast as the bus takes it; wall time decides nothing. */
export function createReplayDriver(core: SensorCore, config: IngestConfig, source: Source): Driver {
  let isStopping = false
  return {
    flushMs: config.replayFlushMs,
    async play() {
      for await (const block of source.blocks()) {
        core.pipeline.onBlock(block)
        await core.publish()
        if (isStopping) return false
      }
      core.pipeline.endRecording()
      return true
    },
    stop() {
      isStopping = true
    },
  }
}

/**
 * Event time after which messages of such records are closed. Days of a quiet ward make few records a minute, and a
 * message costs the same whatever it holds: with the 10 s of a replay nearly all time went into messages.
 */
const recordsFlushMs = 600_000

/** Records that come as such, as fast as the bus takes them. */
export function createRecordsDriver(core: SensorCore, source: RecordSource): Driver {
  let isStopping = false
  return {
    flushMs: recordsFlushMs,
    async play() {
      const steps = source.records(core.builder, core.pipeline.account)[Symbol.iterator]()
      while (steps.next().done !== true) {
        await core.publish()
        // The bus may take everything at once: timers and connections of this process have their turn.
        await new Promise((resolve) => setImmediate(resolve))
        if (isStopping) return false
      }
      core.pipeline.endRecording()
      return true
    },
    stop() {
      isStopping = true
    },
  }
}
