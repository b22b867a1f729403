import type { TimeUs } from '../records/time.ts'
import { type Frame, frameKind, word } from './frame-fields.ts'

const noBytes = new Uint8Array(0)
const bucketsMin = 256
const bucketsMax = 4096
const hashedBytesMax = 40

// A bucket is one cache line: a ring of four places, each a time (double) and two hashes (words).
const places = 4
const placeDoubles = 2
const placeWords = 4
const highAt = 2
const lowAt = 3

/**
 * Recognises the second copy of a packet that a mirror delivers twice (both directions of a port mirrored, or before
 * and after a router): docs/decisions/0006. Equal means: addresses, protocol, lengths, identification and fragment
 * offset, and the first 40 bytes from the transport header on, its checksum over the payload included. What a switch or
 * router changes does not count: link header, VLAN tag, time to live, header checksum, traffic class.
 * Four places a bucket by hash, the oldest is overwritten. Where that would forget a packet of the window the table
 * doubles, up to 256 kB: at usual rates it stays in a core's cache. A false match needs two packets whose 64 bits of
 * hash agree within the window.
 */
export class DuplicateFilter {
  readonly #windowUs: number
  #words = new Int32Array(0)
  #doubles = new Float64Array(0)
  /** Place of each bucket that is overwritten next. Time never goes back, so it is the oldest. */
  #oldest = new Uint8Array(0)
  #mask = 0
  #low = 0
  #high = 0
  #bytes: Uint8Array = noBytes
  #view: DataView = new DataView(noBytes.buffer)

  constructor(windowUs: number) {
    this.#windowUs = windowUs
    this.#allocate(bucketsMin)
  }

  /** Whether the packet that `frame` was read from is a second copy; remembers it if it is not. */
  isDuplicate(bytes: Uint8Array, frame: Frame, space: number, timeUs: TimeUs): boolean {
    if (this.#windowUs === 0) return false
    if (frame.kind === frameKind.arp) {
      this.#hash(bytes, frame.networkAt, frame.capturedEnd, space, 0)
    } else this.#hashIp(bytes, frame, space)
    const words = this.#words
    const low = this.#low
    const high = this.#high
    const sinceUs = timeUs - this.#windowUs
    const first = (low & this.#mask) * places
    for (let place = first; place < first + places; place++) {
      const word = place * placeWords
      // The window is counted from the first copy: a packet repeated for ever is not one packet.
      if (words[word + highAt] === high && words[word + lowAt] === low)
        if (this.#doubles[place * placeDoubles]! >= sinceUs) return true
    }
    this.#remember(low, high, timeUs, sinceUs)
    return false
  }

  /** Another recording begins. */
  clear(): void {
    for (let i = 0; i < this.#doubles.length; i += placeDoubles) this.#doubles[i] = -Infinity
  }

  #remember(low: number, high: number, timeUs: TimeUs, sinceUs: TimeUs): void {
    const bucket = low & this.#mask
    const place = bucket * places + this.#oldest[bucket]!
    if (this.#doubles[place * placeDoubles]! >= sinceUs && this.#mask + 1 < bucketsMax) {
      this.#grow()
      this.#remember(low, high, timeUs, sinceUs)
      return
    }
    this.#oldest[bucket] = (this.#oldest[bucket]! + 1) % places
    this.#doubles[place * placeDoubles] = timeUs
    this.#words[place * placeWords + highAt] = high
    this.#words[place * placeWords + lowAt] = low
  }

  #allocate(buckets: number): void {
    const buffer = new ArrayBuffer(buckets * places * placeDoubles * 8)
    this.#words = new Int32Array(buffer)
    this.#doubles = new Float64Array(buffer)
    this.#oldest = new Uint8Array(buckets)
    this.#mask = buckets - 1
    this.clear()
  }

  /** Each bucket's places go to two, the oldest first. */
  #grow(): void {
    const [words, doubles, oldest, buckets] = [
      this.#words,
      this.#doubles,
      this.#oldest,
      this.#mask + 1,
    ]
    this.#allocate(buckets * 2)
    for (let bucket = 0; bucket < buckets; bucket++) {
      for (let i = 0; i < places; i++) {
        const place = bucket * places + ((oldest[bucket]! + i) % places)
        const word = place * placeWords
        const timeUs = doubles[place * placeDoubles]!
        if (timeUs !== -Infinity)
          this.#remember(words[word + lowAt]!, words[word + highAt]!, timeUs, Infinity)
      }
    }
  }

  #hashIp(bytes: Uint8Array, frame: Frame, space: number): void {
    let ip = Math.imul(frame.src3, 0x9e3779b1) ^ Math.imul(frame.dst3, 0x85ebca6b)
    if (!frame.isIpv4) {
      ip = Math.imul(ip ^ frame.src0 ^ frame.dst1, 0x9e3779b1) ^ frame.src2
      ip = Math.imul(ip ^ frame.src1 ^ frame.dst0, 0x85ebca6b) ^ frame.dst2
    }
    ip ^= (frame.ipBytes << 8) | frame.protocol
    // IPv4: identification, flags and offset. IPv6: the fragment header, where there is one, ends before the transport header.
    const at = frame.isIpv4 ? frame.networkAt + 4 : frame.transportAt - 8
    let fragment = word(bytes, at)
    if (!frame.isIpv4) fragment = Math.imul(fragment, 0x9e3779b1) ^ word(bytes, at + 4)
    this.#hash(bytes, frame.transportAt, frame.capturedEnd, ip ^ space, fragment)
  }

  /**
   * Hashes the first bytes from `start` on into two words. Words in turn go to one and to the other, which halves the
   * chain of multiplications; packets that differ in one of them only still differ in 32 bits.
   * Locals: fields would cost a store a word.
   */
  #hash(bytes: Uint8Array, start: number, end: number, first: number, second: number): void {
    if (bytes !== this.#bytes) this.#see(bytes)
    const view = this.#view
    let low = Math.imul(first ^ second, 0x9e3779b1)
    let high = Math.imul(first, 0x2545f491) + second
    const stop = Math.min(end, start + hashedBytesMax)
    let at = start
    for (; at + 8 <= stop; at += 8) {
      low = Math.imul(low ^ view.getInt32(at, true), 0x9e3779b1)
      low = (low << 15) | (low >>> 17)
      high = Math.imul(high ^ view.getInt32(at + 4, true), 0x85ebca6b)
      high = (high << 13) | (high >>> 19)
    }
    if (at + 4 <= stop) {
      low = Math.imul(low ^ view.getInt32(at, true), 0x9e3779b1)
      low = (low << 15) | (low >>> 17)
      at += 4
    }
    for (; at < stop; at++) {
      low = Math.imul(low ^ bytes[at]!, 0x9e3779b1)
      low = (low << 15) | (low >>> 17)
      high = Math.imul(high + bytes[at]!, 0x85ebca6b)
      high = (high << 13) | (high >>> 19)
    }
    low ^= high >>> 16
    this.#low = Math.imul(low, 0x9e3779b1) ^ (low >>> 15)
    this.#high = high | 0
  }

  /** Reading words through a view costs half of joining bytes; a source reads into few buffers again and again. */
  #see(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}
