import type { TimeUs } from '../records/time.ts'

/** A sealed Parquet file of the history: written whole, never changed (docs/formats/history.md). */
export interface HistoryFile {
  /** Below `history/files/`: `segment-00000012.parquet` or `day-2026-11-21-00000090.parquet`. */
  readonly name: string
  readonly kind: 'segment' | 'day'
  /** Number of the live segment it was sealed from, or of the merge that made it; never used again. */
  readonly number: number
  /** Least and greatest time of a last packet (`flowLastUs`) in it. */
  readonly fromUs: TimeUs
  readonly toUs: TimeUs
  readonly rows: number
  readonly bytes: number
  /** Of the whole file, in hex. */
  readonly sha256: string
}

/** A stretch of time of which records of a sensor are missing in the history. */
export interface HistoryGap {
  readonly site: string
  readonly sensor: string
  /** Partition of the observations; hosts of the others are not touched. */
  readonly partition: number
  readonly fromUs: TimeUs
  readonly toUs: TimeUs
  /**
   * `not-watched`: between two lives of the sensor; `messages-missing`: numbered messages that never arrived;
   * `not-kept`: the history could not be written; `file-lost`: a file is gone or damaged.
   */
  readonly reason: 'not-watched' | 'messages-missing' | 'not-kept' | 'file-lost'
  /** Messages that are missing, where they are numbered. */
  readonly messages: number
}

/** One change of the manifest, in one transaction. */
export interface ManifestChange {
  readonly add: readonly HistoryFile[]
  readonly remove: readonly string[]
  readonly gaps: readonly HistoryGap[]
  /** Where the sealed rows end, as the flow store wrote it: with `add` of a segment. */
  readonly state?: Uint8Array
}

/**
 * Manifest of the history: which files belong to it. It is changed after a file has been written and before one is
 * removed, so that a file it names is always whole.
 * @throws WardwatchError STATE_STORE_FAILED from every call.
 */
export interface SegmentStore {
  /** In the order of (fromUs, name). */
  files(): Promise<HistoryFile[]>
  commit(change: ManifestChange): Promise<void>
  /** Gaps that touch [fromUs, toUs), in the order of their begin. */
  gaps(fromUs: TimeUs, toUs: TimeUs): Promise<HistoryGap[]>
  /** What `commit` was given last; null at first. */
  state(): Promise<Uint8Array | null>
  /** A number for a merge, one higher than any before: what a merge leaves behind at a crash is known by it. */
  reserveMerge(): Promise<number>
  /** The highest number reserved; 0 at first. */
  mergeNumber(): Promise<number>
}
