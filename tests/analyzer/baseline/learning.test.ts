import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LearningFacts, nextLearningState } from '../../../analyzer/baseline/learning.ts'
import { dayUs } from '../../../records/time.ts'

const config = { daysMin: 7, activeHoursMin: 50, daysMax: 28 }
const settled: LearningFacts = {
  state: 'provisional',
  firstSeenUs: 0,
  nowUs: 8 * dayUs,
  days: 7,
  weekendDays: 1,
  activeHours: 50,
  relations: 100,
  newRelations: 5,
}

describe('a host', () => {
  test.each([
    {
      name: 'is established when every condition holds',
      change: {},
      state: 'established',
      isThin: false,
    },
    { name: 'is not with a day too few', change: { days: 6 }, state: 'provisional', isThin: false },
    {
      name: 'is not without a weekend day',
      change: { weekendDays: 0 },
      state: 'provisional',
      isThin: false,
    },
    {
      name: 'is not with an hour too few',
      change: { activeHours: 49 },
      state: 'provisional',
      isThin: false,
    },
    {
      name: 'is not while more than 5 % of its relations are new',
      change: { newRelations: 6 },
      state: 'provisional',
      isThin: false,
    },
    {
      name: 'may have one new relation however few it has',
      change: { relations: 2, newRelations: 1 },
      state: 'established',
      isThin: false,
    },
    {
      name: 'is observing on its first day',
      change: { state: 'observing', days: 1, nowUs: dayUs - 1 },
      state: 'observing',
      isThin: false,
    },
    {
      name: 'is provisional after a day',
      change: { state: 'observing', days: 1, nowUs: dayUs },
      state: 'provisional',
      isThin: false,
    },
    {
      name: 'is established as thin after 28 days',
      change: { days: 6, nowUs: 28 * dayUs },
      state: 'established',
      isThin: true,
    },
    {
      name: 'never goes back',
      change: { state: 'established', days: 0, newRelations: 99 },
      state: 'established',
      isThin: false,
    },
  ] as const)('$name', ({ change, state, isThin }) => {
    expect(nextLearningState({ ...settled, ...change }, config)).toEqual({ state, isThin })
  })
})

test('more evidence never delays it', () => {
  fc.assert(
    fc.property(fc.nat(10), fc.nat(60), fc.nat(3), (days, activeHours, weekendDays) => {
      const rank = (facts: LearningFacts) =>
        ['observing', 'provisional', 'established'].indexOf(nextLearningState(facts, config).state)
      const facts = { ...settled, days, activeHours, weekendDays }
      expect(
        rank({ ...facts, days: days + 1, activeHours: activeHours + 1 }),
      ).toBeGreaterThanOrEqual(rank(facts))
    }),
  )
})
