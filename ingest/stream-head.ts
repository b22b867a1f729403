import {
  type DecoderOutput,
  type FlowFacts,
  type ProtocolDecoder,
  type Session,
  verdict,
} from './protocol.ts'
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

/** Bytes of both sides that are shown to undecided decoders before a flow is given up. */
export const headBytesMax = 4096
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

/** First bytes of both sides as they came: shown again, each side whole, until a decoder decides. */
interface Head {
  /** By side: [responder, originator]. */
  readonly sides: [Uint8Array, Uint8Array]
  readonly lengths: [number, number]
  /** Arrival order: +n is n bytes of the originator, −n of the responder. */
  readonly order: number[]
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
  const masks = { tcp: maskOf(decoders, 'tcp'), udp: maskOf(decoders, 'udp') }

  function close(slot: number, entry: Entry): void {
    lives[slot] = life.done
    entry.head = null
    entry.holds[0]?.clear()
    entry.holds[1]?.clear()
    entries.delete(slot)
  }

  function open(slot: number, candidates: number): Entry | null {
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
    flow: FlowFacts,
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
    slot: number,
    entry: Entry,
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    if (entry.session !== null) {
      if (!entry.session.onData(bytes, start, end, isOrig, flow, out)) close(slot, entry)
      return
    }
    const { head } = entry
    if (head === null) {
      const decided = probe(entry, bytes, start, end, isOrig, flow)
      if (decided >= 0) {
        begin(slot, entry, decided)
        deliver(slot, entry, bytes, start, end, isOrig, flow, out)
      } else if (entry.candidates === 0) close(slot, entry)
      else if (end - start > headBytesMax) giveUp(slot, entry)
      else entry.head = startHead(bytes, start, end, isOrig)
      return
    }
    if (head.lengths[0] + head.lengths[1] + end - start > headBytesMax) {
      giveUp(slot, entry)
      return
    }
    appendToHead(head, bytes, start, end, isOrig)
    const side = isOrig ? 1 : 0
    const decided = probe(entry, head.sides[side], 0, head.lengths[side], isOrig, flow)
    if (decided >= 0) {
      begin(slot, entry, decided)
      replayHead(slot, entry, head, flow, out)
    } else if (entry.candidates === 0) close(slot, entry)
  }

  function giveUp(slot: number, entry: Entry): void {
    counters.headsUndecided++
    close(slot, entry)
  }

  function begin(slot: number, entry: Entry, decided: number): void {
    services[slot] = decided
    entry.session = decoders[decided]!.open()
    entry.head = null
  }

  function replayHead(
    slot: number,
    entry: Entry,
    head: Head,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    const at: [number, number] = [0, 0]
    for (const step of head.order) {
      const side = step > 0 ? 1 : 0
      const start = at[side]
      at[side] += Math.abs(step)
      deliver(slot, entry, head.sides[side], start, at[side], side === 1, flow, out)
      if (lives[slot] !== life.open) return
    }
  }

  /** `length` bytes of one side will not come. */
  function gap(
    slot: number,
    entry: Entry,
    length: number,
    isOrig: boolean,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    if (entry.session === null) {
      counters.headsWithGap++
      close(slot, entry)
      return
    }
    counters.gaps++
    counters.gapBytes += length
    entry.session.onGap?.(length, isOrig, flow, out)
  }

  /** Delivers held segments that are due; with `force`, takes the hole before the first of them as lost. */
  function drain(
    slot: number,
    entry: Entry,
    isOrig: boolean,
    force: boolean,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    const hold = entry.holds[isOrig ? 1 : 0]
    const at = slot * 2 + (isOrig ? 1 : 0)
    let mayJump = force
    while (hold !== null && hold.count > 0 && lives[slot] === life.open) {
      const ahead = (hold.firstSeq() - nexts[at]!) | 0
      if (ahead > 0 && !mayJump) return
      mayJump = false
      const segment = hold.takeFirst()
      inOrder(
        slot,
        entry,
        segment.seq,
        segment.bytes,
        0,
        segment.bytes.length,
        segment.length,
        isOrig,
        flow,
        out,
      )
    }
  }

  /** What can be delivered now: segments whose turn has come, and those whose hole has lasted too long. */
  function drainDue(
    slot: number,
    entry: Entry,
    isOrig: boolean,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    const hold = entry.holds[isOrig ? 1 : 0]!
    drain(slot, entry, isOrig, false, flow, out)
    while (hold.isOverdue(flow.timeUs)) drain(slot, entry, isOrig, true, flow, out)
  }

  /** The sender of `ack` has what stands before it: a hole there is the capture's own. */
  function drainAcknowledged(
    slot: number,
    entry: Entry,
    isOrig: boolean,
    ack: number,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    const hold = entry.holds[isOrig ? 1 : 0]
    while (hold !== null && hold.count > 0 && ((ack - hold.firstSeq()) | 0) >= 0) {
      drain(slot, entry, isOrig, true, flow, out)
    }
  }

