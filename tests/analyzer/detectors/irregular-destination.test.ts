import { describe, expect, test } from 'vitest'
import { irregularDestination } from '../../../analyzer/detectors/irregular-destination.ts'
import { detectorContract } from '../../contracts/detector.contract.ts'
import { harness, newest } from '../../support/detector-harness.ts'
import { testPolicy } from '../../support/policy.ts'
import type { RowSpec } from '../../support/scene.ts'

const [pump, server, resolver, outside] = ['10.0.0.9', '10.0.0.1', '10.0.0.53', '203.0.113.7']
const flow = (at: number, resp: string, more: object = {}): RowSpec => ({
  record: 'flow',
  at,
  orig: pump,
  resp,
  ...more,
})
const answer = (at: number, name: string, addresses: string): RowSpec => ({
  record: 'summary',
  at,
  orig: pump,
  resp: resolver,
  service: 'dns',
  event: 'answer',
  name,
  addresses,
})
const hello = (at: number, resp: string, name: string): RowSpec => ({
  record: 'summary',
  at,
  orig: pump,
  resp,
  service: 'tls',
  event: 'hello',
  name,
})
const learned = [
  flow(0, server),
  answer(1, 'api.vendor.example', '203.0.113.80'),
  flow(2, '203.0.113.80'),
]
const judged = (rows: readonly RowSpec[]) =>
  harness(irregularDestination).learn(learned).rows(rows).end()

describe('a device with a baseline', () => {
  test.each([
    { name: 'is silent about a destination it knows', rows: [flow(0, server)], scores: [] },
    { name: 'reports a new internal one as low', rows: [flow(0, '10.0.0.2')], scores: [0.35] },
    {
      name: 'reports another service of a known host',
      rows: [flow(0, server, { respPort: 22 })],
      scores: [0.35],
    },
    {
      name: 'reports a new external one without a name at notify level',
      rows: [flow(0, outside)],
      scores: [0.6],
    },
    {
      name: 'reports a new external one that it looked up as low',
      rows: [answer(0, 'evil.test', outside), flow(1, outside)],
      scores: [0.55],
    },
    {
      name: 'is silent about another address of a name it knows',
      rows: [answer(0, 'b.vendor.example', outside), flow(1, outside)],
      scores: [],
    },
    {
      name: 'waits for the server name, and is silent when that is known',
      rows: [flow(0, outside), hello(1.9, outside, 'x.vendor.example')],
      scores: [],
    },
    {
      name: 'judges when no name has come in 2 s',
      rows: [flow(0, outside), hello(2.1, outside, 'x.vendor.example')],
      scores: [0.6],
    },
    {
      name: 'leaves a contact that nobody answered to the scan detectors',
      rows: [flow(0, outside, { outcome: 'unanswered' })],
      scores: [],
    },
    {
      name: 'needs two UDP packets each way',
      rows: [
        flow(0, '10.0.0.2', { protocol: 'udp', flowId: 7 }),
        flow(1, '10.0.0.2', {
          protocol: 'udp',
          flowId: 7,
          kind: 'end',
          origPackets: 9,
          respPackets: 0,
        }),
      ],
      scores: [],
    },
    {
      name: 'adds up the UDP packets of a flow’s records',
      rows: [
        flow(0, '10.0.0.2', { protocol: 'udp', flowId: 7 }),
        flow(1, '10.0.0.2', { protocol: 'udp', flowId: 7, kind: 'end' }),
      ],
      scores: [0.35],
    },
  ])('$name', ({ rows, scores }) => {
    expect(judged(rows).map((a) => a.score)).toEqual(
      scores.map((score) => expect.closeTo(score, 9) as number),
    )
  })

  test('names the parties, the service and what the judgement rests on', () => {
    const [anomaly] = judged([flow(0, outside, { respPort: 2049 })])
    expect(anomaly).toMatchObject({
      viewKey: 'default|default|ip:10.0.0.9',
      objectGroup: '203.0.113.0/24 tcp/2049',
      count: 1,
      why: { usualDestinations: 2, flowsLearned: 2, baseline: 'approved' },
      peers: [{ address: outside, port: 2049, protocol: 'tcp' }],
    })
  })

  test('tells of one destination once, at each tripling, and at the end', () => {
    const anomalies = judged(Array.from({ length: 11 }, (_, i) => flow(i, '10.0.0.2')))
    expect(anomalies.map((a) => a.count)).toEqual([1, 3, 9, 11])
    expect(newest(anomalies)).toHaveLength(1)
  })

  test('tells anew when more than an hour has passed without it', () => {
    const anomalies = judged([flow(0, '10.0.0.2'), flow(3600, '10.0.0.2'), flow(7201, '10.0.0.2')])
    expect(newest(anomalies).map((a) => a.count)).toEqual([2, 1])
  })

  test('is silent behind 500 addresses of one known name', () => {
    const rows = Array.from({ length: 500 }, (_, i): RowSpec[] => {
      const address = `198.18.${i >> 8}.${i & 255}`
      return [answer(i, 'cdn.vendor.example', address), flow(i + 0.5, address)]
    }).flat()
    expect(judged(rows)).toEqual([])
  })
})

test('a device without a baseline is not judged', () => {
  expect(
    harness(irregularDestination)
      .rows([flow(0, outside)])
      .end(),
  ).toEqual([])
})

test('what the policy allows is not reported', () => {
  const policy = testPolicy({}, { accessOf: () => 'allowed' })
  expect(
    harness(irregularDestination, { policy })
      .learn(learned)
      .rows([flow(0, outside)])
      .end(),
  ).toEqual([])
})

test('an approved relation is not reported', () => {
  const run = harness(irregularDestination).learn(learned).advance(1)
  run.command({
    version: 1,
    kind: 'approve',
    id: 'a',
    site: 'default',
    effectiveUs: 0,
    by: 'test',
    reason: '',
    host: `default|default|ip:${pump}`,
    relation: 'to|tcp/443|203.0.113.0/24',
  })
  expect(run.rows([flow(2, outside)]).end()).toEqual([])
})

test('an alert names the relation that approves it, and taking the approval back brings it up again', () => {
  const common = { version: 1, site: 'default', effectiveUs: 0, by: 'test', reason: '' } as const
  const host = `default|default|ip:${pump}`
  const run = harness(irregularDestination).learn(learned)
  const [found] = run
    .rows([flow(0, outside)])
    .advance(10)
    .soFar()
  expect(found?.relations).toEqual(['to|tcp/443|203.0.113.0/24'])
  const relation = found!.relations![0]!
  const later = (at: number) =>
    run
      .rows([flow(at, outside)])
      .advance(at + 10)
      .soFar()
      .at(-1)
  run.command({ ...common, kind: 'approve', id: 'a', host, relation }, 20)
  expect(later(7200)).toEqual(found)
  run.command({ ...common, kind: 'unapprove', id: 'b', host, relation }, 7300)
  expect(later(14_400)).toMatchObject({ objectGroup: found!.objectGroup, count: 1 })
  expect(later(14_400)?.id).not.toBe(found!.id)
})

const attack = [
  flow(0, outside),
  flow(1, '10.0.0.2'),
  flow(5, outside),
  flow(9, '10.0.0.3', { protocol: 'udp', origPackets: 2, respPackets: 2 }),
]
detectorContract('irregular-destination', {
  detector: irregularDestination,
  learned,
  attack,
  stateBytesMax: 100_000,
  worse: [...attack, flow(10, outside), flow(11, outside), flow(12, '10.0.0.4')],
})
