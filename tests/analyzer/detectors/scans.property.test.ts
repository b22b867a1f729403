import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostScan } from '../../../analyzer/detectors/host-scan.ts'
import { portScan } from '../../../analyzer/detectors/port-scan.ts'
import type { Anomaly } from '../../../records/anomaly.ts'
import { harness, newest } from '../../support/detector-harness.ts'
import type { FlowSpec } from '../../support/scene.ts'

const scanner = '10.60.1.66'

interface Step {
  readonly target: number
  readonly isAnswered: boolean
  readonly gapSeconds: number
}

const steps = (targets: number, gapSecondsMax: number) =>
  fc.array(
    fc.record({
      target: fc.integer({ min: 1, max: targets }),
      isAnswered: fc.boolean(),
      gapSeconds: fc.integer({ min: 0, max: gapSecondsMax }),
    }),
    { maxLength: 40 },
  )

function timed(list: readonly Step[]): (Step & { at: number })[] {
  let at = 0
  return list.map((step) => ({ ...step, at: (at += step.gapSeconds) }))
}

/** Whether a port scan is in there, counted the long way: every port with every time it failed. */
function hasPortScan(list: readonly Step[], portsMin: number, windowSeconds: number): boolean {
  const failed = timed(list).filter((step) => !step.isAnswered)
  return failed.some(({ at }) => {
    const within = failed.filter((other) => other.at <= at && at - other.at <= windowSeconds)
    return new Set(within.map((other) => other.target)).size >= portsMin
  })
}

/** Whether a host scan is in there, by the counter of the page with nothing left out. */
function hasHostScan(
  list: readonly Step[],
  rules: readonly (readonly [countMin: number, windowSeconds: number])[],
): boolean {
  const longest = Math.max(...rules.map(([, windowSeconds]) => windowSeconds))
  const answered = new Set<number>()
  let failed: { target: number; at: number }[] = []
  for (const { target, isAnswered, at } of timed(list)) {
    if (answered.has(target)) continue
    failed = failed.filter((one) => at - one.at <= longest)
    if (isAnswered) {
      answered.add(target)
      if (!failed.some((one) => one.target === target)) failed.pop()
      continue
    }
    failed = [...failed.filter((one) => one.target !== target), { target, at }]
    if (
      rules.some(
        ([countMin, windowSeconds]) =>
          failed.filter((one) => at - one.at <= windowSeconds).length >= countMin,
      )
    )
      return true
  }
  return false
}

const toPorts = (list: readonly Step[]): FlowSpec[] =>
  timed(list).map(({ target, isAnswered, at }) => ({
    at,
    orig: scanner,
    resp: '10.60.1.20',
    respPort: 1000 + target,
    outcome: isAnswered ? 'answered' : 'refused',
  }))

const toHosts = (list: readonly Step[]): FlowSpec[] =>
  timed(list).map(({ target, isAnswered, at }) => ({
    at,
    orig: scanner,
    resp: `10.60.2.${target}`,
    respPort: 445,
    outcome: isAnswered ? 'answered' : 'unanswered',
  }))

const portConfig = { unknown: { tcpPortsMin: 5, windowSeconds: 30 } }
const hostConfig = {
  unknown: { hostsMin: 3, windowSeconds: 20, hostsSlowMin: 5, windowSlowSeconds: 120 },
}

function play(
  detector: typeof portScan | typeof hostScan,
  specs: readonly FlowSpec[],
  options = {},
): Anomaly[] {
  const h = harness(detector, {
    config: detector.behaviour === 'port-scan' ? portConfig : hostConfig,
    ...options,
  })
  for (const spec of specs) h.flow(spec)
  return h.end()
}

describe('the bounded state of the scan detectors', () => {
  test('finds a port scan exactly when counting everything does', () => {
    fc.assert(
      fc.property(steps(9, 15), (list) => {
        expect(play(portScan, toPorts(list)).length > 0).toBe(hasPortScan(list, 5, 30))
      }),
      { numRuns: 150 },
    )
  })

  test('finds a host scan, fast or slow, exactly when counting everything does', () => {
    fc.assert(
      fc.property(steps(12, 30), (list) => {
        expect(play(hostScan, toHosts(list)).length > 0).toBe(
          hasHostScan(list, [
            [3, 20],
            [5, 120],
          ]),
        )
      }),
      { numRuns: 150 },
    )
  })
})

describe.each([
  ['port-scan', portScan, toPorts],
  ['host-scan', hostScan, toHosts],
] as const)('%s', (_name, detector, toSpecs) => {
  test('finds the same at another time of the day', () => {
    fc.assert(
      fc.property(steps(12, 15), fc.integer({ min: 1, max: 10_000_000 }), (list, shift) => {
        const specs = toSpecs(list)
        const shifted = specs.map((spec) => ({ ...spec, at: spec.at + shift }))
        const facts = (anomalies: Anomaly[], by: number) =>
          anomalies.map(({ oldestUs, timeUs, count, score, why }) => ({
            count,
            score,
            why,
            oldestUs: oldestUs - by * 1e6,
            timeUs: timeUs - by * 1e6,
          }))
        expect(facts(play(detector, shifted), shift)).toEqual(facts(play(detector, specs), 0))
      }),
      { numRuns: 40 },
    )
  })

  test('finds the same however its rows are cut into messages and over partitions', () => {
    fc.assert(
      fc.property(
        steps(12, 3),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 5 }),
        (list, rowsMax, partitionCount) => {
          const specs = toSpecs(list)
          const facts = (anomalies: Anomaly[]) =>
            newest(anomalies).map((anomaly) => ({ ...anomaly, position: null }))
          expect(facts(play(detector, specs, { rowsMax, partitionCount }))).toEqual(
            facts(play(detector, specs)),
          )
        },
      ),
      { numRuns: 40 },
    )
  })

  test('tells counts that only grow, and never a lower score for more of it', () => {
    fc.assert(
      fc.property(steps(12, 3), (list) => {
        const counts = play(detector, toSpecs(list))
        for (const anomaly of newest(counts)) {
          const own = counts.filter((one) => one.id === anomaly.id).map((one) => one.count)
          expect(own).toEqual([...new Set(own)].sort((a, b) => a - b))
        }
      }),
      { numRuns: 40 },
    )
  })
})
