import { tcpFlag } from '../records/flow-batch.ts'
import type { TimeUs } from '../records/time.ts'
import type { FlowKey } from './flow-key.ts'
import {
  doubleAt,
  type FlowBuffer,
  flowDoubles,
  flowFlag,
  flowWords,
  wordAt,
} from './flow-layout.ts'
import { type Frame, half, ipProtocol, word } from './frame-fields.ts'

/** Makes `slot` the flow whose first packet is at hand; nothing is counted yet. */
export function writeNewFlow(
  { words, doubles }: FlowBuffer,
  slot: number,
  key: FlowKey,
  frame: Frame,
  bytes: Uint8Array,
  timeUs: TimeUs,
  flowId: number,
): void {
  const base = slot * flowWords
  words.fill(0, base, base + flowWords)
  words.set(key.words, base)
  const isSrcOrig = isSenderOriginator(frame)
  const isTcp = frame.protocol === ipProtocol.tcp
  words[base + wordAt.flags] = isSrcOrig === key.isSrcA ? flowFlag.origIsA : 0
  words[base + wordAt.tcpFlags] = frame.tcpFlags
  words[base + wordAt.vlan] = frame.vlan
  words[base + wordAt.first] = isTcp ? frame.tcpSequence : (frame.srcPort << 8) | frame.dstPort
  const { srcMacAt, dstMacAt } = frame
  writeMac(words, base + wordAt.origMac, bytes, isSrcOrig ? srcMacAt : dstMacAt)
  writeMac(words, base + wordAt.respMac, bytes, isSrcOrig ? dstMacAt : srcMacAt)
  const at = slot * flowDoubles
  doubles[at + doubleAt.flowId] = flowId
  doubles[at + doubleAt.startUs] = timeUs
  doubles[at + doubleAt.lastUs] = timeUs
  doubles[at + doubleAt.pendingSinceUs] = timeUs
}

/**
 * Whether the sender of a flow's first packet opened the flow. A SYN-ACK is an answer. Of a connection that was
 * already under way the side with the lower port is taken as the responder, as Zeek does; a first packet without
 * ACK and RST is no part of one (RFC 9293 §3.5.1), so its sender is the originator whatever the ports.
 */
function isSenderOriginator(frame: Frame): boolean {
  if (frame.protocol !== ipProtocol.tcp) return true
  if ((frame.tcpFlags & tcpFlag.syn) !== 0) return (frame.tcpFlags & tcpFlag.ack) === 0
  if ((frame.tcpFlags & (tcpFlag.ack | tcpFlag.rst)) === 0) return true
  return frame.srcPort >= frame.dstPort
}

/** Hardware address: 2 bytes in one word, 4 in the next. */
export function writeMac(words: Int32Array, at: number, bytes: Uint8Array, from: number): void {
  words[at] = half(bytes, from)
  words[at + 1] = word(bytes, from + 2)
}
