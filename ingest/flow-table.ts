import { flowEndReason, recordKind, tcpFlag } from '../records/flow-batch.ts'
import type { TimeUs } from '../records/time.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import { FlowIndex } from './flow-index.ts'
import { FlowKey } from './flow-key.ts'
import {
  doubleAt,
  type FlowBuffer,
  flowDoubles,
  flowFlag,
  flowWords,
  wordAt,
} from './flow-layout.ts'
import { type FlowTableConfig, FlowTimeouts } from './flow-timeouts.ts'
import { type Frame, ipProtocol } from './frame-fields.ts'
import { writeMac, writeNewFlow } from './new-flow.ts'
import { SlotList } from './slot-list.ts'
import { isTcpClosed, isTcpEstablished, tcpFact, tcpFactsOf } from './tcp-state.ts'

/** What the table tells; `slot` and its columns are valid during the call. */
export interface FlowEvents {
  /** The flow ends next; its last record follows. */
  onEnding(slot: number, timeUs: TimeUs): void
  /** A record of the flow (kind and reason as in records/flow-batch.ts); its counters are cleared afterwards. */
  onRecord(slot: number, kind: number, endReason: number, timeUs: TimeUs): void
  /** A new flow, key and sides known, begins at word `base`: writes the leases of its endpoints into its words. */
  onNew(words: Int32Array, base: number): void
}

/**
 * Two-way flows by unordered five-tuple and address space, in typed arrays of fixed capacity.
 * At the limit the oldest unestablished flow ends early (`lackOfResources`), and where there is none the one of the
 * next 32 slots that has been silent longest. Records come out in the order of (time, flow id).
 */
export class FlowTable {
  readonly capacity: number
  readonly words: Int32Array
  readonly doubles: Float64Array
  /** Whether the last packet came from the originator. */
  isOrig = false
  /** Flows so far, over all recordings: the last flow id. */
  flowCount = 0
  activeCount = 0
  evictedCount = 0
  readonly #buffer: FlowBuffer
  readonly #config: FlowTableConfig
  readonly #timeouts: FlowTimeouts
  readonly #events: FlowEvents
  readonly #index: FlowIndex
  readonly #expiry: ExpiryQueue
  readonly #free: Int32Array
  #freeCount = 0
  /** Slots that were ever in use: those from here on have not been touched, and cost no memory yet. */
  #usedCount = 0
  readonly #unestablished: SlotList
  #hand = 0
  /** Key of the packet at hand. */
  readonly #key: FlowKey

  /** @param buffer of `config.capacity` flows, all free; others may read it. */
  constructor(config: FlowTableConfig, events: FlowEvents, buffer: FlowBuffer) {
    this.capacity = config.capacity
    this.#buffer = buffer
    this.words = buffer.words
    this.doubles = buffer.doubles
    this.#config = config
    this.#timeouts = new FlowTimeouts(config, buffer)
    this.#events = events
    this.#unestablished = new SlotList(config.capacity)
    this.#index = new FlowIndex(config.capacity)
    this.#key = new FlowKey(config.seed)
    this.#expiry = new ExpiryQueue(config.capacity)
    this.#free = new Int32Array(config.capacity)
  }

  /** No record is due before this time. */
  get nextUs(): TimeUs {
    return this.#expiry.nextUs
  }

  /**
   * Counts one packet. Call `advance` with its time first.
   * @returns the slot of its flow; `isOrig` tells the side it came from.
   */
  onPacket(frame: Frame, space: number, bytes: Uint8Array, timeUs: TimeUs): number {
    this.#key.read(frame, space)
    let slot = this.#find()
    if (slot >= 0 && this.#isSuccessor(slot, frame)) {
      this.#end(slot, flowEndReason.endOfFlow, timeUs)
      slot = -1
    }
    if (slot < 0) slot = this.#create(frame, bytes, timeUs)
    this.#count(slot, frame, bytes, timeUs)
    return slot
  }

  /** Counts a suppressed second copy. */
  onDuplicate(frame: Frame, space: number): void {
    this.#key.read(frame, space)
    const slot = this.#find()
    if (slot >= 0) this.words[slot * flowWords + wordAt.duplicatePackets]! += 1
  }

  /** Marks the flow that an ICMP error quotes; `quoted` is the packet it quotes. */
  onUnreachable(quoted: Frame, space: number, timeUs: TimeUs): void {
    this.#key.read(quoted, space)
    const slot = this.#find()
    if (slot < 0) return
    this.words[slot * flowWords + wordAt.flags]! |= flowFlag.isUnreachable
    this.#start(slot, timeUs)
  }

