import { secondUs, type TimeUs } from '../records/time.ts'

/** A segment that came before its turn; `bytes` is a copy, shorter than `length` when the capture cut it. */
export interface HeldSegment {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly length: number
  readonly timeUs: TimeUs
}

/** Out-of-order segments of one side of one flow, nearest first. */
export interface SegmentHold {
  readonly count: number
  firstSeq(): number
  /** Keeps a copy of `bytes[start … end)`. */
  put(
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
    timeUs: TimeUs,
  ): void
  takeFirst(): HeldSegment
  /** Whether the hole before the first segment must be taken as lost: limits reached, or waited long enough. */
  isOverdue(timeUs: TimeUs): boolean
  clear(): void
}

/** What all holds of one set of stream heads share. */
export interface HoldBudget {
  heldBytes: number
  readonly heldBytesMax: number
}

/** A sender retransmits a lost segment within its timer, at least 1 s (RFC 6298 §2.4); a mirror's loss never comes. */
const waitUs = secondUs
/** Per side: what a mirror port reorders is a few segments; more in a row is loss. */
const segmentsMax = 16
const bytesMax = 32_768

/** @returns an empty hold that counts its bytes against `budget`. */
export function createSegmentHold(budget: HoldBudget): SegmentHold {
  const segments: HeldSegment[] = []
  let heldBytes = 0
  let oldestUs = Infinity

  function forget(bytes: number): void {
    heldBytes -= bytes
    budget.heldBytes -= bytes
  }

  return {
    get count() {
      return segments.length
    },
    firstSeq: () => segments[0]!.seq,
    put(seq, bytes, start, end, length, timeUs) {
      let at = segments.length
      while (at > 0 && ((segments[at - 1]!.seq - seq) | 0) > 0) at--
      segments.splice(at, 0, { seq, bytes: bytes.slice(start, end), length, timeUs })
      heldBytes += end - start
      budget.heldBytes += end - start
      oldestUs = Math.min(oldestUs, timeUs)
    },
    takeFirst() {
      const segment = segments.shift()!
      forget(segment.bytes.length)
      oldestUs = segments.reduce((least, { timeUs }) => Math.min(least, timeUs), Infinity)
      return segment
    },
    isOverdue: (timeUs) =>
      segments.length > 0 &&
      (segments.length > segmentsMax ||
        heldBytes > bytesMax ||
        budget.heldBytes > budget.heldBytesMax ||
        timeUs - oldestUs > waitUs),
    clear() {
      forget(heldBytes)
      segments.length = 0
      oldestUs = Infinity
    },
  }
}
