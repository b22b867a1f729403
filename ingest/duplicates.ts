import type { TimeUs } from '../records/time.ts'
import { type Frame, frameKind } from './frame.ts'

const noBytes = new Uint8Array(0)
const bucketCount = 8192
const hashedBytesMax = 40

// A bucket is 32 bytes, half a cache line: two places of a time (double) and a hash (word).
const bucketDoubles = 4
const bucketWords = 8
const placeDoubles = 2
const placeWords = 4
const hashAt = 2

/**
 * Recognises the second copy of a packet that a mirror delivers twice (both directions of a port mirrored, or before
 * and after a router): docs/decisions/0006. Equal means: addresses, protocol, lengths, identification and fragment
 * offset, and the first 40 bytes from the transport header on, its checksum over the payload included. What a switch or
 * router changes does not count: link header, VLAN tag, time to live, header checksum, traffic class.
 * Two places a bucket by hash, the older is overwritten: 256 kB whatever comes. A false match needs two packets whose
 * 45 bits of hash agree within the window.
 */
export class DuplicateFilter {
  readonly #windowUs: number
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  #low = 0
  #high = 0
  #bytes: Uint8Array = noBytes
  #view: DataView = new DataView(noBytes.buffer)

  constructor(windowUs: number) {
    const buffer = new ArrayBuffer(bucketCount * bucketDoubles * 8)
    this.#windowUs = windowUs
    this.#words = new Int32Array(buffer)
    this.#doubles = new Float64Array(buffer)
    this.clear()
  }

  /** Whether the packet that `frame` was read from is a second copy; remembers it if it is not. */
  isDuplicate(bytes: Uint8Array, frame: Frame, space: number, timeUs: TimeUs): boolean {
    if (this.#windowUs === 0) return false
    if (frame.kind === frameKind.arp) {
      this.#hash(bytes, frame.networkAt, frame.capturedEnd, space, 0)
    } else this.#hashIp(bytes, frame, space)
    const bucket = this.#low & (bucketCount - 1)
    const words = this.#words
    const doubles = this.#doubles
    const word = bucket * bucketWords + hashAt
    const double = bucket * bucketDoubles
    const high = this.#high
    const sinceUs = timeUs - this.#windowUs
    // The window is counted from the first copy: a packet repeated for ever is not one packet.
    if (words[word] === high && doubles[double]! >= sinceUs) return true
    if (words[word + placeWords] === high && doubles[double + placeDoubles]! >= sinceUs) return true
    const older = doubles[double]! <= doubles[double + placeDoubles]! ? 0 : 1
    words[word + older * placeWords] = high
    doubles[double + older * placeDoubles] = timeUs
    return false
  }

  /** Another recording begins. */
  clear(): void {
    for (let i = 0; i < this.#doubles.length; i += placeDoubles) this.#doubles[i] = -Infinity
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
    low ^= low >>> 16
    this.#low = Math.imul(low ^ high, 0x9e3779b1) >>> 16
    this.#high = Math.imul(high, 0xc2b2ae35) ^ low
  }

  /** Reading words through a view costs half of joining bytes; a source reads into few buffers again and again. */
  #see(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