  /** Emits what is due up to and including `timeUs`, each record at its own due time. */
  advance(timeUs: TimeUs): void {
    for (let slot = this.#expiry.pop(timeUs); slot >= 0; slot = this.#expiry.pop(timeUs)) {
      this.#onDue(slot, this.#expiry.deadlineUs(slot))
    }
  }

  /** Ends every flow, in the order of flow ids. */
  endAll(timeUs: TimeUs): void {
    const slots: number[] = []
    for (let slot = 0; slot < this.#usedCount; slot++) if (this.flowId(slot) !== 0) slots.push(slot)
    slots.sort((a, b) => this.flowId(a) - this.flowId(b))
    for (const slot of slots) this.#end(slot, flowEndReason.forcedEnd, timeUs)
  }

  flowId(slot: number): number {
    return this.doubles[slot * flowDoubles + doubleAt.flowId]!
  }

  #find(): number {
    const index = this.#index
    const { hash } = this.#key
    let at = index.first(hash)
    for (let slot = index.slotAt(at); slot >= 0; slot = index.slotAt(at)) {
      if (this.#key.isAt(this.words, slot * flowWords)) return slot
      at = index.after(at, hash)
    }
    return -1
  }

  /** A SYN that opens another connection on the same five-tuple: the old one has closed, or numbers anew. */
  #isSuccessor(slot: number, frame: Frame): boolean {
    if (frame.protocol !== ipProtocol.tcp) return false
    if ((frame.tcpFlags & (tcpFlag.syn | tcpFlag.ack)) !== tcpFlag.syn) return false
    const base = slot * flowWords
    const flags = this.words[base + wordAt.flags]!
    if ((flags & flowFlag.isClosed) !== 0) return true
    const isOrig = this.#key.isSrcA === ((flags & flowFlag.origIsA) !== 0)
    const isAnswered = isTcpEstablished(this.words[base + wordAt.tcpFacts]!)
    return isAnswered && isOrig && this.words[base + wordAt.first] !== (frame.tcpSequence | 0)
  }

  #create(frame: Frame, bytes: Uint8Array, timeUs: TimeUs): number {
    if (this.activeCount === this.capacity) this.#evict(timeUs)
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#usedCount++
    writeNewFlow(this.#buffer, slot, this.#key, frame, bytes, timeUs, ++this.flowCount)
    this.#index.insert(slot, this.#key.hash)
    this.activeCount++
    if (frame.protocol === ipProtocol.tcp) this.#unestablished.append(slot)
    this.#events.onNew(this.words, slot * flowWords)
    this.#schedule(slot, timeUs)
    return slot
  }

