import { formatIp } from '../../records/address.ts'
import { tcpFlag } from '../../records/flow-batch.ts'
import { createCaptureFileSource } from '../../ingest/adapters/capture-file.ts'
import { decodeFrame, Frame, frameKind, ipProtocol } from '../../ingest/frame.ts'
import type { DecoderOutput, FlowFacts, ProtocolDecoder, Summary } from '../../ingest/protocol.ts'
import { protocolDecoders } from '../../ingest/protocols/index.ts'
import { linkType } from '../../ingest/source.ts'
import { createStreamHeads, type StreamCounters } from '../../ingest/stream-head.ts'
import type { Packet } from '../../simulator/packets.ts'

/** A summary with where and when it was told; `orig` and `resp` are `address:port`. */
export interface PlayedSummary extends Summary {
  readonly timeUs: number
  readonly orig: string
  readonly resp: string
}

/** What the decoders told and refused, without the pipeline around them. */
export interface Played {
  readonly summaries: PlayedSummary[]
  readonly rejects: Record<string, number>
  /** Flows by the service that read them. */
  readonly services: Record<string, number>
  readonly counters: Readonly<StreamCounters>
}

export interface PlayOptions {
  readonly decoders?: readonly ProtocolDecoder[]
}

/** Plays built Ethernet packets. */
export function playPackets(packets: Iterable<Packet>, options: PlayOptions = {}): Played {
  const walker = createWalker(options.decoders ?? protocolDecoders)
  for (const { timeUs, bytes } of packets) {
    walker.packet(timeUs, bytes, 0, bytes.length, bytes.length, linkType.ethernet)
  }
  return walker.finish()
}

/** Plays a capture file. */
export async function playFile(path: string, options: PlayOptions = {}): Promise<Played> {
  const walker = createWalker(options.decoders ?? protocolDecoders)
  for await (const block of createCaptureFileSource([path]).blocks()) {
    for (let row = 0; row < block.count; row++) {
      walker.packet(
        block.timeUs[row]!,
        block.bytes,
        block.offset[row]!,
        block.capturedLength[row]!,
        block.originalLength[row]!,
        block.linkType[row]!,
      )
    }
  }
  return walker.finish()
}

interface WalkedFlow {
  readonly slot: number
  readonly orig: string
  readonly resp: string
  readonly facts: FlowFacts
  readonly fins: [boolean, boolean]
}

const capacity = 16_384

/** A flow table that knows no time-outs: enough to hand each connection's payload to the decoders. */
function createWalker(decoders: readonly ProtocolDecoder[]) {
  const heads = createStreamHeads({ decoders, capacity })
  const flows = new Map<string, WalkedFlow>()
  const freeSlots: number[] = []
  const frame = new Frame()
  const words = new Uint8Array(16)
  const played: Played = { summaries: [], rejects: {}, services: {}, counters: heads.counters }
  let current: WalkedFlow | null = null
  let slotsUsed = 0

  const out: DecoderOutput = {
    emit(summary) {
      const { orig, resp, facts } = current!
      played.summaries.push({ ...summary, timeUs: facts.timeUs, orig, resp })
    },
    reject(cause) {
      played.rejects[cause] = (played.rejects[cause] ?? 0) + 1
    },
  }

  function address(isSrc: boolean): string {
    const view = new DataView(words.buffer)
    const parts = isSrc
      ? [frame.src0, frame.src1, frame.src2, frame.src3]
      : [frame.dst0, frame.dst1, frame.dst2, frame.dst3]
    parts.forEach((part, i) => view.setUint32(i * 4, part))
    return formatIp(words)
  }

  function openFlow(src: string, dst: string, timeUs: number): WalkedFlow {
    // Met in its middle, the side with the lower port is taken for the responder.
    const isSynAck = (frame.tcpFlags & tcpFlag.syn) !== 0 && (frame.tcpFlags & tcpFlag.ack) !== 0
    const isSyn = (frame.tcpFlags & tcpFlag.syn) !== 0 && !isSynAck
    const isFromResponder =
      frame.protocol === ipProtocol.tcp && !isSyn && (isSynAck || frame.srcPort < frame.dstPort)
    const [orig, resp] = isFromResponder ? [dst, src] : [src, dst]
    const [origPort, respPort] = isFromResponder
      ? [frame.dstPort, frame.srcPort]
      : [frame.srcPort, frame.dstPort]
    const slot = freeSlots.pop() ?? slotsUsed++
    if (slot >= capacity) throw new Error('more flows than play() has room for')
    const facts = {
      timeUs,
      startUs: timeUs,
      origPort,
      respPort,
      origPayloadBytes: 0,
      respPayloadBytes: 0,
    }
    return { slot, orig, resp, facts, fins: [false, false] }
  }

  function endFlow(key: string, flow: WalkedFlow): void {
    const service = heads.serviceOf(flow.slot)
    if (service >= 0) {
      const word = decoders[service]!.service
      played.services[word] = (played.services[word] ?? 0) + 1
    }
    current = flow
    heads.onFlowEnd(flow.slot, flow.facts, out)
    flows.delete(key)
    freeSlots.push(flow.slot)
  }

  function packet(
    timeUs: number,
    bytes: Uint8Array,
    start: number,
    captured: number,
    original: number,
    link: number,
  ): void {
    if (!decodeFrame(bytes, start, captured, original, link, frame)) return
    const isTcp = frame.protocol === ipProtocol.tcp
    if (frame.kind !== frameKind.ip || frame.isFragment) return
    if (!isTcp && frame.protocol !== ipProtocol.udp) return
    const src = `${address(true)}:${frame.srcPort}`
    const dst = `${address(false)}:${frame.dstPort}`
    const key = `${String(frame.protocol)} ${src < dst ? `${src} ${dst}` : `${dst} ${src}`}`
    const isSyn = isTcp && (frame.tcpFlags & tcpFlag.syn) !== 0
    let flow = flows.get(key)
    if (flow === undefined) {
      if (isTcp && !isSyn && frame.payloadBytes === 0) return
      flow = openFlow(src, dst, timeUs)
      flows.set(key, flow)
    }
    current = flow
    const { facts, slot } = flow
    const isOrig = flow.orig === src
    facts.timeUs = timeUs
    facts[isOrig ? 'origPayloadBytes' : 'respPayloadBytes'] += frame.payloadBytes
    const from = frame.payloadAt
    const to = Math.min(frame.payloadAt + frame.payloadBytes, frame.capturedEnd)
    if (!isTcp) {
      heads.onUdp(slot, isOrig, bytes, from, to, facts, out)
      return
    }
    heads.onTcp(
      slot,
      isOrig,
      frame.tcpSequence,
      isSyn,
      bytes,
      from,
      to,
      frame.payloadBytes,
      facts,
      out,
      (frame.tcpFlags & tcpFlag.ack) === 0 ? undefined : frame.tcpAcknowledgement,
    )
    if ((frame.tcpFlags & tcpFlag.fin) !== 0) flow.fins[isOrig ? 1 : 0] = true
    const isOver = (frame.tcpFlags & tcpFlag.rst) !== 0 || (flow.fins[0] && flow.fins[1])
    if (isOver) endFlow(key, flow)
  }

  return {
    packet,
    finish(): Played {
      for (const [key, flow] of [...flows]) endFlow(key, flow)
      return played
    },
  }
}
