import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loginBurst } from '../../analyzer/detectors/login-burst.ts'
import { portScan } from '../../analyzer/detectors/port-scan.ts'
import { type Detector, timerLeastUs } from '../../analyzer/detector.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import { minuteUs } from '../../records/time.ts'
import { Harness, type HarnessOptions } from '../support/detector-harness.ts'
import { tally } from '../support/probe-detector.ts'
import type { RowSpec } from '../support/scene.ts'
import { sceneRows } from '../support/scene-arbitrary.ts'

const detectors: readonly Detector[] = [tally(minuteUs), portScan, loginBurst]

/** What a scene gives, without the place it was found at, as a set: docs/decisions/0002, determinism. */
function judged(rows: readonly RowSpec[], options: HarnessOptions = {}): string[] {
  const anomalies = new Harness(detectors, options).rows(rows).end()
  return anomalies.map(withoutPlace).sort()
}

function withoutPlace(anomaly: Anomaly): string {
  return JSON.stringify({ ...anomaly, position: null })
}

describe('the anomalies of a scene', () => {
  test('are the same in 1, 3 and 12 partitions', () => {
    fc.assert(
      fc.property(sceneRows(), (rows) => {
        const one = judged(rows)
        for (const partitionCount of [3, 12]) expect(judged(rows, { partitionCount })).toEqual(one)
      }),
      { numRuns: 60 },
    )
  })

  test('are the same byte for byte, places included, when it is judged again', () => {
    fc.assert(
      fc.property(sceneRows(), (rows) => {
        const run = (): Anomaly[] => new Harness(detectors, { partitionCount: 3 }).rows(rows).end()
        expect(JSON.stringify(run())).toBe(JSON.stringify(run()))
      }),
      { numRuns: 30 },
    )
  })

  test('are the same byte for byte when the state is saved and opened anew after each message', () => {
    fc.assert(
      fc.property(sceneRows(), (rows) => {
        const run = (restartsAfterEachMessage: boolean): Anomaly[] =>
          new Harness(detectors, { restartsAfterEachMessage }).rows(rows).end()
        expect(JSON.stringify(run(true))).toBe(JSON.stringify(run(false)))
      }),
      { numRuns: 60 },
    )
  })

  test('do not depend on how many rows a flush holds', () => {
    fc.assert(
      fc.property(sceneRows(), fc.integer({ min: 1, max: 9 }), (rows, rowsMax) => {
        expect(judged(rows, { rowsMax })).toEqual(judged(rows))
      }),
      { numRuns: 60 },
    )
  })

  test('do not depend on it either when timers fall between the rows of one flush', () => {
    fc.assert(
      fc.property(sceneRows(), fc.integer({ min: 1, max: 9 }), (rows, rowsMax) => {
        const run = (options: HarnessOptions): string[] =>
          new Harness([tally(timerLeastUs)], options).rows(rows).end().map(withoutPlace).sort()
        expect(run({ rowsMax, flushSeconds: 10 })).toEqual(run({}))
      }),
      { numRuns: 100 },
    )
  })

  test('do not depend on how often punctuations come', () => {
    fc.assert(
      fc.property(sceneRows(20), (rows) => {
        const run = new Harness(detectors)
        for (const row of rows) run.rows([row]).advance(row.at)
        expect(run.end().map(withoutPlace).sort()).toEqual(judged(rows, { rowsMax: 1 }))
      }),
      { numRuns: 60 },
    )
  })
})
