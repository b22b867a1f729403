import fc from 'fast-check'
import { expect, test } from 'vitest'
import { splitIntoRounds } from '../../bus/adapters/kafka-publisher.ts'
import { messageBytesMax } from '../../bus/config.ts'

test('rounds hold at most one record batch for each partition, and keep every partition’s order', () => {
  const sizes = fc.array(
    fc.record({ partition: fc.nat(3), size: fc.integer({ min: 0, max: messageBytesMax }) }),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(sizes, (given) => {
      const messages = given.map(({ partition, size }) => ({
        topic: 'observations' as const,
        partition,
        value: new Uint8Array(size),
      }))
      const rounds = splitIntoRounds(messages)
      for (const partition of [0, 1, 2, 3]) {
        const inRounds = rounds.flatMap((round) =>
          round.filter((message) => message.partition === partition),
        )
        expect(inRounds).toEqual(messages.filter((message) => message.partition === partition))
        for (const round of rounds) {
          const mine = round.filter((message) => message.partition === partition)
          const bytes = mine.reduce((sum, { value }) => sum + value.length, 0)
          expect(mine.length <= 1 || bytes <= messageBytesMax).toBe(true)
        }
      }
      expect(rounds.every((round) => round.length > 0)).toBe(true)
    }),
    { numRuns: 100 },
  )
})
