import type { DecoderOutput, FlowFacts, ProtocolDecoder } from './protocol.ts'
import { createRecognition, type InspectedFlow, type RecognitionCounters } from './recognition.ts'
import { createSegmentHold, type SegmentHold } from './segment-hold.ts'

export interface StreamHeadsConfig {
  /** All decoders in probe order, at most 32; the first that says yes reads the flow. */
  readonly decoders: readonly ProtocolDecoder[]
  /** Slots of the flow table: every `slot` below is in 0 … capacity − 1. */
  readonly capacity: number
  /** Flows that may be inspected at one time; further ones are counted `sessions-full` and not inspected. */
  readonly sessionsMax?: number
  /** Payload bytes of out-of-order segments that all flows together may hold back. */
  readonly heldBytesMax?: number
}

/** What was not read, by cause; numbers only grow. */
export interface StreamCounters extends RecognitionCounters {
  /** New flows not inspected because `sessionsMax` flows were. */
  sessionsFull: number
  /** Flows given up because bytes were missing before a decoder had decided. */
  headsWithGap: number
  /** Holes in recognised streams that were told to their sessions, and the bytes in them. */
  gaps: number
  gapBytes: number
  /** Segments that came before their turn and were held back. */
  reordered: number
}

/**
 * Decides for each flow which decoder reads it, and hands that decoder the payload of each side in order and once.
 * A flow that no decoder wants costs one byte test per packet. Nothing of `bytes` or `flow` is kept after a call.
 */