  /** A segment that is due, partly old, or after a hole that is taken as lost. */
  function inOrder(
    slot: number,
    entry: Entry,
    seq: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    length: number,
    isOrig: boolean,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    const at = slot * 2 + (isOrig ? 1 : 0)
    const ahead = (seq - nexts[at]!) | 0
    if (ahead + length <= 0) return
    nexts[at] = (seq + length) >>> 0
    if (ahead > 0) gap(slot, entry, ahead, isOrig, flow, out)
    const from = ahead < 0 ? start - ahead : start
    if (from < end && lives[slot] === life.open)
      deliver(slot, entry, bytes, from, end, isOrig, flow, out)
    const cut = length - Math.max(end - start, ahead < 0 ? -ahead : 0)
    if (cut > 0 && lives[slot] === life.open) gap(slot, entry, cut, isOrig, flow, out)
  }

  return {
    decoders,
    counters,
    onTcp(slot, isOrig, seq, syn, bytes, start, end, length, flow, out, ack) {
      const alive = lives[slot]!
      if (alive === life.done) return
      const at = slot * 2 + (isOrig ? 1 : 0)
      const first = syn ? (seq + 1) >>> 0 : seq
      if (known[at] === 0 || (syn && alive === life.fresh)) {
        known[at] = 1
        nexts[at] = first
      }
      if (length === 0) return
      const entry = alive === life.open ? entries.get(slot)! : open(slot, masks.tcp)
      if (entry === null) return
      if (ack !== undefined) drainAcknowledged(slot, entry, !isOrig, ack, flow, out)
      if (lives[slot] === life.done) return
      const isDue = ((first - nexts[at]!) | 0) <= 0
      if (isDue) inOrder(slot, entry, first, bytes, start, end, length, isOrig, flow, out)
      else {
        counters.reordered++
        const hold = (entry.holds[isOrig ? 1 : 0] ??= createSegmentHold(budget))
        hold.put(first, bytes, start, end, length, flow.timeUs)
      }
      if (entry.holds[0] !== null) drainDue(slot, entry, false, flow, out)
      if (entry.holds[1] !== null) drainDue(slot, entry, true, flow, out)
    },
    onUdp(slot, isOrig, bytes, start, end, flow, out) {
      const alive = lives[slot]!
      if (alive === life.done) return
      const entry = alive === life.open ? entries.get(slot)! : open(slot, masks.udp)
      if (entry === null) return
      if (entry.session === null) {
        const decided = probe(entry, bytes, start, end, isOrig, flow)
        if (decided >= 0) begin(slot, entry, decided)
        else if (entry.candidates === 0) close(slot, entry)
        else if (++entry.datagrams >= headDatagramsMax) giveUp(slot, entry)
      }
      if (entry.session !== null) deliver(slot, entry, bytes, start, end, isOrig, flow, out)
    },
    onFlowEnd(slot, flow, out) {
      const entry = entries.get(slot)
      if (entry !== undefined) {
        for (const side of [true, false]) {
          while ((entry.holds[side ? 1 : 0]?.count ?? 0) > 0)
            drain(slot, entry, side, true, flow, out)
        }
        if (lives[slot] === life.open) entry.session?.onEnd?.(flow, out)
        close(slot, entry)
      }
      lives[slot] = life.fresh
      services[slot] = -1
      known[slot * 2] = known[slot * 2 + 1] = 0
    },
    serviceOf: (slot) => services[slot]!,
  }
}

function maskOf(decoders: readonly ProtocolDecoder[], transport: 'tcp' | 'udp'): number {
  let mask = 0
  decoders.forEach((decoder, i) => {
    if (decoder.transport === transport) mask |= 1 << i
  })
  return mask
}

function startHead(bytes: Uint8Array, start: number, end: number, isOrig: boolean): Head {
  const head: Head = { sides: [noBytes, noBytes], lengths: [0, 0], order: [] }
  appendToHead(head, bytes, start, end, isOrig)
  return head
}

const noBytes = new Uint8Array(0)

/** Doubles the side's buffer when it is full, up to `headBytesMax`, so that single bytes cost linear time. */
function appendToHead(
  head: Head,
  bytes: Uint8Array,
  start: number,
  end: number,
  isOrig: boolean,
): void {
  const side = isOrig ? 1 : 0
  const length = head.lengths[side]
  const wanted = length + end - start
  if (wanted > head.sides[side].length) {
    const grown = new Uint8Array(Math.min(headBytesMax, Math.max(256, wanted, length * 2)))
    grown.set(head.sides[side].subarray(0, length))
    head.sides[side] = grown
  }
  head.sides[side].set(bytes.subarray(start, end), length)
  head.lengths[side] = wanted
  head.order.push(isOrig ? end - start : start - end)
}
