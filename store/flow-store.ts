import type { WholeFlow } from '../records/ecs.ts'
import type { HostKey } from '../records/observation.ts'
import type { Service } from '../records/service.ts'
import type { TimeUs } from '../records/time.ts'
import type { HistoryGap } from './segment-store.ts'

/** Messages of one partition of `observations`, as they came from the bus, in offset order. */
export interface FlowAppend {
  readonly partition: number
  readonly messages: readonly { readonly offset: number; readonly value: Uint8Array }[]
}

/** Times are those of a flow's packets; a flow is found by the records whose last packet lies in the range. */
export interface FlowQuery {
  /** An address, a MAC, or a host key; the flow may have been opened by it or towards it. */
  readonly device: string
  /** The other side, likewise. */
  readonly peer?: string
  /** Inclusive; absent: from the oldest. */
  readonly fromUs?: TimeUs
  /** Exclusive; absent: up to the newest. */
  readonly toUs?: TimeUs
  /** Flows that are returned, newest first; totals count all of them. 1 to 10,000. */
  readonly limit: number
}

/** A flow of the history: its records within the asked range, summed. `NaN` payload: no packets were seen. */
export interface StoredFlow extends WholeFlow {
  readonly origKey: HostKey | null
  readonly respKey: HostKey | null
  readonly sensor: string
  /** Records it was summed from. */
  readonly records: number
}

/** Sums over every flow of a question, whatever its limit. */
export interface FlowTotals {
  readonly flows: number
  readonly records: number
  readonly packetsOut: number
  readonly packetsIn: number
  /** IP bytes sent and received by the device that was asked about. */
  readonly ipBytesOut: number
  readonly ipBytesIn: number
  /** First and last packet; null without any flow. */
  readonly firstUs: TimeUs | null
  readonly lastUs: TimeUs | null
}

/** What "nothing found" rests on. */
export interface FlowVisibility {
  /** Oldest and newest packet that the history holds of anybody; null when it is empty. */
  readonly fromUs: TimeUs | null
  readonly toUs: TimeUs | null
  /** Stretches within the asked range of which records are missing, of any device; at most 1,000. */
  readonly gaps: readonly HistoryGap[]
}

export interface FlowAnswer {
  /** Newest last packet first. */
  readonly flows: readonly StoredFlow[]
  readonly totals: FlowTotals
  readonly visibility: FlowVisibility
}

/** A question, wherever it is answered: by the store of this process or by the process that owns the folder. */
export type FlowLookup = (query: FlowQuery) => Promise<FlowAnswer>

export interface FlowStoreHealth {
  /** `ready`: what is appended is kept; `behind`: it is held in memory and tried again; `stopped`. */
  readonly state: 'ready' | 'behind' | 'stopped'
  /** Records and messages kept since the start of this process. */
  readonly records: number
  readonly messages: number
  /** Messages that were kept before and came again. */
  readonly repeated: number
  /** Messages that could not be read: counted, skipped. */
  readonly malformed: number
  /** Bytes of messages taken but not flushed yet. */
  readonly unflushedBytes: number
  /** Times the process that holds the files ended by itself. */
  readonly crashes: number
  readonly files: number
  readonly fileBytes: number
  /** Why the last call failed; null when it did not. */
  readonly lastFailure: string | null
}

/**
 * Keeps every flow record, and finds those of a device. Each record is kept once, whichever of its two views brought it:
 * the originator's, or the only one. Every promise is tested by tests/contracts/flow-store.contract.ts.
 */
export interface FlowStore extends Service {
  /** Offset of the first message of the partition that is not kept yet; 0 when it holds none. Waits until it is known. */
  position(partition: number): Promise<number>
  /**
   * Takes messages; resolves when the store holds them and waits for room when it holds too many. They are safe only
   * when `flushed` tells so; what was taken before a crash of the store's own process is sent to it again by itself.
   * Messages that were kept before (by offset where the bus is durable, and by sensor, run and sequence) are skipped.
   * Calls for one partition must not overlap.
   * @param options.holdMs how long to wait for room, instead of the configured time.
   * @throws WardwatchError DUCKDB_UNAVAILABLE (retryable) when there was no room for so long; nothing of it was taken.
   */
  append(batch: FlowAppend, options?: { readonly holdMs?: number }): Promise<void>
  /** Keeps on record that messages were left out and that no later one will tell of it: the input has ended. */
  noteShed(batches: readonly FlowAppend[]): Promise<void>
  /** @param listener called with the position of each partition that has been flushed further. */
  onFlushed(listener: (partition: number, nextOffset: number) => void): void
  /** Resolves when everything taken so far is safe. @throws WardwatchError as `append`, when that takes too long. */
  flush(): Promise<void>
  /** Resolves when every complete stretch that a flush has told of is in its final file. */
  sealed(): Promise<void>
  /**
   * What is safe at the time of the call.
   * @throws WardwatchError BAD_USAGE for a device or peer that is none, a limit out of range; DUCKDB_UNAVAILABLE,
   * DUCKDB_FAILED.
   */
  lookup(query: FlowQuery): Promise<FlowAnswer>
  /**
   * Merges finished days into one file each and removes what retention lets go. Done by itself now and then.
   * @throws WardwatchError DUCKDB_UNAVAILABLE, DUCKDB_FAILED, STATE_STORE_FAILED; the files and the manifest agree.
   */
  maintain(): Promise<void>
  health(): FlowStoreHealth
}
