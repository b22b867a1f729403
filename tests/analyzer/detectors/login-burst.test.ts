import { describe, expect, test } from 'vitest'
import { loginBurst } from '../../../analyzer/detectors/login-burst.ts'
import { detectorContract } from '../../contracts/detector.contract.ts'
import { harness, type HarnessOptions, newest } from '../../support/detector-harness.ts'
import { testPolicy } from '../../support/policy.ts'
import type { SummarySpec, RowSpec } from '../../support/scene.ts'

const source = '10.60.1.66'
const target = '10.60.1.20'

function attempts(
  count: number,
  fields: Partial<SummarySpec> & { stepSeconds?: number } = {},
): SummarySpec[] {
  const { stepSeconds = 1, at = 0, ...rest } = fields
  return Array.from({ length: count }, (_, i) => ({
    orig: source,
    resp: target,
    respPort: 22,
    service: 'ssh' as const,
    event: 'login' as const,
    outcome: 'failure' as const,
    ...rest,
    at: at + i * stepSeconds,
  }))
}

function run(specs: readonly SummarySpec[], options: HarnessOptions = {}) {
  const h = harness(loginBurst, options)
  for (const spec of specs) h.summary(spec)
  return h
}

describe('login-burst', () => {
  test('fires at the tenth refused login, with offender and victim the right way round', () => {
    const [anomaly, ...more] = run(
      attempts(10, { reason: '530', service: 'ftp', respPort: 21 }),
    ).soFar()
    expect(more).toEqual([])
    expect(anomaly).toMatchObject({
      behaviour: 'login-burst',
      count: 10,
      score: 0.65,
      viewKey: `default|default|ip:${target}`,
      objectGroup: `default|default|ip:${source}`,
      device: { address: target },
      peers: [{ address: source, port: 21, protocol: 'tcp' }],
      why: { service: 'ftp', reason: '530', failures: 10 },
    })
  })

  test.each<[string, SummarySpec[]]>([
    ['nine failures', attempts(9)],
    ['ten failures over a moment more than ten minutes', attempts(10, { stepSeconds: 600.01 / 9 })],
    ['successes', attempts(100, { outcome: 'success' })],
    ['attempts of unknown outcome', attempts(100, { outcome: 'unknown' })],
    ['other events', attempts(100, { event: 'hello' })],
    [
      'accepted DICOM associations',
      attempts(100, { service: 'dicom', event: 'association', outcome: 'success' }),
    ],
    [
      'nine failures at each of two services',
      [...attempts(9), ...attempts(9, { at: 20, service: 'ftp' })],
    ],
    [
      'nine failures of each of two sources',
      [...attempts(9), ...attempts(9, { at: 20, orig: '10.60.1.67' })],
    ],
  ])('is silent on %s', (_name, specs) => {
    expect(run(specs).end()).toEqual([])
  })

  test.each<[string, SummarySpec[]]>([
    ['ten failures over the whole window', attempts(10, { stepSeconds: 600 / 9 })],
    ['rejected DICOM associations', attempts(10, { service: 'dicom', event: 'association' })],
    ['Kerberos', attempts(10, { service: 'kerberos', respPort: 88, protocol: 'udp' })],
    ['ten failures in one message', attempts(10, { stepSeconds: 0 })],
    ['IPv6', attempts(10, { orig: 'fd00:60::66', resp: 'fd00:60::20' })],
  ])('fires on %s', (_name, specs) => {
    expect(newest(run(specs).end())).toHaveLength(1)
  })

  test('catches a burst across any boundary, as a tumbling window would not', () => {
    const halves = [...attempts(5, { at: 595 }), ...attempts(5, { at: 601 })]
    expect(newest(run(halves).end())).toHaveLength(1)
  })

  test('reports at the threshold, at each tripling, and the final count when the burst has gone quiet', () => {
    const h = run(attempts(100)).advance(99 + 599)
    expect(h.soFar().map((a) => a.count)).toEqual([10, 30, 90])
    expect(
      h
        .advance(99 + 601)
        .soFar()
        .map((a) => a.count),
    ).toEqual([10, 30, 90, 100])
    expect(new Set(h.soFar().map((a) => a.id)).size).toBe(1)
  })

  test('tells the final count when the input ends', () => {
    expect(
      run(attempts(29))
        .end()
        .map((a) => a.count),
    ).toEqual([10, 29])
  })

  test('reports a burst after a pause as another anomaly of the same row', () => {
    const anomalies = newest(run([...attempts(12), ...attempts(12, { at: 3000 })]).end())
    expect(anomalies.map((a) => a.count)).toEqual([12, 12])
    expect(new Set(anomalies.map((a) => a.objectGroup)).size).toBe(1)
  })

  test.each([
    ['medical', 8, 0.8],
    ['server', 30, 0.65],
  ] as const)('fires on a %s at %i', (deviceClass, failuresMin, score) => {
    const policy = testPolicy({ [target]: { deviceClass } })
    expect(run(attempts(failuresMin - 1), { policy }).end()).toEqual([])
    expect(run(attempts(failuresMin), { policy }).soFar()).toMatchObject([
      { count: failuresMin, score },
    ])
  })

  test('takes its thresholds from the configuration', () => {
    const config = { unknown: { failuresMin: 3 } }
    expect(run(attempts(3), { config }).soFar()).toMatchObject([
      { count: 3, score: 0.65, why: { windowSeconds: 600 } },
    ])
  })

  test('refuses a configuration with a word it does not know', () => {
    expect(() => run([], { config: { unknown: { failureMin: 3 } } })).toThrow()
  })

  test('gives the same when its state is stored and read again after each message', () => {
    const specs = attempts(50)
    expect(run(specs, { restartsAfterEachMessage: true }).end()).toEqual(run(specs).end())
  })

  test('watches 64 sources at once and says how many it had to forget', () => {
    const spread = Array.from(
      { length: 80 },
      (_, i) => attempts(1, { orig: `10.60.9.${i + 1}`, at: i })[0]!,
    )
    const [anomaly] = run([...spread, ...attempts(10, { at: 100 })]).end()
    expect(anomaly).toMatchObject({ count: 10, why: { pairsForgotten: 17 } })
  })
})

const contractRows = (count: number): RowSpec[] =>
  Array.from({ length: count }, (_, i) => ({
    record: 'summary',
    at: i,
    orig: '10.0.0.66',
    resp: '10.0.0.20',
    respPort: 22,
    service: 'ssh',
    event: 'login',
    outcome: 'failure',
  }))

detectorContract('login-burst', {
  detector: loginBurst,
  attack: contractRows(35),
  worse: contractRows(60),
  stateBytesMax: 32_768,
})
