import type { TimeUs } from '../../records/time.ts'
import type { PacketBlock } from '../source.ts'

/** Bytes of ring for each place in its index: packets are longer than this on average, or the index is the limit. */
const bytesPerPlace = 128

/**
 * The newest packets of one sensor, in a fixed number of bytes: the oldest give way, and are counted. A block is copied
 * as a whole, so that a packet costs a few stores and no allocation. Packets are named by their number, from 0 on.
 * Memory: `bytesMax` and a fifth of it for the index.
 */
export class PacketRing {
  /** Numbers of the oldest packet that is kept, and of the next one. */
  first = 0
  next = 0
  readonly bytes: Uint8Array
  readonly #places: number
  readonly #timeUs: Float64Array
  readonly #at: Uint32Array
  readonly #captured: Uint32Array
  readonly #original: Uint32Array
  readonly #linkType: Uint16Array
  #writeAt = 0

  /** @param bytesMax at least the bytes of one block */
  constructor(bytesMax: number) {
    this.bytes = new Uint8Array(bytesMax)
    this.#places = Math.ceil(bytesMax / bytesPerPlace)
    this.#timeUs = new Float64Array(this.#places)
    this.#at = new Uint32Array(this.#places)
    this.#captured = new Uint32Array(this.#places)
    this.#original = new Uint32Array(this.#places)
    this.#linkType = new Uint16Array(this.#places)
  }

  /** Copies what a block holds; the block may be reused afterwards. A block larger than the ring is left out. */
  keep(block: PacketBlock): void {
    let start = Infinity
    let end = 0
    for (let row = 0; row < block.count; row++) {
      start = Math.min(start, block.offset[row]!)
      end = Math.max(end, block.offset[row]! + block.capturedLength[row]!)
    }
    const length = end - start
    if (block.count === 0 || length > this.bytes.length) return
    const at = this.#reserve(length)
    this.bytes.set(block.bytes.subarray(start, end), at)
    for (let row = 0; row < block.count; row++) {
      if (this.next - this.first === this.#places) this.first++
      const place = this.next++ % this.#places
      this.#timeUs[place] = block.timeUs[row]!
      this.#at[place] = block.offset[row]! - start + at
      this.#captured[place] = block.capturedLength[row]!
      this.#original[place] = block.originalLength[row]!
      this.#linkType[place] = block.linkType[row]!
    }
  }

  /** Frees `length` bytes in one piece, of the oldest packets first. */
  #reserve(length: number): number {
    if (this.#writeAt + length > this.bytes.length) {
      // What lies behind the end of the last block is older than what lies at the start.
      while (this.first < this.next && this.at(this.first) >= this.#writeAt) this.first++
      this.#writeAt = 0
    }
    const at = this.#writeAt
    const end = at + length
    while (this.first < this.next && this.#overlaps(this.first, at, end)) this.first++
    this.#writeAt = end
    return at
  }

  #overlaps(packet: number, start: number, end: number): boolean {
    const at = this.at(packet)
    // A packet of which nothing was captured takes a place too: the ones behind it must not be forgotten over it.
    return at < end && at + Math.max(1, this.capturedLength(packet)) > start
  }

  timeUs(packet: number): TimeUs {
    return this.#timeUs[packet % this.#places]!
  }

  /** Where the packet begins in `bytes`. */
  at(packet: number): number {
    return this.#at[packet % this.#places]!
  }

  capturedLength(packet: number): number {
    return this.#captured[packet % this.#places]!
  }

  originalLength(packet: number): number {
    return this.#original[packet % this.#places]!
  }

  linkType(packet: number): number {
    return this.#linkType[packet % this.#places]!
  }
}
