import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuzzLimits, fuzzTimeoutMs } from '../support/fuzz-limits.ts'
import { type Piece, talk } from '../support/talk.ts'
import { transcripts } from '../support/transcripts.ts'

/** A transcript with bytes changed, removed, repeated and cut, on a port that any decoder may lean on. */
const mutation = fc.record({
  pieces: fc.constantFrom(...Object.values(transcripts)),
  edits: fc.array(
    fc.record({
      kind: fc.constantFrom('set', 'insert', 'remove', 'repeat', 'gap' as const),
      piece: fc.nat({ max: 14 }),
      at: fc.nat({ max: 400 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    }),
    { maxLength: 6 },
  ),
  respPort: fc.constantFrom(21, 22, 23, 53, 80, 88, 104, 443, 445, 2575, 4000),
  size: fc.integer({ min: 1, max: 1500 }),
})

type Edit = { kind: string; piece: number; at: number; bytes: Uint8Array }

function apply(pieces: readonly Piece[], edits: readonly Edit[]): Piece[] {
  const played = [...pieces]
  for (const { kind, piece, at, bytes } of edits) {
    const index = piece % played.length
    const [side, data] = played[index]!
    if (typeof data === 'object' && 'gap' in data) continue
    const whole = Buffer.from(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    const cut = at % (whole.length + 1)
    const keep = kind === 'insert' ? cut : Math.min(whole.length, cut + bytes.length)
    const middle = kind === 'remove' ? new Uint8Array(0) : bytes
    if (kind === 'gap') played.splice(index, 0, [side, { gap: at + 1 }])
    else if (kind === 'repeat') played.splice(index, 0, [side, data])
    else
      played[index] = [side, Buffer.concat([whole.subarray(0, cut), middle, whole.subarray(keep)])]
  }
  return played
}

test(
  'decoders survive any damage to a connection: nothing thrown, every refusal named after its protocol',
  () => {
    let runs = 0
    fc.assert(
      fc.property(mutation, ({ pieces, edits, respPort, size }) => {
        runs++
        const { service, rejects, summaries } = talk(apply(pieces, edits), {
          respPort,
          cut: () => size,
        })
        for (const cause of Object.keys(rejects))
          expect(cause.startsWith(`${service ?? ''}-`)).toBe(true)
        for (const summary of summaries) expect(summary.service).toBe(service)
        expect(JSON.stringify(summaries).length).toBeLessThan(100_000)
      }),
      fuzzLimits(5),
    )
    expect(runs).toBeGreaterThan(100)
  },
  fuzzTimeoutMs,
)
