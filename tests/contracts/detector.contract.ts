import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeclaredPolicy, Detector } from '../../analyzer/detector.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import { dayUs } from '../../records/time.ts'
import { Harness, type HarnessOptions, newest } from '../support/detector-harness.ts'
import { type RowSpec, sceneStartUs } from '../support/scene.ts'

export interface DetectorScene {
  readonly detector: Detector
  readonly policy?: DeclaredPolicy
  /** Rows that teach the site before the attack; none for a detector of facts. */
  readonly learned?: readonly RowSpec[]
  /** What the detector must report, between addresses of 10.0.0.0/16 and 203.0.113.0/24 only. */
  readonly attack: readonly RowSpec[]
  /** The attack and more of it. */
  readonly worse: readonly RowSpec[]
  /** Bytes that the state of a host under a thousand random counterparts may take. */
  readonly stateBytesMax: number
}

/** The standard properties of a detector (docs/decisions/0002): time, order, restarts and strangers change nothing. */
export function detectorContract(name: string, scene: DetectorScene): void {
  const { detector, learned, attack, worse, policy } = scene
  function run(rows: readonly RowSpec[], options: HarnessOptions = {}): Anomaly[] {
    const harness = new Harness([detector], {
      ...(policy === undefined ? {} : { policy }),
      ...options,
    })
    if (learned !== undefined) harness.learn(learned)
    return harness.rows(rows).end()
  }
  const canonical = (anomalies: readonly Anomaly[]) =>
    anomalies.map((a) => JSON.stringify({ ...a, position: null })).sort()
  const owner = (a: Anomaly) => a.viewKey

  describe(`${name} keeps the standard properties:`, () => {
    test('it reports the attack, in its own name and within bounds', () => {
      const anomalies = run(attack)
      expect(anomalies.length).toBeGreaterThan(0)
      for (const a of anomalies) {
        expect(a.behaviour).toBe(detector.behaviour)
        expect(a.score).toBeGreaterThan(0)
        expect(a.oldestUs).toBeLessThanOrEqual(a.timeUs)
        expect(a.summary).not.toMatch(/undefined|NaN|null|\[object/)
        for (const value of Object.values(a.why)) expect(value).not.toBeNaN()
      }
    })

    test('the same attack on another day gives the same, shifted (P2)', () => {
      const shift = 3 * dayUs
      const shifted = run(attack, { startUs: sceneStartUs + shift })
      const plain = run(attack)
      expect(
        shifted.map((a) => [a.timeUs - shift, a.oldestUs - shift, a.count, a.score, a.summary]),
      ).toEqual(plain.map((a) => [a.timeUs, a.oldestUs, a.count, a.score, a.summary]))
    })

    test('at another site it gives the same under that site’s keys (P3)', () => {
      const rename = (anomalies: readonly Anomaly[]) =>
        anomalies.map((a) => [a.viewKey.replace(/^[^|]+/, 'S'), a.count, a.score, a.timeUs])
      expect(rename(run(attack, { site: 'elsewhere' }))).toEqual(rename(run(attack)))
    })

    test('what strangers do in between changes nothing (P4)', () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(attack.length - 1), fc.nat(9)), { maxLength: 20 }),
          (places) => {
            const rows = attack.flatMap((row, i): RowSpec[] => [
              row,
              ...places
                .filter(([at]) => at === i)
                .map(([, n]): RowSpec => ({
                  record: 'flow',
                  at: row.at,
                  orig: `198.51.100.${n}`,
                  resp: `198.51.100.${n + 100}`,
                })),
            ])
            const strangers = (a: Anomaly) => owner(a).includes('198.51.100.')
            // Flow ids are given by order: numbers of the attack's own rows stay what they were by naming them.
            const numbered = (of: readonly RowSpec[]) =>
              of.map((row, i): RowSpec => ({ flowId: 1000 + i, ...row }))
            expect(canonical(run(numbered(rows)).filter((a) => !strangers(a))).length).toBe(
              canonical(run(attack)).length,
            )
          },
        ),
        { numRuns: 20 },
      )
    })

    test('messages cut elsewhere give the same (P6)', () => {
      for (const rowsMax of [1, 2, 7])
        expect(canonical(run(attack, { rowsMax }))).toEqual(canonical(run(attack)))
    })

    test('saved and opened anew after each message it gives the same, byte for byte (P7)', () => {
      expect(JSON.stringify(run(attack, { restartsAfterEachMessage: true }))).toBe(
        JSON.stringify(run(attack)),
      )
    })

    test('in any number of partitions it gives the same', () => {
      for (const partitionCount of [3, 12])
        expect(canonical(run(attack, { partitionCount }))).toEqual(canonical(run(attack)))
    })

    test('over IPv6 it gives the same (P8)', () => {
      const v6 = (address: string) =>
        address.startsWith('10.')
          ? `fd00::${address.slice(3).replaceAll('.', ':')}`
          : `2001:db8:113::${address.split('.')[3]!}`
      const mapped = (rows: readonly RowSpec[]) =>
        rows.map((row): RowSpec => {
          const renamed = {
            ...row,
            orig: v6(row.orig),
            resp: row.resp === null ? null : v6(row.resp),
          } as RowSpec
          return renamed.record === 'summary' && renamed.addresses !== undefined
            ? { ...renamed, addresses: renamed.addresses.split(' ').map(v6).join(' ') }
            : renamed
        })
      const harness = new Harness([detector], policy === undefined ? {} : { policy })
      if (learned !== undefined) harness.learn(mapped(learned))
      const numbers = (anomalies: readonly Anomaly[]) =>
        newest(anomalies)
          .map((a) => [a.count, a.score])
          .sort()
      // A policy that was declared for IPv4 addresses says nothing about the others.
      if (policy === undefined)
        expect(numbers(harness.rows(mapped(attack)).end())).toEqual(numbers(run(attack)))
    })

    test('its state stays within bounds under random counterparts (P9)', () => {
      const harness = new Harness([detector], policy === undefined ? {} : { policy })
      if (learned !== undefined) harness.learn(learned)
      const [first] = attack
      for (let i = 0; i < 1000; i++) {
        const stranger = `203.0.${i >> 8}.${i & 255}`
        harness.rows([{ ...first!, at: i / 100, orig: first!.orig, resp: stranger }])
        harness.rows([{ ...first!, at: i / 100, orig: stranger, resp: first!.resp } as RowSpec])
      }
      expect(harness.sectionBytesMax(detector.behaviour)).toBeLessThan(scene.stateBytesMax)
    })

    test('more of the attack never lowers the score or the count (P10)', () => {
      const most = (anomalies: readonly Anomaly[]) => ({
        score: Math.max(...anomalies.map((a) => a.score)),
        count: newest(anomalies).reduce((sum, a) => sum + a.count, 0),
      })
      const [less, more] = [most(run(attack)), most(run(worse))]
      expect(more.score).toBeGreaterThanOrEqual(less.score)
      expect(more.count).toBeGreaterThanOrEqual(less.count)
    })
  })
}
