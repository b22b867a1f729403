import fc from 'fast-check'
import { expect, test } from 'vitest'
import { protocolDecoders } from '../../../ingest/protocols/index.ts'
import { talk } from '../../support/talk.ts'
import { secret, transcripts } from '../../support/transcripts.ts'

/** Ports that settle what structure leaves open. */
const ports: Readonly<Record<string, number>> = { ftp: 21, telnet: 23 }

const cases = Object.entries(transcripts).map(([name, pieces]) => ({ name, pieces }))

test.each(cases)('tells the same of $name in whatever pieces it comes', ({ name, pieces }) => {
  const respPort = ports[name] ?? 4000
  const whole = talk(pieces, { respPort })
  expect(whole.summaries.length).toBeGreaterThan(0)
  expect(whole.rejects).toEqual({})
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
      const cut = (piece: number) => sizes[piece % sizes.length]!
      expect(talk(pieces, { respPort, cut })).toEqual(whole)
    }),
    { numRuns: 50 },
  )
})

test.each(cases)('never tells what was typed into $name', ({ name, pieces }) => {
  const told = JSON.stringify(talk(pieces, { respPort: ports[name] ?? 4000 }).summaries)
  expect(told).not.toContain(secret)
  expect(told).not.toContain(Buffer.from(`nurse:${secret}`).toString('base64'))
})

test('never tells a secret however the connection is damaged', () => {
  const piece = fc.constantFrom(...cases)
  const damage = fc.record({
    drop: fc.nat({ max: 14 }),
    gap: fc.option(fc.nat({ max: 14 }), { nil: -1 }),
    size: fc.integer({ min: 1, max: 100 }),
  })
  fc.assert(
    fc.property(piece, damage, ({ name, pieces }, { drop, gap, size }) => {
      const damaged = pieces.flatMap(([side, data], i) => {
        if (i === gap) return [[side, { gap: 7 }] as const, [side, data] as const]
        return i === drop ? [] : [[side, data] as const]
      })
      const played = talk(damaged, { respPort: ports[name] ?? 4000, cut: () => size })
      expect(JSON.stringify(played.summaries)).not.toContain(secret)
    }),
  )
})

const someBytes = fc.uint8Array({ minLength: 1, maxLength: 200 })

test('takes random bytes for no protocol, on a port that tells nothing', () => {
  fc.assert(
    fc.property(someBytes, fc.boolean(), (bytes, isClient) => {
      const { service } = talk([[isClient ? 'client' : 'server', bytes]], { respPort: 40_000 })
      expect(service).toBe(null)
    }),
    { numRuns: 2000, seed: 1 },
  )
})

test.each(
  protocolDecoders.map((decoder, index) => ({
    name: `${decoder.service} over ${decoder.transport}`,
    decoder,
    index,
  })),
)('$name reads random bytes without throwing', ({ decoder }) => {
  const port = fc.constantFrom(21, 22, 23, 53, 67, 80, 88, 104, 443, 445, 2575, 4000)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), someBytes), { minLength: 1, maxLength: 8 }),
      port,
      (parts, respPort) => {
        const certain = { ...decoder, probe: () => 2 as const }
        const pieces = parts.map(
          ([isClient, bytes]) => [isClient ? 'client' : 'server', bytes] as const,
        )
        const transport = decoder.transport
        expect(talk(pieces, { respPort, transport, decoders: [certain] }).service).toMatch(/./)
      },
    ),
    { numRuns: 200 },
  )
})
