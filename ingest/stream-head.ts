import {
  type DecoderOutput,
  type FlowFacts,
  type ProtocolDecoder,
  type Session,
  verdict,
} from './protocol.ts'
import { appendToHead, type Head, headBytesMax, startHead } from './head-buffer.ts'
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
export interface StreamCounters {
  /** New flows not inspected because `sessionsMax` flows were. */
  sessionsFull: number
  /** Flows given up because no decoder had decided after `headBytesMax` bytes. */
  headsUndecided: number
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

/** Datagrams shown to undecided decoders before a UDP flow is given up. */
const headDatagramsMax = 4

const sessionsMaxDefault = 16_384
const heldBytesMaxDefault = 32 * 1024 * 1024

/** Life of a slot. `fresh` is 0 so that a cleared array is right; `done` covers given up and finished. */
const life = { fresh: 0, done: 1, open: 2 } as const

/** A flow under inspection: undecided (`session` null, `head` kept) or read by its session. */
interface Entry {
  session: Session | null
  /** Bit i: decoder i has not said no. */
  candidates: number
  datagrams: number
  head: Head | null
  /** Out-of-order segments, by side: [responder, originator]; null until one comes. */
  readonly holds: [SegmentHold | null, SegmentHold | null]
}

/** @returns an empty set of heads; `capacity` × 14 bytes plus what inspected flows hold. */
export function createStreamHeads(config: StreamHeadsConfig): StreamHeads {
  const { decoders, capacity } = config
  const sessionsMax = config.sessionsMax ?? sessionsMaxDefault
  const heldBytesMax = config.heldBytesMax ?? heldBytesMaxDefault
  const lives = new Uint8Array(capacity)
  const services = new Int8Array(capacity).fill(-1)
  /** Next sequence number of each side, at slot × 2 + side; valid when the bit in `known` is set. */
  const nexts = new Uint32Array(capacity * 2)
  const known = new Uint8Array(capacity * 2)
  const entries = new Map<number, Entry>()
  const counters: StreamCounters = {
    sessionsFull: 0,
    headsUndecided: 0,
    headsWithGap: 0,
    gaps: 0,
    gapBytes: 0,
    reordered: 0,
  }
  const budget = { heldBytes: 0, heldBytesMax }
  // What the call at hand is about: each call is about one flow, and calls do not nest.
  let slot = 0
  let flow: FlowFacts
  let out: DecoderOutput
  const masks = { tcp: maskOf(decoders, 'tcp'), udp: maskOf(decoders, 'udp') }

  function enter(ofSlot: number, ofFlow: FlowFacts, output: DecoderOutput): void {
    slot = ofSlot
    flow = ofFlow
    out = output
  }

  function close(entry: Entry): void {
    lives[slot] = life.done
    entry.head = null
    entry.holds[0]?.clear()
    entry.holds[1]?.clear()
    entries.delete(slot)
  }

  function open(candidates: number): Entry | null {
    if (entries.size >= sessionsMax) {
      counters.sessionsFull++
      lives[slot] = life.done
      return null
    }
    const entry: Entry = {
      session: null,
      candidates,
      datagrams: 0,
      head: null,
      holds: [null, null],
    }
    entries.set(slot, entry)
    lives[slot] = life.open
    return entry
  }

  /** Narrows `candidates` of the entry; index of the decoder that says yes, else −1. */
  function probe(
    entry: Entry,
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
  ): number {
    for (let i = 0, left = entry.candidates; left !== 0; i++, left >>>= 1) {
      if ((left & 1) === 0) continue
      const said = decoders[i]!.probe(bytes, start, end, isOrig, flow)
      if (said === verdict.yes) return i
      if (said === verdict.no) entry.candidates &= ~(1 << i)
    }
    return -1
  }

  /** Bytes of one side in order: to the session, or to the decoders that are still undecided. */
  function deliver(
    entry: Entry,
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
  ): void {
    if (entry.session !== null) {
      if (!entry.session.onData(bytes, start, end, isOrig, flow, out)) close(entry)
      return
    }
    const { head } = entry
    if (head === null) {
      const decided = probe(entry, bytes, start, end, isOrig)
      if (decided >= 0) {
        begin(entry, decided)
        deliver(entry, bytes, start, end, isOrig)
      } else if (entry.candidates === 0) close(entry)
      else if (end - start > headBytesMax) giveUp(entry)
      else entry.head = startHead(bytes, start, end, isOrig)
      return
    }
    if (head.lengths[0] + head.lengths[1] + end - start > headBytesMax) {
      giveUp(entry)
      return
    }
    appendToHead(head, bytes, start, end, isOrig)
    const side = isOrig ? 1 : 0
    const decided = probe(entry, head.sides[side], 0, head.lengths[side], isOrig)
    if (decided >= 0) {
      begin(entry, decided)
      replayHead(entry, head)
    } else if (entry.candidates === 0) close(entry)
  }

  function giveUp(entry: Entry): void {
    counters.headsUndecided++
    close(entry)
  }

  function begin(entry: Entry, decided: number): void {
    services[slot] = decided
    entry.session = decoders[decided]!.open()
    entry.head = null
  }

  function replayHead(entry: Entry, head: Head): void {
    const at: [number, number] = [0, 0]
    for (const step of head.order) {
      const side = step > 0 ? 1 : 0
      const start = at[side]
      at[side] += Math.abs(step)
      deliver(entry, head.sides[side], start, at[side], side === 1)
      if (lives[slot] !== life.open) return
    }
  }

  /** `length` bytes of one side will not come. */
  function gap(entry: Entry, length: number, isOrig: boolean): void {
    if (entry.session === null) {
      counters.headsWithGap++
      close(entry)
      return
    }
    counters.gaps++
    counters.gapBytes += length
    entry.session.onGap?.(length, isOrig, flow, out)
  }

  /** Delivers held segments that are due; with `force`, takes the hole before the first of them as lost. */
  function drain(entry: Entry, isOrig: boolean, force: boolean): void {
    const hold = entry.holds[isOrig ? 1 : 0]
    const at = slot * 2 + (isOrig ? 1 : 0)
    let mayJump = force
    while (hold !== null && hold.count > 0 && lives[slot] === life.open) {
      const ahead = (hold.firstSeq() - nexts[at]!) | 0
      if (ahead > 0 && !mayJump) return
      mayJump = false
      const segment = hold.takeFirst()
      inOrder(entry, segment.seq, segment.bytes, 0, segment.bytes.length, segment.length, isOrig)
    }
  }

  /** What can be delivered now: segments whose turn has come, and those whose hole has lasted too long. */
  function drainDue(entry: Entry, isOrig: boolean): void {
    const hold = entry.holds[isOrig ? 1 : 0]!
    drain(entry, isOrig, false)
    while (hold.isOverdue(flow.timeUs)) drain(entry, isOrig, true)
  }

  /** The sender of `ack` has what stands before it: a hole there is the capture's own. */
  function drainAcknowledged(entry: Entry, isOrig: boolean, ack: number): void {
    const hold = entry.holds[isOrig ? 1 : 0]
    while (hold !== null && hold.count > 0 && ((ack - hold.firstSeq()) | 0) >= 0) {
      drain(entry, isOrig, true)
    }
  }

  /** A segment that is due, partly old, or after a hole that is taken as lost. */
  function inOrder(
    entry: Entry,
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
    nexts[at] = (seq + length) >>> 0
    if (ahead > 0) gap(entry, ahead, isOrig)
    const from = ahead < 0 ? start - ahead : start
    if (from < end && lives[slot] === life.open) deliver(entry, bytes, from, end, isOrig)
    const cut = length - Math.max(end - start, ahead < 0 ? -ahead : 0)
    if (cut > 0 && lives[slot] === life.open) gap(entry, cut, isOrig)
  }

  return {
    decoders,
    counters,
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
      const entry = alive === life.open ? entries.get(slot)! : open(masks.tcp)
      if (entry === null) return
      if (ack !== undefined) drainAcknowledged(entry, !isOrig, ack)
      if (lives[slot] === life.done) return
      const isDue = ((first - nexts[at]!) | 0) <= 0
      if (isDue) inOrder(entry, first, bytes, start, end, length, isOrig)
      else {
        counters.reordered++
        const hold = (entry.holds[isOrig ? 1 : 0] ??= createSegmentHold(budget))
        hold.put(first, bytes, start, end, length, flow.timeUs)
      }
      if (entry.holds[0] !== null) drainDue(entry, false)
      if (entry.holds[1] !== null) drainDue(entry, true)
    },
    onUdp(ofSlot, isOrig, bytes, start, end, ofFlow, output) {
      const alive = lives[ofSlot]!
      if (alive === life.done) return
      enter(ofSlot, ofFlow, output)
      const entry = alive === life.open ? entries.get(slot)! : open(masks.udp)
      if (entry === null) return
      if (entry.session === null) {
        const decided = probe(entry, bytes, start, end, isOrig)
        if (decided >= 0) begin(entry, decided)
        else if (entry.candidates === 0) close(entry)
        else if (++entry.datagrams >= headDatagramsMax) giveUp(entry)
      }
      if (entry.session !== null) deliver(entry, bytes, start, end, isOrig)
    },
    onFlowEnd(ofSlot, ofFlow, output) {
      enter(ofSlot, ofFlow, output)
      const entry = entries.get(slot)
      if (entry !== undefined) {
        for (const side of [true, false]) {
          while ((entry.holds[side ? 1 : 0]?.count ?? 0) > 0) drain(entry, side, true)
        }
        if (lives[slot] === life.open) entry.session?.onEnd?.(flow, out)
        close(entry)
      }
      lives[slot] = life.fresh
      services[slot] = -1
      known[slot * 2] = known[slot * 2 + 1] = 0
    },
    serviceOf: (ofSlot) => services[ofSlot]!,
  }
}

function maskOf(decoders: readonly ProtocolDecoder[], transport: 'tcp' | 'udp'): number {
  let mask = 0
  decoders.forEach((decoder, i) => {
    if (decoder.transport === transport) mask |= 1 << i
  })
  return mask
}
