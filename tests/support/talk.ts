import type { DecoderOutput, ProtocolDecoder, Summary } from '../../ingest/protocol.ts'
import { protocolDecoders } from '../../ingest/protocols/index.ts'
import { createStreamHeads } from '../../ingest/stream-head.ts'
import { ascii } from '../../simulator/bytes.ts'

/** What one side sends; `gap` is a number of bytes that were not captured. */
export type Piece = readonly [
  side: 'client' | 'server',
  data: string | Uint8Array | { gap: number },
]

export interface TalkOptions {
  readonly respPort?: number
  readonly transport?: 'tcp' | 'udp'
  readonly decoders?: readonly ProtocolDecoder[]
  /** Longest segment of the piece with this number; a piece is whole without. */
  readonly cut?: (piece: number) => number
  /** Event time between two pieces. */
  readonly stepUs?: number
}

export interface Talk {
  readonly summaries: Summary[]
  readonly rejects: Record<string, number>
  /** Service of the decoder that read it. */
  readonly service: string | null
}

/** One connection played through the stream heads, piece after piece, to its end. */
export function talk(pieces: readonly Piece[], options: TalkOptions = {}): Talk {
  const { respPort = 4000, transport = 'tcp', decoders = protocolDecoders } = options
  const heads = createStreamHeads({ decoders, capacity: 1 })
  const summaries: Summary[] = []
  const rejects: Record<string, number> = {}
  const out: DecoderOutput = {
    emit: (summary) => void summaries.push(structuredClone(summary)),
    reject: (cause) => void (rejects[cause] = (rejects[cause] ?? 0) + 1),
  }
  const flow = {
    timeUs: 0,
    startUs: 0,
    origPort: 50_000,
    respPort,
    origPayloadBytes: 0,
    respPayloadBytes: 0,
  }
  const seqs = { client: 0xffff_fff0, server: 77 }
  pieces.forEach(([side, data], index) => {
    flow.timeUs += options.stepUs ?? 1000
    const isOrig = side === 'client'
    if (typeof data === 'object' && 'gap' in data) {
      seqs[side] = (seqs[side] + data.gap) >>> 0
      return
    }
    const bytes = typeof data === 'string' ? ascii(data) : data
    const size = Math.max(1, options.cut?.(index) ?? bytes.length)
    for (let at = 0; at < bytes.length; at += size) {
      const end = Math.min(bytes.length, at + size)
      flow[isOrig ? 'origPayloadBytes' : 'respPayloadBytes'] += end - at
      if (transport === 'udp') heads.onUdp(0, isOrig, bytes, at, end, flow, out)
      else
        heads.onTcp(
          0,
          isOrig,
          seqs[side],
          false,
          bytes,
          at,
          end,
          end - at,
          flow,
          out,
          seqs[isOrig ? 'server' : 'client'],
        )
      seqs[side] = (seqs[side] + end - at) >>> 0
    }
  })
  const service = decoders[heads.serviceOf(0)]?.service ?? null
  heads.onFlowEnd(0, flow, out)
  return { summaries, rejects, service }
}

/** Outcomes of the logins told, in order. */
export function logins(played: Talk): string[] {
  return played.summaries
    .filter(({ event }) => event === 'login')
    .map(({ outcome, reason }) => `${outcome ?? ''} ${reason ?? ''}`.trim())
}
