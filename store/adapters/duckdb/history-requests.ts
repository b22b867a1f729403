import type { FlowQuery } from '../../flow-store.ts'
import type { HistoryFile, HistoryGap } from '../../segment-store.ts'
import type { LookupResult } from './look-up.ts'

/** What the manifest says, told to the child when it opens the history. */
export interface OpenHistory {
  readonly files: readonly HistoryFile[]
  /** State at the newest sealed segment; null at first. */
  readonly state: Uint8Array | null
  /** Highest number given to a merged file. */
  readonly mergeNumber: number
  /** The bus keeps its offsets across restarts. */
  readonly isDurable: boolean
  readonly segmentMinutes: number
  readonly segmentRowsMax: number
}

export interface OpenedHistory {
  /** Names what was opened: every later call carries it, so that a restarted child is not taken for the one before. */
  readonly session: string
  readonly positions: Readonly<Record<number, number>>
  /** Files of the manifest that are missing or cut short. */
  readonly lost: readonly string[]
  /** What a crash had left behind: files that were removed, and files nobody knows, which were set aside. */
  readonly removed: number
  readonly setAside: readonly string[]
}

export interface AppendedHistory {
  readonly records: number
  readonly repeated: number
  readonly malformed: number
}

export interface FlushedHistory {
  readonly positions: Readonly<Record<number, number>>
  /** Numbers of live segments that are complete, oldest first: to be sealed. */
  readonly complete: readonly number[]
  /** Greatest time of a last packet in the youngest segment; null while it is empty. */
  readonly newestUs: number | null
}

export interface SealedHistory {
  /** Null when the segment had no rows. */
  readonly file: HistoryFile | null
  readonly gaps: readonly HistoryGap[]
  readonly state: Uint8Array
}

/** Requests of the history. A session that is not the current one is refused with DUCKDB_UNAVAILABLE. */
export interface HistoryRequests {
  historyOpen: { request: OpenHistory; response: OpenedHistory }
  historyAppend: {
    request: {
      session: string
      partition: number
      messages: readonly { offset: number; value: Uint8Array }[]
    }
    response: AppendedHistory
  }
  historyFlush: { request: { session: string }; response: FlushedHistory }
  /** Writes the file of a complete segment; until `historyAdopt` the segment is what is read. */
  historySeal: { request: { session: string; number: number }; response: SealedHistory }
  /** The manifest has changed: read these files, forget those, and the live segment that became a file. */
  historyAdopt: {
    request: {
      session: string
      add: readonly HistoryFile[]
      remove: readonly string[]
      sealed: number | null
    }
    response: null
  }
  /** Writes the rows of some files anew, a file a day; until `historyAdopt` the old ones are what is read. */
  historyMerge: {
    request: { session: string; sources: readonly HistoryFile[]; number: number }
    response: readonly HistoryFile[]
  }
  historyLookup: {
    request: { session: string; query: FlowQuery }
    response: LookupResult & {
      /** Oldest and newest row of anybody, and the gaps of the live segments. */
      readonly fromUs: number | null
      readonly toUs: number | null
      readonly gaps: readonly HistoryGap[]
    }
  }
}
