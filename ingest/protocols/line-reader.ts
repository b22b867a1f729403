const lf = 0x0a
const cr = 0x0d
const noBytes = new Uint8Array(0)

/**
 * Cuts one side's bytes into lines, whatever pieces they come in. Lines end with LF, a CR before it is dropped.
 * A line that comes in one piece is read where it stands; of others only the first `keptMax` bytes are kept, so that
 * a line without end costs no memory. Nothing is allocated before a line comes in pieces.
 */
export class LineReader {
  /**
   * The line so far: `bytes[start … start + length)`, cut at `keptMax`. A whole line is valid until the next `read`,
   * and no longer than the bytes that `read` was given.
   */
  bytes: Uint8Array = noBytes
  start = 0
  length = 0
  /** Bytes the line has had so far, those not kept and its end included. */
  totalLength = 0
  isComplete = false
  readonly #keptMax: number
  #kept: Uint8Array = noBytes

  /** @param keptMax bytes kept of each line. */
  constructor(keptMax: number) {
    this.#keptMax = keptMax
  }

  /**
   * Reads to the end of the line or of the bytes and returns where it stopped.
   * After a complete line the next call begins a new one.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    if (this.isComplete) this.clear()
    let at = start
    while (at < end && bytes[at] !== lf) at++
    this.isComplete = at < end
    if (this.isComplete && this.totalLength === 0) {
      this.bytes = bytes
      this.start = start
      this.length = Math.min(this.#keptMax, at - start)
    } else this.#keep(bytes, start, at)
    const stop = this.isComplete ? at + 1 : at
    this.totalLength += stop - start
    if (this.isComplete && this.length > 0 && this.bytes[this.start + this.length - 1] === cr)
      this.length--
    return stop
  }

  /** Forgets the line so far. */
  clear(): void {
    this.length = 0
    this.totalLength = 0
    this.isComplete = false
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const wanted = Math.min(this.#keptMax, this.length + end - start)
    if (wanted > this.#kept.length) {
      const room = Math.min(this.#keptMax, Math.max(128, wanted, this.#kept.length * 2))
      const grown = new Uint8Array(room)
      grown.set(this.#kept.subarray(0, this.length))
      this.#kept = grown
    }
    this.#kept.set(bytes.subarray(start, start + wanted - this.length), this.length)
    this.bytes = this.#kept
    this.start = 0
    this.length = wanted
  }
}
