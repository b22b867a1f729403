import { wordAt } from './flow-layout.ts'
import { type Frame, ipProtocol } from './frame.ts'
import { icmpRequestType } from './icmp.ts'

/** Key of the packet at hand: its unordered five-tuple and address space, in the words that a flow begins with. */
export class FlowKey {
  readonly words = new Int32Array(wordAt.flags)
  hash = 0
  /** Whether the sender is side A, the one with the lower (address, port). */
  isSrcA = false
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed | 0
  }

  read(frame: Frame, space: number): void {
    const words = this.words
    const isIcmp = frame.protocol === ipProtocol.icmp || frame.protocol === ipProtocol.icmpv6
    // A request and its answer are one flow: both sides are keyed by the type of the request.
    const srcPort = isIcmp ? icmpRequestType(frame) : frame.srcPort
    const dstPort = isIcmp ? srcPort : frame.dstPort
    const order =
      frame.src0 - frame.dst0 ||
      frame.src1 - frame.dst1 ||
      frame.src2 - frame.dst2 ||
      frame.src3 - frame.dst3
    const isSrcA = order < 0 || (order === 0 && srcPort <= dstPort)
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

  /** The words of a mapped IPv4 address that are always the same are left out. */
  #mix(isIpv4: boolean): number {
    const words = this.words
    let hash = this.#seed
    if (!isIpv4) {
      for (let i = 0; i < 3; i++) hash = mix(mix(hash, words[wordAt.a + i]!), words[wordAt.b + i]!)
    }
    hash = mix(mix(hash, words[wordAt.a + 3]!), words[wordAt.b + 3]!)
    hash = mix(mix(hash, words[wordAt.ports]!), words[wordAt.protocol]!)
    return Math.imul(hash, 0x85ebca6b) ^ (hash >>> 13)
  }
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
