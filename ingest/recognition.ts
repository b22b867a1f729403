import { appendToHead, type Head, headBytesMax, startHead } from './head-buffer.ts'
import {
  type DecoderOutput,
  type FlowFacts,
  type ProtocolDecoder,
  type Session,
  verdict,
} from './protocol.ts'
import type { SegmentHold } from './segment-hold.ts'

/** A flow under inspection: undecided (`session` null, `head` kept) or read by its session. */
export interface InspectedFlow {
  session: Session | null
  /** Index of the decoder that reads it; −1 while undecided. */
  service: number
  /** Bit i: decoder i has not said no. */
  candidates: number
  datagrams: number
  head: Head | null
  /** False when nobody wants more of it. */
  isOpen: boolean
  /** Out-of-order segments of each side; null until one comes. */
  origHold: SegmentHold | null
  respHold: SegmentHold | null
}

/** Flows given up, by cause; numbers only grow. */
export interface RecognitionCounters {
  /** No decoder had decided after `headBytesMax` bytes. */
  headsUndecided: number
}

/** `bytes[start … end)` of one side of a flow. */
type Deliver = (
  inspected: InspectedFlow,
  bytes: Uint8Array,
  start: number,
  end: number,
  isOrig: boolean,
  flow: FlowFacts,
  out: DecoderOutput,
) => void

/** Decides which decoder reads a flow, and hands it what came before it had decided. */
export interface Recognition {
  /** A flow that no byte has been seen of. */
  begin(transport: 'tcp' | 'udp'): InspectedFlow
  /** Bytes of one side in order: to the session, or to the decoders that are still undecided. */
  readonly deliver: Deliver
  /** A datagram: as `deliver`, but undecided decoders see each datagram alone, and few of them. */
  readonly deliverDatagram: Deliver
}

/** Datagrams shown to undecided decoders before a UDP flow is given up. */
const headDatagramsMax = 4

/** @param decoders in probe order, at most 32; the first that says yes reads the flow. */
export function createRecognition(
  decoders: readonly ProtocolDecoder[],
  counters: RecognitionCounters,
): Recognition {
  const masks = { tcp: maskOf(decoders, 'tcp'), udp: maskOf(decoders, 'udp') }

  /** Narrows the candidates; index of the decoder that says yes, else −1. */
  function probe(
    inspected: InspectedFlow,
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
    flow: FlowFacts,
  ): number {
    for (let left = inspected.candidates; left !== 0; left &= left - 1) {
      const i = 31 - Math.clz32(left & -left)
      const said = decoders[i]!.probe(bytes, start, end, isOrig, flow)
      if (said === verdict.yes) return i
      if (said === verdict.no) inspected.candidates &= ~(1 << i)
    }
    return -1
  }

  function decide(inspected: InspectedFlow, decided: number): void {
    inspected.service = decided
    inspected.session = decoders[decided]!.open()
    inspected.head = null
  }

  function giveUp(inspected: InspectedFlow): void {
    counters.headsUndecided++
    inspected.isOpen = false
  }

  function deliver(
    inspected: InspectedFlow,
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    const { session, head } = inspected
    if (session !== null) {
      inspected.isOpen = session.onData(bytes, start, end, isOrig, flow, out)
    } else if (head !== null) extendHead(inspected, head, bytes, start, end, isOrig, flow, out)
    else {
      const decided = probe(inspected, bytes, start, end, isOrig, flow)
      if (decided >= 0) {
        decide(inspected, decided)
        deliver(inspected, bytes, start, end, isOrig, flow, out)
      } else if (inspected.candidates === 0) inspected.isOpen = false
      else if (end - start > headBytesMax) giveUp(inspected)
      else inspected.head = startHead(bytes, start, end, isOrig)
    }
  }

  function extendHead(
    inspected: InspectedFlow,
    head: Head,
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    if (head.lengths[0] + head.lengths[1] + end - start > headBytesMax) {
      giveUp(inspected)
      return
    }
    appendToHead(head, bytes, start, end, isOrig)
    const side = isOrig ? 1 : 0
    const decided = probe(inspected, head.sides[side], 0, head.lengths[side], isOrig, flow)
    if (decided >= 0) {
      decide(inspected, decided)
      replayHead(inspected, head, flow, out)
    } else if (inspected.candidates === 0) inspected.isOpen = false
  }

  function replayHead(
    inspected: InspectedFlow,
    head: Head,
    flow: FlowFacts,
    out: DecoderOutput,
  ): void {
    const at: [number, number] = [0, 0]
    for (const step of head.order) {
      const side = step > 0 ? 1 : 0
      const start = at[side]
      at[side] += Math.abs(step)
      deliver(inspected, head.sides[side], start, at[side], side === 1, flow, out)
      if (!inspected.isOpen) return
    }
  }

  return {
    begin: (transport) => ({
      session: null,
      service: -1,
      candidates: masks[transport],
      datagrams: 0,
      head: null,
      isOpen: true,
      origHold: null,
      respHold: null,
    }),
    deliver,
    deliverDatagram(inspected, bytes, start, end, isOrig, flow, out) {
      if (inspected.session === null) {
        const decided = probe(inspected, bytes, start, end, isOrig, flow)
        if (decided >= 0) decide(inspected, decided)
        else if (inspected.candidates === 0) inspected.isOpen = false
        else if (++inspected.datagrams >= headDatagramsMax) giveUp(inspected)
      }
      if (inspected.session !== null) deliver(inspected, bytes, start, end, isOrig, flow, out)
    },
  }
}

function maskOf(decoders: readonly ProtocolDecoder[], transport: 'tcp' | 'udp'): number {
  let mask = 0
  decoders.forEach((decoder, i) => {
    if (decoder.transport === transport) mask |= 1 << i
  })
  return mask
}
