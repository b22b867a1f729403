import { describe, expect, test } from 'vitest'
import { loginAfterBurst } from '../../../analyzer/detectors/login-after-burst.ts'
import { detectorContract } from '../../contracts/detector.contract.ts'
import { harness, type HarnessOptions } from '../../support/detector-harness.ts'
import type { SummarySpec, RowSpec } from '../../support/scene.ts'

const source = '10.60.1.66'
const target = '10.60.1.20'
const login: SummarySpec = {
  at: 0,
  orig: source,
  resp: target,
  respPort: 23,
  service: 'telnet',
  event: 'login',
}

function failures(
  count: number,
  fields: Partial<SummarySpec> & { stepSeconds?: number } = {},
): SummarySpec[] {
  const { stepSeconds = 1, at = 0, ...rest } = fields
  return Array.from({ length: count }, (_, i) => ({
    ...login,
    outcome: 'failure' as const,
    ...rest,
    at: at + i * stepSeconds,
  }))
}

const success = (at: number, fields: Partial<SummarySpec> = {}): SummarySpec => ({
  ...login,
  outcome: 'success',
  ...fields,
  at,
})

function run(specs: readonly SummarySpec[], options: HarnessOptions = {}) {
  const h = harness(loginAfterBurst, options)
  for (const spec of specs) h.summary(spec)
  return h.end()
}

describe('login-after-burst', () => {
  test('pages on a success after seven failures, with offender and victim the right way round', () => {
    expect(run([...failures(7), success(8)])).toMatchObject([
      {
        behaviour: 'login-after-burst',
        score: 0.9,
        count: 8,
        viewKey: `default|default|ip:${target}`,
        objectGroup: `default|default|ip:${source}`,
        device: { address: target },
        peers: [{ address: source, port: 23, protocol: 'tcp' }],
        why: { failures: 7, service: 'telnet' },
      },
    ])
  })

  test.each([5, 6])('only lists a success after %i failures', (count) => {
    expect(run([...failures(count), success(count)])).toMatchObject([
      { score: 0.4, count: count + 1 },
    ])
  })

  test.each<[string, SummarySpec[]]>([
    ['four failures and a success', [...failures(4), success(5)]],
    ['failures alone', failures(100)],
    [
      'a success a moment more than 15 minutes after the last failure',
      [...failures(7), success(6 + 900.01)],
    ],
    [
      'failures with a pause of more than 15 minutes among them',
      [...failures(4), ...failures(4, { at: 904 }), success(910)],
    ],
    ['a success of another source', [...failures(7), success(8, { orig: '10.60.1.67' })]],
    ['a success at another service', [...failures(7), success(8, { service: 'ftp' })]],
    ['a success at another target', [...failures(7), success(8, { resp: '10.60.1.21' })]],
    ['an attempt of unknown outcome', [...failures(7), { ...success(8), outcome: 'unknown' }]],
    ['a success that the failures follow', [success(0), ...failures(7, { at: 1 })]],
    [
      'a run that a success has broken',
      [...failures(4), success(5), ...failures(4, { at: 6 }), success(11)],
    ],
  ])('is silent on %s', (_name, specs) => {
    expect(run(specs)).toEqual([])
  })

  test.each<[string, SummarySpec[]]>([
    ['a success 15 minutes after the last failure', [...failures(7), success(6 + 900)]],
    [
      'slow failures, none more than 15 minutes apart',
      [...failures(30, { stepSeconds: 61 }), success(30 * 61)],
    ],
    [
      'an association accepted after rejected ones',
      [
        ...failures(7, { service: 'dicom', event: 'association' }),
        success(8, { service: 'dicom', event: 'association' }),
      ],
    ],
    [
      'attempts of unknown outcome in between',
      [...failures(7), { ...success(8), outcome: 'unknown' }, success(9)],
    ],
  ])('pages on %s', (_name, specs) => {
    expect(run(specs)).toMatchObject([{ score: 0.9 }])
  })

  test('tells each burst that ends in a success', () => {
    expect(
      run([...failures(7), success(8), ...failures(9, { at: 20 }), success(30)]).map(
        (a) => a.count,
      ),
    ).toEqual([8, 10])
  })

  test('gives the same when its state is stored and read again after each message', () => {
    const specs = [...failures(36, { stepSeconds: 0.2 }), success(8)]
    expect(run(specs, { restartsAfterEachMessage: true })).toEqual(run(specs))
  })

  test('never scores lower for more failures', () => {
    const scores = Array.from(
      { length: 40 },
      (_, count) => run([...failures(count), success(count + 1)])[0]?.score ?? 0,
    )
    expect([...scores].sort((a, b) => a - b)).toEqual(scores)
  })
})

const contractRows = (count: number): RowSpec[] =>
  Array.from({ length: count + 1 }, (_, i) => ({
    record: 'summary',
    at: i,
    orig: '10.0.0.66',
    resp: '10.0.0.20',
    respPort: 23,
    service: 'telnet',
    event: 'login',
    outcome: i < count ? 'failure' : 'success',
  }))

detectorContract('login-after-burst', {
  detector: loginAfterBurst,
  attack: contractRows(7),
  worse: contractRows(20),
  stateBytesMax: 16_384,
})
