/**
 * Cuts one side's bytes into lines, whatever pieces they come in. Lines end with LF, a CR before it is dropped.
 * Only the first `keptMax` bytes of a line are kept, so that a line without end costs no memory.
 */
export interface LineReader {
  /** The line so far: `bytes[0 … length)`, cut at `keptMax`; valid until the next `read`. */
  readonly bytes: Uint8Array
  readonly length: number
  /** Bytes the line has had so far, those not kept and its end included. */
  readonly totalLength: number
  readonly isComplete: boolean
  /**
   * Reads to the end of the line or of the bytes and returns where it stopped.
   * After a complete line the next call begins a new one.
   */
  read(bytes: Uint8Array, start: number, end: number): number
  /** Forgets the line so far. */
  clear(): void
}

const lf = 0x0a
const cr = 0x0d

/** @param keptMax bytes kept of each line. */
export function createLineReader(keptMax: number): LineReader {
  let kept = new Uint8Array(Math.min(keptMax, 128))
  let length = 0
  let totalLength = 0
  let isComplete = false

  function keep(bytes: Uint8Array, start: number, end: number): void {
    const wanted = Math.min(keptMax, length + end - start)
    if (wanted > kept.length) {
      const grown = new Uint8Array(Math.min(keptMax, Math.max(wanted, kept.length * 2)))
      grown.set(kept.subarray(0, length))
      kept = grown
    }
    kept.set(bytes.subarray(start, start + wanted - length), length)
    length = wanted
  }

  return {
    get bytes() {
      return kept
    },
    get length() {
      return length
    },
    get totalLength() {
      return totalLength
    },
    get isComplete() {
      return isComplete
    },
    read(bytes, start, end) {
      if (isComplete) this.clear()
      let at = start
      while (at < end && bytes[at] !== lf) at++
      keep(bytes, start, at)
      isComplete = at < end
      const stop = isComplete ? at + 1 : at
      totalLength += stop - start
      if (isComplete && length > 0 && kept[length - 1] === cr) length--
      return stop
    },
    clear() {
      length = 0
      totalLength = 0
      isComplete = false
    },
  }
}
