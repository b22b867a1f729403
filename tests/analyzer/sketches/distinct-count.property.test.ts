import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addDistinct,
  createDistinctCount,
  type DistinctCount,
  distinctOf,
  exactMax,
} from '../../../analyzer/sketches/distinct-count.ts'

function counted(values: Iterable<string | number>): DistinctCount {
  const count = createDistinctCount()
  for (const value of values) addDistinct(count, value)
  return count
}

function* range(from: number, to: number): Generator<string> {
  for (let i = from; i < to; i++) yield `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
}

describe('a distinct count', () => {
  test('is exact up to its limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: exactMax }),
        (values) => {
          expect(distinctOf(counted(values))).toBe(new Set(values).size)
        },
      ),
    )
  })

  test.each([300, 1000, 5000, 20_000, 100_000])(
    'is within 7 % at %i addresses (3 standard errors)',
    (size) => {
      const estimate = distinctOf(counted(range(0, size)))
      expect(Math.abs(estimate - size) / size).toBeLessThan(0.07)
    },
  )

  test('does not depend on the order or on repetition', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 600 }),
        fc.integer(),
        (values, seed) => {
          const turn = Math.abs(seed) % values.length
          const other = [...values.slice(turn), ...values.slice(0, turn), ...values]
          expect(distinctOf(counted(other))).toBe(distinctOf(counted(values)))
        },
      ),
    )
  })

  test('never falls while values are added, across the change to the estimate too', () => {
    const count = createDistinctCount()
    let before = 0
    for (const value of range(0, 12_000)) {
      addDistinct(count, value)
      const now = distinctOf(count)
      expect(now).toBeGreaterThanOrEqual(before)
      before = now
    }
  })

  test('takes the same place however much it holds', () => {
    const few = serialize(counted(range(0, 1000))).length
    expect(serialize(counted(range(0, 50_000))).length).toBe(few)
    expect(few).toBeLessThan(2200)
  })

  test('goes on where it was after being stored', () => {
    for (const size of [200, 2000]) {
      const stored = deserialize(serialize(counted(range(0, size)))) as DistinctCount
      for (const value of range(size, size * 2)) addDistinct(stored, value)
      expect(distinctOf(stored)).toBe(distinctOf(counted(range(0, size * 2))))
    }
  })
})
