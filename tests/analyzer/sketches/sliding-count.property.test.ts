import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  countWithin,
  dropNewest,
  forgetOlder,
  rememberNewest,
  slide,
  type SlidingCount,
} from '../../../analyzer/sketches/sliding-count.ts'

const events = fc.array(
  fc.record({ key: fc.integer({ min: 0, max: 12 }), gapUs: fc.integer({ min: 0, max: 40 }) }),
  { maxLength: 80 },
)

test('says exactly whether N distinct keys lie within the window, as keeping everything would', () => {
  fc.assert(
    fc.property(
      events,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 120 }),
      (list, countMin, windowUs) => {
        const seen: SlidingCount = new Map()
        const all = new Map<number, number>()
        let nowUs = 0
        for (const { key, gapUs } of list) {
          nowUs += gapUs
          slide(seen, key, { timeUs: nowUs }, countMin)
          all.set(key, nowUs)
          const exact = [...all.values()].filter((timeUs) => nowUs - timeUs <= windowUs).length
          expect(countWithin(seen, nowUs, windowUs) >= countMin).toBe(exact >= countMin)
          expect(seen.size).toBeLessThanOrEqual(countMin)
        }
      },
    ),
  )
})

test('counts an event at the very edge of the window, and none a moment beyond it', () => {
  const seen: SlidingCount = new Map()
  slide(seen, 'a', { timeUs: 0 }, 8)
  expect(countWithin(seen, 60, 60)).toBe(1)
  expect(countWithin(seen, 61, 60)).toBe(0)
})

test('tells a new key from one that is remembered', () => {
  const seen: SlidingCount = new Map()
  expect(slide(seen, 1, { timeUs: 0 }, 2)).toBe(true)
  expect(slide(seen, 1, { timeUs: 1 }, 2)).toBe(false)
})

test('forgets what is older than the window and keeps the rest', () => {
  const seen: SlidingCount = new Map()
  for (const timeUs of [0, 10, 20]) slide(seen, timeUs, { timeUs }, 8)
  forgetOlder(seen, 25, 15)
  expect([...seen.keys()]).toEqual([10, 20])
})

test('takes back the key seen last, not the one first met last', () => {
  const seen: SlidingCount = new Map()
  for (const [key, timeUs] of [
    ['a', 0],
    ['b', 1],
    ['a', 2],
  ] as const)
    slide(seen, key, { timeUs }, 8)
  dropNewest(seen)
  expect([...seen.keys()]).toEqual(['b'])
})

test('takes nothing back from nothing', () => {
  const seen: SlidingCount = new Map()
  dropNewest(seen)
  expect(seen.size).toBe(0)
})

test('remembers the newest entries and hands out the one that had to go', () => {
  const map = new Map<string, number>()
  rememberNewest(map, 'a', 1, 2)
  rememberNewest(map, 'b', 2, 2)
  rememberNewest(map, 'a', 1, 2)
  expect(rememberNewest(map, 'c', 3, 2)).toBe(2)
  expect([...map.keys()]).toEqual(['a', 'c'])
})
