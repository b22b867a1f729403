import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayUs, hourUs } from '../../records/time.ts'
import { finishedDays, outOfRetention } from '../../store/segment-plan.ts'
import type { HistoryFile } from '../../store/segment-store.ts'

const hours = (from: number, to: number, over: Partial<HistoryFile> = {}): HistoryFile => ({
  name: `${over.kind ?? 'segment'} ${from} ${to}`,
  kind: 'segment',
  number: 1,
  fromUs: from * hourUs,
  toUs: to * hourUs,
  rows: 1,
  bytes: 100,
  sha256: '',
  ...over,
})
const names = (groups: readonly (readonly HistoryFile[])[]) =>
  groups.map((group) => group.map(({ name }) => name))

describe('what is merged', () => {
  test.each([
    { name: 'nothing of an empty history', files: [], liveUs: -Infinity, merged: [] },
    {
      name: 'nothing of a day that goes on',
      files: [hours(0, 8), hours(8, 23)],
      liveUs: -Infinity,
      merged: [],
    },
    {
      name: 'nothing within the first hour after midnight',
      files: [hours(0, 8), hours(8, 24.9)],
      liveUs: -Infinity,
      merged: [],
    },
    {
      name: 'a day once something later than that hour is known',
      files: [hours(0, 8), hours(8, 23)],
      liveUs: 25.1 * hourUs,
      merged: [['segment 0 8', 'segment 8 23']],
    },
    {
      name: 'a segment that reaches over midnight with the day it begins in',
      files: [hours(0, 8), hours(8, 24.5), hours(24.6, 26)],
      liveUs: -Infinity,
      merged: [['segment 0 8', 'segment 8 24.5']],
    },
    {
      name: 'a single segment of a finished day, too: it is given its final order and name',
      files: [hours(3, 4)],
      liveUs: 30 * hourUs,
      merged: [['segment 3 4']],
    },
    {
      name: 'nothing of a day that is one file',
      files: [hours(0, 23, { kind: 'day' }), hours(24, 30)],
      liveUs: -Infinity,
      merged: [],
    },
    {
      name: 'the file of a day with what came late',
      files: [hours(0, 23, { kind: 'day' }), hours(22, 26)],
      liveUs: -Infinity,
      merged: [['day 0 23', 'segment 22 26']],
    },
  ])('$name', ({ files, liveUs, merged }) => {
    expect(names(finishedDays(files, liveUs))).toEqual(merged)
  })

  test('no file is in two groups', () => {
    const file = fc
      .tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 60 }), fc.nat())
      .map(([from, length, id]) => hours(from, from + length, { name: String(id) }))
    const files = fc.uniqueArray(file, { selector: ({ name }) => name })
    fc.assert(
      fc.property(files, (given) => {
        const sorted = [...given].sort((a, b) => a.fromUs - b.fromUs)
        const merged = finishedDays(sorted, -Infinity).flat()
        expect(new Set(merged).size).toBe(merged.length)
      }),
    )
  })
})

describe('what retention lets go', () => {
  const files = [hours(0, 10), hours(10, 20), hours(20, 30), hours(30, 40)]
  const limits = (retentionDays: number, retentionBytesMax: number) => ({
    retentionDays,
    retentionBytesMax,
  })
  test.each([
    { name: 'nothing within both limits', limits: limits(10, 1_000), gone: [] },
    {
      name: 'what is wholly older than the days',
      limits: limits(1, 1_000),
      gone: ['segment 0 10'],
    },
    {
      name: 'the oldest until the size fits',
      limits: limits(10, 250),
      gone: ['segment 0 10', 'segment 10 20'],
    },
    {
      name: 'everything, when nothing may stay',
      limits: limits(10, 0),
      gone: ['segment 0 10', 'segment 10 20', 'segment 20 30', 'segment 30 40'],
    },
  ])('$name', ({ limits: given, gone }) => {
    expect(outOfRetention(files, given, -Infinity).map(({ name }) => name)).toEqual(gone)
  })

  test('age counts from the newest record, in a file or not', () => {
    expect(outOfRetention(files, limits(1, 1_000), 30 * hourUs + dayUs)).toHaveLength(2)
  })
})
