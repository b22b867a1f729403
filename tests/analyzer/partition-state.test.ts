import { describe, expect, test } from 'vitest'
import { PartitionState } from '../../analyzer/partition-state.ts'
import { dayUs } from '../../records/time.ts'
import { emptyHealth, observation } from '../support/observation.ts'

const learningDays = 7
const day = (count: number) => 1_700_000_000_000_000 + count * dayUs

/** A message of a sensor that says since when it has run. */
const since = (startedUs: number, fields: { sensor?: string; run?: string } = {}) =>
  observation({ ...fields, health: { ...emptyHealth, startedUs } })

function stateAfter(...messages: ReturnType<typeof since>[]): PartitionState {
  const state = new PartitionState(learningDays, null)
  for (const message of messages) state.noteHealth(message)
  return state
}

const isBaselined = (state: PartitionState, atUs: number) =>
  state.siteOf('default').isBaselinedAt(atUs)

describe('a site', () => {
  test('has learned once its sensor has run for the learning time', () => {
    const state = stateAfter(since(day(0)))
    expect([isBaselined(state, day(7) - 1), isBaselined(state, day(7))]).toEqual([false, true])
  })

  test('has not, when its sensor stood still in between: the start has moved on by the pause', () => {
    const state = stateAfter(since(day(0)), since(day(100)))
    expect([isBaselined(state, day(106)), isBaselined(state, day(107))]).toEqual([false, true])
  })

  test('has, by another sensor that did not stand still', () => {
    const other = { sensor: 'other' }
    const state = stateAfter(since(day(0)), since(day(1), other), since(day(100)))
    expect([isBaselined(state, day(7)), isBaselined(state, day(8))]).toEqual([false, true])
  })

  test('loses nothing when its sensor begins another run, also when its state is read again', () => {
    const state = stateAfter(since(day(0)), since(day(6), { run: 'second' }))
    const restored = new PartitionState(learningDays, state.encode())
    expect([isBaselined(state, day(7)), isBaselined(restored, day(7))]).toEqual([true, true])
  })

  test('is not baselined before the first packet', () => {
    expect(isBaselined(stateAfter(since(0)), day(9))).toBe(false)
  })
})
