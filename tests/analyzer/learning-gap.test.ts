import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LearnedUntil, type LearningGap, noteLearned } from '../../analyzer/learning-gap.ts'
import { observation } from '../support/observation.ts'

const capture = { downSinceUs: null, gaps: 0, gapUs: 0, lastGap: null }
const message = (run: string, clockUs: number) => {
  const base = observation({ run, clockUs })
  return { ...base, health: { ...base.health, capture } }
}

describe('what a live sensor was not learned from', () => {
  test('lies between the last clock that was saved and the first of its next life', () => {
    const learned: LearnedUntil = new Map()
    expect(noteLearned(learned, message('live-1', 10))).toBeNull()
    expect(noteLearned(learned, message('live-1', 30))).toBeNull()
    // Before its first packet a sensor has no clock.
    expect(noteLearned(learned, message('live-2', 0))).toBeNull()
    expect(noteLearned(learned, message('live-2', 100))).toEqual({
      site: 'default',
      sensor: 'tap',
      fromUs: 30,
      toUs: 100,
    })
    expect(noteLearned(learned, message('live-2', 110))).toBeNull()
  })

  test('is nothing in a replay, which is repeated from its start', () => {
    const learned: LearnedUntil = new Map()
    for (const run of ['first', 'second'])
      expect(noteLearned(learned, observation({ run, clockUs: 10 }))).toBeNull()
    expect(learned.size).toBe(0)
  })

  test('begins at the checkpoint, wherever the crash was: judged, and told again by the same rule', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 20 }),
        fc.nat(),
        (steps, cut) => {
          const clocks = steps.map((_, i) => steps.slice(0, i + 1).reduce((a, b) => a + b, 0))
          const saved = cut % (clocks.length - 1)
          let learned: LearnedUntil = new Map()
          let checkpoint: LearnedUntil = new Map()
          clocks.forEach((clockUs, i) => {
            noteLearned(learned, message('live-1', clockUs))
            if (i === saved) checkpoint = structuredClone(learned)
          })
          learned = checkpoint
          const afterUs = clocks.at(-1)! + 1000
          const gap: LearningGap | null = noteLearned(learned, message('live-2', afterUs))
          expect(gap).toMatchObject({ fromUs: clocks[saved], toUs: afterUs })
        },
      ),
    )
  })
})
