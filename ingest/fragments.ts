import type { Frame } from './frame.ts'

const entryCount = 4096
const entryWords = 8

/**
 * Remembers the ports of first fragments, so that later fragments of the same packet (same addresses, protocol and
 * identification, RFC 791 §3.2, RFC 8200 §4.5) are counted to its flow. Nothing is reassembled. A later fragment whose
 * first one was not seen, came later or was forgotten belongs to a flow without ports.
 * 4,096 places by hash, the newer overwrites: 128 kB whatever comes.
 */
export class FragmentPorts {
  /** Later fragments that were counted to a flow without ports. */
  unmatchedCount = 0
  readonly #entries = new Int32Array(entryCount * entryWords)

  /** Records a first fragment, or gives a later one its ports. Call it for fragments only. */
  resolve(frame: Frame, space: number): void {
    const source = frame.src0 ^ frame.src1 ^ frame.src2 ^ frame.src3
    const destination = frame.dst0 ^ frame.dst1 ^ frame.dst2 ^ frame.dst3
    const kind = frame.protocol | (space << 8) | (frame.isIpv4 ? 1 << 16 : 1 << 17)
    const hash = Math.imul(
      source ^ Math.imul(destination ^ frame.identification, 0x9e3779b1),
      0x85ebca6b,
    )
    const at = ((hash >>> 20) & (entryCount - 1)) * entryWords
    const entries = this.#entries
    if (!frame.isLaterFragment) {
      entries[at] = source
      entries[at + 1] = destination
      entries[at + 2] = frame.identification
      entries[at + 3] = kind
      entries[at + 4] = (frame.srcPort << 16) | frame.dstPort
      return
    }
    const isKnown =
      entries[at] === source &&
      entries[at + 1] === destination &&
      entries[at + 2] === (frame.identification | 0) &&
      entries[at + 3] === kind
    if (!isKnown) {
      this.unmatchedCount++
      return
    }
    frame.srcPort = entries[at + 4]! >>> 16
    frame.dstPort = entries[at + 4]! & 0xffff
  }

  /** Another recording begins. */
  clear(): void {
    this.#entries.fill(0)
  }
}