export interface StreamHeads {
  readonly decoders: readonly ProtocolDecoder[]
  readonly counters: Readonly<StreamCounters>
  /** False when nothing more of the flow is wanted: the calls below would do nothing. */
  wants(slot: number): boolean
  /**
   * One TCP segment. Call it for each SYN and each segment with payload (others are no use, and no harm).
   * @param seq sequence number of the header; a SYN takes one number itself.
   * @param start, end the captured payload is `bytes[start … end)`.
   * @param length payload bytes on the wire; what a snap length cut off is told as a gap.
   * @param ack acknowledgement number, where the ACK flag is set: bytes that the other side has acknowledged and that
   *   were not seen will not come, so the hole is closed before this segment is delivered.
   */
  onTcp(
    slot: number,
    isOrig: boolean,
    seq: number,
    syn: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
    flow: FlowFacts,
    out: DecoderOutput,
    ack?: number,
  ): void
  /** One UDP datagram's payload. */
  onUdp(
    slot: number,
    isOrig: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void
  /** The flow has ended: what is held is delivered, open attempts are told, and the slot is free for another flow. */
  onFlowEnd(slot: number, flow: FlowFacts, out: DecoderOutput): void
  /** Index in `decoders` of the one that reads (or has read) the flow; −1 when none does. */
  serviceOf(slot: number): number
}

const sessionsMaxDefault = 16_384
const heldBytesMaxDefault = 32 * 1024 * 1024

/** Life of a slot. `fresh` is 0 so that a cleared array is right; `done` covers given up and finished. */
const life = { fresh: 0, done: 1, open: 2 } as const

/** @returns an empty set of heads; `capacity` × 20 bytes plus what inspected flows hold. */
export function createStreamHeads(config: StreamHeadsConfig): StreamHeads {
  const { decoders, capacity } = config
  const sessionsMax = config.sessionsMax ?? sessionsMaxDefault
  const heldBytesMax = config.heldBytesMax ?? heldBytesMaxDefault
  const lives = new Uint8Array(capacity)
  /** Index of the decoder + 1; 0: none. */
  const services = new Uint8Array(capacity)
  /** Next sequence number of each side, at slot × 2 + side; valid when the byte in `known` is set. */
  const nexts = new Uint32Array(capacity * 2)
  const known = new Uint8Array(capacity * 2)
  /** By slot, not in a map: looking one up costs every packet with payload. */
  const flows: (InspectedFlow | null)[] = []
  let openCount = 0
  const counters: StreamCounters = {
    sessionsFull: 0,
    headsUndecided: 0,
    headsWithGap: 0,
    gaps: 0,
    gapBytes: 0,
    reordered: 0,
  }
  const recognition = createRecognition(decoders, counters)
  const budget = { heldBytes: 0, heldBytesMax }
  // What the call at hand is about: each call is about one flow, and calls do not nest.
  let slot = 0
  let flow: FlowFacts
  let out: DecoderOutput

  function enter(ofSlot: number, ofFlow: FlowFacts, output: DecoderOutput): void {
    slot = ofSlot
    flow = ofFlow
    out = output
  }

  function open(transport: 'tcp' | 'udp'): InspectedFlow | null {
    if (openCount >= sessionsMax) {
      counters.sessionsFull++
      lives[slot] = life.done
      return null
    }
    const inspected = recognition.begin(transport)
    while (flows.length <= slot) flows.push(null)
    flows[slot] = inspected
    openCount++
    lives[slot] = life.open
    return inspected
  }

  /** Takes over what the calls of this flow have decided. */
  function settle(inspected: InspectedFlow): void {
    services[slot] = inspected.service + 1
    if (!inspected.isOpen) forget(inspected)
  }

  function forget(inspected: InspectedFlow): void {
    lives[slot] = life.done
    inspected.origHold?.clear()
    inspected.respHold?.clear()
    flows[slot] = null
    openCount--
  }

  /** `length` bytes of one side will not come. */
  function gap(inspected: InspectedFlow, length: number, isOrig: boolean): void {
    if (inspected.session === null) {
      counters.headsWithGap++
      inspected.isOpen = false
      return
    }
    counters.gaps++
    counters.gapBytes += length
    inspected.session.onGap?.(length, isOrig, flow, out)
  }

  /** Delivers held segments that are due; with `force`, takes the hole before the first of them as lost. */
  function drain(inspected: InspectedFlow, isOrig: boolean, force: boolean): void {
    const hold = holdOf(inspected, isOrig)
    const at = slot * 2 + (isOrig ? 1 : 0)
    let mayJump = force
    while (hold !== null && hold.count > 0 && inspected.isOpen) {
      const ahead = (hold.firstSeq() - nexts[at]!) | 0
      if (ahead > 0 && !mayJump) return
      mayJump = false
      const { seq, bytes, length } = hold.takeFirst()
      inOrder(inspected, seq, bytes, 0, bytes.length, length, isOrig)
    }
  }

  /** What can be delivered now: segments whose turn has come, and those whose hole has lasted too long. */
  function drainDue(inspected: InspectedFlow, hold: SegmentHold | null, isOrig: boolean): void {
    if (hold === null) return
    drain(inspected, isOrig, false)
    while (inspected.isOpen && hold.isOverdue(flow.timeUs)) drain(inspected, isOrig, true)
  }

  /** The sender of `ack` has what stands before it: a hole there is the capture's own. */
  function drainAcknowledged(inspected: InspectedFlow, isOrig: boolean, ack: number): void {
    const hold = holdOf(inspected, isOrig)
    while (
      hold !== null &&
      inspected.isOpen &&
      hold.count > 0 &&
      ((ack - hold.firstSeq()) | 0) >= 0
    ) {
      drain(inspected, isOrig, true)
    }
  }

  /** Everything of one side that is held: nothing more will come. */
  function drainAll(inspected: InspectedFlow, isOrig: boolean): void {
    const hold = holdOf(inspected, isOrig)
    while (hold !== null && inspected.isOpen && hold.count > 0) drain(inspected, isOrig, true)
  }

  function hold(inspected: InspectedFlow, isOrig: boolean): SegmentHold {
    counters.reordered++
    if (isOrig) return (inspected.origHold ??= createSegmentHold(budget))
    return (inspected.respHold ??= createSegmentHold(budget))
  }

  /** A segment that is due, partly old, or after a hole that is taken as lost. */
  function inOrder(
    inspected: InspectedFlow,
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
    isOrig: boolean,
  ): void {
    const at = slot * 2 + (isOrig ? 1 : 0)
    const ahead = (seq - nexts[at]!) | 0
    if (ahead + length <= 0) return
    nexts[at] = seq + length
    if (ahead > 0) gap(inspected, ahead, isOrig)
    const from = ahead < 0 ? start - ahead : start
    if (from < end && inspected.isOpen)
      recognition.deliver(inspected, bytes, from, end, isOrig, flow, out)
    const cut = length - Math.max(end - start, ahead < 0 ? -ahead : 0)
    if (cut > 0 && inspected.isOpen) gap(inspected, cut, isOrig)
  }

  return {
    decoders,
    counters,
    wants: (ofSlot) => lives[ofSlot] !== life.done,
    onTcp(ofSlot, isOrig, seq, syn, bytes, start, end, length, ofFlow, output, ack) {
      const alive = lives[ofSlot]!
      if (alive === life.done) return
      enter(ofSlot, ofFlow, output)
      const at = slot * 2 + (isOrig ? 1 : 0)
      const first = syn ? (seq + 1) >>> 0 : seq
      if (known[at] === 0 || (syn && alive === life.fresh)) {
        known[at] = 1
        nexts[at] = first
      }
      if (length === 0) return
      const inspected = alive === life.open ? flows[slot]! : open('tcp')
      if (inspected === null) return
      if (ack !== undefined) drainAcknowledged(inspected, !isOrig, ack)
      if (inspected.isOpen) {
        const isDue = ((first - nexts[at]!) | 0) <= 0
        if (isDue) inOrder(inspected, first, bytes, start, end, length, isOrig)
        else hold(inspected, isOrig).put(first, bytes, start, end, length, flow.timeUs)
        drainDue(inspected, inspected.respHold, false)
        drainDue(inspected, inspected.origHold, true)
      }
      settle(inspected)
    },
    onUdp(ofSlot, isOrig, bytes, start, end, ofFlow, output) {
      const alive = lives[ofSlot]!
      if (alive === life.done) return
      enter(ofSlot, ofFlow, output)
      const inspected = alive === life.open ? flows[slot]! : open('udp')
      if (inspected === null) return
      recognition.deliverDatagram(inspected, bytes, start, end, isOrig, flow, out)
      settle(inspected)
    },
    onFlowEnd(ofSlot, ofFlow, output) {
      enter(ofSlot, ofFlow, output)
      const inspected = flows[slot] ?? null
      if (inspected !== null) {
        drainAll(inspected, true)
        drainAll(inspected, false)
        if (inspected.isOpen) inspected.session?.onEnd?.(flow, out)
        forget(inspected)
      }
      lives[slot] = life.fresh
      services[slot] = 0
      known[slot * 2] = known[slot * 2 + 1] = 0
    },
    serviceOf: (ofSlot) => services[ofSlot]! - 1,
  }
}

function holdOf(inspected: InspectedFlow, isOrig: boolean): SegmentHold | null {
  return isOrig ? inspected.origHold : inspected.respHold
}
