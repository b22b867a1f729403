import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ProtocolDecoder, verdict } from '../../ingest/protocol.ts'
import { createStreamHeads } from '../../ingest/stream-head.ts'

/** Writes down each side; a byte that was not captured is null. */
function recorder() {
  const heard: Record<'orig' | 'resp', (number | null)[]> = { orig: [], resp: [] }
  const sideOf = (isOrig: boolean) => heard[isOrig ? 'orig' : 'resp']
  const decoder: ProtocolDecoder = {
    service: 'http',
    transport: 'tcp',
    probe: (_bytes, start, end) => (end - start >= 3 ? verdict.yes : verdict.more),
    open: () => ({
      onData(bytes, start, end, isOrig) {
        sideOf(isOrig).push(...bytes.subarray(start, end))
        return true
      },
      onGap: (length, isOrig) => void sideOf(isOrig).push(...new Array<null>(length).fill(null)),
    }),
  }
  return { decoder, heard }
}

interface Segment {
  readonly at: number
  readonly length: number
}

const length = 200
const stream = Uint8Array.from({ length }, (_, i) => i)
const segment = fc.record({
  at: fc.nat({ max: length - 1 }),
  length: fc.integer({ min: 1, max: 30 }),
})

/** Plays segments of one known stream, then ends the flow; null where nothing was captured. */
function play(segments: readonly Segment[], isn: number): (number | null)[] {
  const { decoder, heard } = recorder()
  const heads = createStreamHeads({ decoders: [decoder], capacity: 1 })
  const flow = {
    timeUs: 0,
    startUs: 0,
    origPort: 1,
    respPort: 2,
    origPayloadBytes: 0,
    respPayloadBytes: 0,
  }
  const out = { emit: () => undefined, reject: () => undefined }
  heads.onTcp(0, true, (isn - 1) >>> 0, true, stream, 0, 0, 0, flow, out)
  for (const { at, length: size } of segments) {
    const end = Math.min(length, at + size)
    heads.onTcp(0, true, (isn + at) >>> 0, false, stream, at, end, end - at, flow, out)
  }
  heads.onFlowEnd(0, flow, out)
  return heard.orig
}

test('delivers every byte at its place, whatever is repeated, overlaps, comes late or is lost', () => {
  fc.assert(
    fc.property(
      fc.array(segment, { maxLength: 60 }),
      fc.nat({ max: 0xffff_ffff }),
      (segments, isn) => {
        const head: Segment = { at: 0, length: 5 }
        const heard = play([head, ...segments], isn)
        expect(heard.length).toBeLessThanOrEqual(length)
        heard.forEach((byte, at) => expect(byte === null || byte === at).toBe(true))
      },
    ),
  )
})

test('delivers everything when no segment is more than 16 places late', () => {
  const late = fc.array(fc.nat({ max: 7 }), { minLength: length, maxLength: length })
  fc.assert(
    fc.property(
      late,
      fc.integer({ min: 1, max: 20 }),
      fc.nat({ max: 0xffff_ffff }),
      (delays, size, isn) => {
        const segments: Segment[] = []
        for (let at = 0; at < length; at += size) segments.push({ at, length: size })
        const order = segments
          .map((part, i) => ({ part, place: i + delays[i]! }))
          .sort((a, b) => a.place - b.place)
          .map(({ part }) => part)
        expect(play(order, isn)).toEqual([...stream])
      },
    ),
  )
})
