import { wordAt } from './flow-layout.ts'
import { type Frame, ipProtocol } from './frame.ts'
import { icmpRequestType } from './icmp.ts'

/** Key of the packet at hand: its unordered five-tuple and address space, in the words that a flow begins with. */
export class FlowKey {
  readonly words = new Int32Array(wordAt.flags)
  hash = 0
  /** Whether the sender is side A. */
  isSrcA = false
  readonly #seed: number
  /** Whether the words hold the prefix of mapped IPv4 addresses on both sides: most packets find it there. */
  #isMapped = false

  constructor(seed: number) {
    this.#seed = seed | 0
  }

  read(frame: Frame, space: number): void {
    const words = this.words
    const isIcmp = frame.protocol === ipProtocol.icmp || frame.protocol === ipProtocol.icmpv6
    if (frame.isIpv4 && !isIcmp) {
      this.#readIpv4(frame, space)
      return
    }
    this.#isMapped = false
    // A request and its answer are one flow: both sides are keyed by the type of the request.
    const srcPort = isIcmp ? icmpRequestType(frame) : frame.srcPort
    const dstPort = isIcmp ? srcPort : frame.dstPort
    const isSrcA = isLower(frame, srcPort, dstPort)
    const src = isSrcA ? wordAt.a : wordAt.b
    const dst = isSrcA ? wordAt.b : wordAt.a
    words[src] = frame.src0
    words[src + 1] = frame.src1
    words[src + 2] = frame.src2
    words[src + 3] = frame.src3
    words[dst] = frame.dst0
    words[dst + 1] = frame.dst1
    words[dst + 2] = frame.dst2
    words[dst + 3] = frame.dst3
    words[wordAt.ports] = isSrcA ? (srcPort << 16) | dstPort : (dstPort << 16) | srcPort
    words[wordAt.protocol] = frame.protocol | (space << 8)
    this.isSrcA = isSrcA
    this.hash = this.#mix(frame.isIpv4)
  }

  /** As `read` does, most of it in locals: this is what nearly every packet is. */
  #readIpv4(frame: Frame, space: number): void {
    const words = this.words
    const { src3, dst3, srcPort, dstPort } = frame
    const isSrcA = src3 === dst3 ? srcPort <= dstPort : src3 < dst3
    const a = isSrcA ? src3 : dst3
    const b = isSrcA ? dst3 : src3
    const ports = isSrcA ? (srcPort << 16) | dstPort : (dstPort << 16) | srcPort
    const protocol = frame.protocol | (space << 8)
    if (!this.#isMapped) {
      words.fill(0)
      words[wordAt.a + 2] = words[wordAt.b + 2] = 0xffff
      this.#isMapped = true
    }
    words[wordAt.a + 3] = a
    words[wordAt.b + 3] = b
    words[wordAt.ports] = ports
    words[wordAt.protocol] = protocol
    this.isSrcA = isSrcA
    this.hash = finish(mix(mix(mix(mix(this.#seed, a), b), ports), protocol))
  }

  /** Whether a flow whose words begin at `base` has this key. Ports first: there flows differ; unrolled: 15 ns a packet. */
  isAt(words: Int32Array, base: number): boolean {
    const key = this.words
    return (
      words[base + 8] === key[8] &&
      words[base + 3] === key[3] &&
      words[base + 7] === key[7] &&
      words[base + 9] === key[9] &&
      words[base + 2] === key[2] &&
      words[base + 6] === key[6] &&
      words[base] === key[0] &&
      words[base + 1] === key[1] &&
      words[base + 4] === key[4] &&
      words[base + 5] === key[5]
    )
  }

  /** The words of a mapped IPv4 address that are always the same are left out. */
  #mix(isIpv4: boolean): number {
    const words = this.words
    let hash = this.#seed
    if (!isIpv4) {
      for (let i = 0; i < 3; i++) hash = mix(mix(hash, words[wordAt.a + i]!), words[wordAt.b + i]!)
    }
    hash = mix(mix(hash, words[wordAt.a + 3]!), words[wordAt.b + 3]!)
    hash = mix(mix(hash, words[wordAt.ports]!), words[wordAt.protocol]!)
    return finish(hash)
  }
}

function finish(hash: number): number {
  return Math.imul(hash, 0x85ebca6b) ^ (hash >>> 13)
}

/** Whether the sender's (address, port) is not above the receiver's, in any order that both directions share. */
function isLower(frame: Frame, srcPort: number, dstPort: number): boolean {
  if (frame.src3 !== frame.dst3) return frame.src3 < frame.dst3
  if (frame.src2 !== frame.dst2) return frame.src2 < frame.dst2
  if (frame.src1 !== frame.dst1) return frame.src1 < frame.dst1
  if (frame.src0 !== frame.dst0) return frame.src0 < frame.dst0
  return srcPort <= dstPort
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
