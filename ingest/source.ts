import type { CaptureHealth } from '../records/observation.ts'
import type { TimeUs } from '../records/time.ts'

/** IANA/tcpdump LINKTYPE values that the decoder knows; others are counted by number. */
export const linkType = { ethernet: 1 } as const

/**
 * Packets of one read, as columns over one buffer. The block and its buffer are the reader's and are reused:
 * nothing of it may be kept after the next block is asked for. Rows ≥ `count` are stale.
 */
export interface PacketBlock {
  readonly bytes: Uint8Array
  count: number
  /** As stamped by the capturer, µs since the epoch, unclamped. */
  readonly timeUs: Float64Array
  /** Start of the packet in `bytes`. */
  readonly offset: Uint32Array
  /** Bytes present in `bytes`. */
  readonly capturedLength: Uint32Array
  /** Bytes the packet had on the wire. */
  readonly originalLength: Uint32Array
  readonly linkType: Uint16Array
}

/** Where packets come from. Bad input is counted, never thrown; what cannot be opened at all is a WardwatchError. */
export interface Source {
  readonly name: string
  /** Blocks in the order of the input; ends when a finite input ends. */
  blocks(): AsyncIterable<PacketBlock>
  /** Refused so far, by cause (`truncated-packet`, `bad-block-length` …). */
  readonly rejects: ReadonlyMap<string, number>
  /** Share of a finite input that has been read, 0–1; null when its end is unknown. */
  progress(): number | null
  /** Only of a source that captures now: its packets are taken as they come, and its clock goes on without them. */
  readonly live?: LiveCapture
}

/** What a source that captures now knows beyond its packets. */
export interface LiveCapture {
  /** The clock that stamps the packets; −Infinity while nothing is captured. */
  clockUs(): TimeUs
  health(): CaptureHealth
  /** Packets lost before they were read, since the start. */
  dropped(): number
  /** Why nothing is captured, in the capturing program's own words; null when it said nothing. */
  fault(): string | null
  /** Ends the capture. What it has written still comes out of `blocks`, which then ends. */
  stop(): void
}

export type { TimeUs }