  #count(slot: number, frame: Frame, bytes: Uint8Array, timeUs: TimeUs): void {
    const { words, doubles } = this
    const base = slot * flowWords
    const at = slot * flowDoubles
    let flags = words[base + wordAt.flags]!
    const isOrig = this.#key.isSrcA === ((flags & flowFlag.origIsA) !== 0)
    this.isOrig = isOrig
    doubles[at + doubleAt.lastUs] = timeUs
    if (isOrig) {
      words[base + wordAt.origPackets]! += 1
      doubles[at + doubleAt.origIpBytes]! += frame.ipBytes
      doubles[at + doubleAt.origPayloadBytes]! += frame.payloadBytes
      doubles[at + doubleAt.origPayloadTotal]! += frame.payloadBytes
      words[base + wordAt.tcpFlags]! |= frame.tcpFlags << 8
    } else {
      words[base + wordAt.respPackets]! += 1
      doubles[at + doubleAt.respIpBytes]! += frame.ipBytes
      doubles[at + doubleAt.respPayloadBytes]! += frame.payloadBytes
      doubles[at + doubleAt.respPayloadTotal]! += frame.payloadBytes
      words[base + wordAt.tcpFlags]! |= frame.tcpFlags << 16
    }
    const side = isOrig ? flowFlag.hasOrigSent : flowFlag.hasRespSent
    if ((flags & side) === 0) {
      flags |= side
      words[base + wordAt.flags] = flags
      writeMac(words, base + (isOrig ? wordAt.origMac : wordAt.respMac), bytes, frame.srcMacAt)
    }
    if (frame.protocol === ipProtocol.tcp) this.#countTcp(slot, frame, isOrig, timeUs)
    if (Number.isNaN(doubles[at + doubleAt.pendingSinceUs]!)) {
      doubles[at + doubleAt.pendingSinceUs] = timeUs
      this.#scheduleNoLaterThan(slot, timeUs + this.#config.activeUs, timeUs)
    }
    if ((flags & flowFlag.isStarted) === 0 && !isOrig && (flags & flowFlag.hasOrigSent) !== 0)
      this.#start(slot, timeUs)
  }

  #countTcp(slot: number, frame: Frame, isOrig: boolean, timeUs: TimeUs): void {
    const base = slot * flowWords
    const before = this.words[base + wordAt.tcpFacts]!
    const facts = before | tcpFactsOf(frame.tcpFlags, frame.payloadBytes, isOrig)
    if (facts === before) return
    this.words[base + wordAt.tcpFacts] = facts
    const isTwoWay =
      isTcpEstablished(facts) ||
      ((facts & tcpFact.origData) !== 0 && (facts & tcpFact.respData) !== 0)
    if (isTwoWay) {
      this.words[base + wordAt.flags]! |= flowFlag.isTwoWay
      this.#unestablished.remove(slot)
    }
    if (!isTcpClosed(facts) || isTcpClosed(before)) return
    this.words[base + wordAt.flags]! |= flowFlag.isClosed
    this.#scheduleNoLaterThan(slot, timeUs + this.#config.closeLingerUs, timeUs)
  }

  #onDue(slot: number, timeUs: TimeUs): void {
    if (this.#timeouts.endDueUs(slot) <= timeUs) {
      const isClosed = (this.words[slot * flowWords + wordAt.flags]! & flowFlag.isClosed) !== 0
      this.#end(slot, isClosed ? flowEndReason.endOfFlow : flowEndReason.idleTimeout, timeUs)
      return
    }
    if (this.#timeouts.recordDueUs(slot) <= timeUs) {
      if (this.#isStarted(slot)) this.#emit(slot, recordKind.update, flowEndReason.none, timeUs)
      else this.#start(slot, timeUs)
    }
    this.#schedule(slot, timeUs)
  }

  #isStarted(slot: number): boolean {
    return (this.words[slot * flowWords + wordAt.flags]! & flowFlag.isStarted) !== 0
  }

  #schedule(slot: number, nowUs: TimeUs): void {
    this.#expiry.schedule(slot, this.#timeouts.nextDueUs(slot), this.flowId(slot), nowUs)
  }

  #scheduleNoLaterThan(slot: number, dueUs: TimeUs, nowUs: TimeUs): void {
    if (dueUs < this.#expiry.deadlineUs(slot))
      this.#expiry.schedule(slot, dueUs, this.flowId(slot), nowUs)
  }

  #start(slot: number, timeUs: TimeUs): void {
    if (!this.#isStarted(slot)) this.#emit(slot, recordKind.start, flowEndReason.none, timeUs)
  }

  #emit(slot: number, kind: number, endReason: number, timeUs: TimeUs): void {
    this.#events.onRecord(slot, kind, endReason, timeUs)
    const base = slot * flowWords
    const at = slot * flowDoubles
    this.words[base + wordAt.flags]! |= flowFlag.isStarted
    this.words[base + wordAt.origPackets] = 0
    this.words[base + wordAt.respPackets] = 0
    this.words[base + wordAt.duplicatePackets] = 0
    // Four stores cost less than a call of `fill`.
    this.doubles[at + doubleAt.origIpBytes] = 0
    this.doubles[at + doubleAt.respIpBytes] = 0
    this.doubles[at + doubleAt.origPayloadBytes] = 0
    this.doubles[at + doubleAt.respPayloadBytes] = 0
    this.doubles[at + doubleAt.pendingSinceUs] = NaN
  }

  #end(slot: number, endReason: number, timeUs: TimeUs): void {
    this.#events.onEnding(slot, timeUs)
    this.#emit(slot, recordKind.end, endReason, timeUs)
    this.#unestablished.remove(slot)
    this.#expiry.cancel(slot)
    this.#index.remove(slot)
    this.doubles[slot * flowDoubles + doubleAt.flowId] = 0
    this.#free[this.#freeCount++] = slot
    this.activeCount--
  }

  #evict(timeUs: TimeUs): void {
    this.evictedCount++
    const oldest = this.#unestablished.first
    if (oldest >= 0) {
      this.#end(oldest, flowEndReason.lackOfResources, timeUs)
      return
    }
    let victim = this.#hand
    for (let i = 0; i < 32; i++) {
      const slot = (this.#hand + i) % this.capacity
      if (this.#lastUs(slot) < this.#lastUs(victim)) victim = slot
    }
    this.#hand = (this.#hand + 32) % this.capacity
    this.#end(victim, flowEndReason.lackOfResources, timeUs)
  }

  #lastUs(slot: number): TimeUs {
    return this.doubles[slot * flowDoubles + doubleAt.lastUs]!
  }
}
