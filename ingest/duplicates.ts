import type { TimeUs } from '../records/time.ts'
import { type Frame, frameKind } from './frame.ts'

const bucketCount = 32_768
const hashedBytesMax = 40

/**
 * Recognises the second copy of a packet that a mirror delivers twice (both directions of a port mirrored, or before
 * and after a router): docs/decisions/0006. Equal means: addresses, protocol, lengths, identification and fragment
 * offset, and the first 40 bytes from the transport header on, its checksum over the payload included. What a switch or
 * router changes does not count: link header, VLAN tag, time to live, header checksum, traffic class.
 * Two places a bucket by hash, the older is overwritten: 1 MB whatever comes. A false match needs two packets whose
 * 64 bits of hash agree within the window.
 */
export class DuplicateFilter {
  readonly #windowUs: number
  readonly #hashes = new Int32Array(bucketCount * 2)
  readonly #seenUs = new Float64Array(bucketCount * 2).fill(-Infinity)
  #low = 0
  #high = 0

  constructor(windowUs: number) {
    this.#windowUs = windowUs
  }

  /** Whether the packet that `frame` was read from is a second copy; remembers it if it is not. */
  isDuplicate(bytes: Uint8Array, frame: Frame, space: number, timeUs: TimeUs): boolean {
    if (this.#windowUs === 0) return false
    this.#hash(bytes, frame, space)
    const first = (this.#low & (bucketCount - 1)) * 2
    const second = first + 1
    const high = this.#high
    const sinceUs = timeUs - this.#windowUs
    // The window is counted from the first copy: a packet repeated for ever is not one packet.
    if (this.#hashes[first] === high && this.#seenUs[first]! >= sinceUs) return true
    if (this.#hashes[second] === high && this.#seenUs[second]! >= sinceUs) return true
    const older = this.#seenUs[first]! <= this.#seenUs[second]! ? first : second
    this.#hashes[older] = high
    this.#seenUs[older] = timeUs
    return false
  }

  /** Another recording begins. */
  clear(): void {
    this.#seenUs.fill(-Infinity)
  }

  #hash(bytes: Uint8Array, frame: Frame, space: number): void {
    this.#low = space
    this.#high = 0x2545f491
    if (frame.kind === frameKind.arp) {
      this.#mixBytes(bytes, frame.networkAt, frame.capturedEnd)
      return
    }
    if (!frame.isIpv4) {
      this.#mix(frame.src0)
      this.#mix(frame.src1)
      this.#mix(frame.src2)
      this.#mix(frame.dst0)
      this.#mix(frame.dst1)
      this.#mix(frame.dst2)
    }
    this.#mix(frame.src3)
    this.#mix(frame.dst3)
    this.#mix((frame.ipBytes << 8) | frame.protocol)
    // IPv4: identification, flags and offset. IPv6: the fragment header, where there is one, ends before the transport header.
    const fragmentAt = frame.isIpv4 ? frame.networkAt + 4 : frame.transportAt - 8
    this.#mixBytes(bytes, fragmentAt, fragmentAt + (frame.isIpv4 ? 4 : 8))
    this.#mixBytes(bytes, frame.transportAt, frame.capturedEnd)
  }

  #mixBytes(bytes: Uint8Array, start: number, end: number): void {
    const stop = Math.min(end, start + hashedBytesMax)
    let at = start
    for (; at + 4 <= stop; at += 4) {
      this.#mix(
        (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!,
      )
    }
    for (; at < stop; at++) this.#mix(bytes[at]!)
  }

  #mix(word: number): void {
    const low = Math.imul(this.#low ^ word, 0x9e3779b1)
    this.#low = low ^ (low >>> 15)
    const high = Math.imul(this.#high + word, 0x85ebca6b)
    this.#high = ((high << 13) | (high >>> 19)) ^ low
  }
}
