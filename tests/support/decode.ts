import type { FlowFacts, ProtocolDecoder, Summary } from '../../ingest/protocol.ts'

/** What reaches a session, in order: bytes of the originator (`>`) or the responder (`<`), or a hole of `gap` bytes. */
export interface Step {
  readonly from: '>' | '<'
  readonly bytes?: Uint8Array
  readonly gap?: number
}

export interface Decoded {
  readonly summaries: Summary[]
  readonly rejects: string[]
  /** Whether the session still asked for bytes at the end. */
  readonly wantsMore: boolean
}

const flow: FlowFacts = {
  timeUs: 1_772_438_400_000_000,
  startUs: 1_772_438_400_000_000,
  origPort: 40_000,
  respPort: 1,
  origPayloadBytes: 0,
  respPayloadBytes: 0,
}

/**
 * Runs one session over the steps, then ends the flow. Each step's bytes lie in the middle of a larger buffer that is
 * wiped after the call, so that a decoder that reads beyond its bytes, or keeps them, is found out.
 */
export function decode(decoder: ProtocolDecoder, steps: readonly Step[]): Decoded {
  const summaries: Summary[] = []
  const rejects: string[] = []
  const out = {
    emit: (summary: Summary) => summaries.push(structuredClone(summary)),
    reject: (cause: string) => rejects.push(cause),
  }
  const session = decoder.open()
  let wantsMore = true
  for (const { from, bytes, gap } of steps) {
    if (!wantsMore) break
    if (gap !== undefined) session.onGap?.(gap, from === '>', flow, out)
    if (bytes === undefined) continue
    const buffer = new Uint8Array(bytes.length + 32).fill(0xaa)
    buffer.set(bytes, 16)
    wantsMore = session.onData(buffer, 16, 16 + bytes.length, from === '>', flow, out)
    buffer.fill(0x55)
  }
  if (wantsMore) session.onEnd?.(flow, out)
  return { summaries, rejects, wantsMore }
}

/** The same steps with their bytes cut into pieces of these sizes, used in turn. */
export function inPieces(steps: readonly Step[], sizes: readonly number[]): Step[] {
  const pieces: Step[] = []
  let turn = 0
  for (const step of steps) {
    if (step.bytes === undefined) {
      pieces.push(step)
      continue
    }
    for (let at = 0; at < step.bytes.length;) {
      const size = sizes[turn++ % sizes.length]!
      pieces.push({ from: step.from, bytes: step.bytes.subarray(at, at + size) })
      at += size
    }
  }
  return pieces
}

/** What the decoder says of the first bytes of the originator. */
export function probe(decoder: ProtocolDecoder, bytes: Uint8Array, isOrig = true): number {
  const buffer = new Uint8Array(bytes.length + 32).fill(0xaa)
  buffer.set(bytes, 16)
  return decoder.probe(buffer, 16, 16 + bytes.length, isOrig, flow)
}
