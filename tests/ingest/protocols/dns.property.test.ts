import { decode, encode } from 'dns-packet'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { talk } from '../../support/talk.ts'

const label = fc.stringMatching(/^[a-zA-Z0-9-]{1,20}$/)
const domain = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
const ttl = fc.nat({ max: 2 ** 31 - 1 })
const record = fc.oneof(
  fc.record({ type: fc.constant('A' as const), name: domain, ttl, data: fc.ipV4() }),
  fc.record({ type: fc.constant('CNAME' as const), name: domain, ttl, data: domain }),
  fc.record({ type: fc.constant('TXT' as const), name: domain, ttl, data: fc.constant('x') }),
)

test('agrees with dns-packet on any answer', () => {
  fc.assert(
    fc.property(
      domain,
      fc.array(record, { maxLength: 12 }),
      fc.nat({ max: 5 }),
      (name, records, code) => {
        const bytes = encode({
          type: 'response',
          flags: code,
          questions: [{ type: 'A', name }],
          answers: records,
        })
        const oracle = decode(bytes)
        const { summaries, rejects } = talk([['server', bytes]], { respPort: 53, transport: 'udp' })
        const theirs = oracle.answers ?? []
        const addresses = theirs.flatMap((answer) => (answer.type === 'A' ? [answer.data] : []))
        const aliases = theirs.flatMap((answer) => (answer.type === 'CNAME' ? [answer.data] : []))
        expect(rejects).toEqual({})
        expect(summaries).toHaveLength(1)
        const [told] = summaries
        expect(told?.name).toBe(oracle.questions?.[0]?.name.toLowerCase())
        expect(told?.reason).toBe((oracle as { rcode?: string }).rcode)
        expect(told?.addresses).toBe(addresses.length === 0 ? undefined : addresses.join(' '))
        expect(told?.ttlSeconds).toBe(
          records.length === 0 ? undefined : Math.min(...records.map((r) => r.ttl)),
        )
        expect(told?.details?.['cname']).toBe(aliases.slice(0, 8).at(-1)?.toLowerCase())
      },
    ),
  )
})
