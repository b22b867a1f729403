import { describe, expect, test } from 'vitest'
import { unauthorizedAccess } from '../../../analyzer/detectors/unauthorized-access.ts'
import type { DeclaredHost } from '../../../analyzer/detector.ts'
import { callerRelation } from '../../../analyzer/device-baseline.ts'
import { detectorContract } from '../../contracts/detector.contract.ts'
import { harness, type HarnessOptions, newest } from '../../support/detector-harness.ts'
import { testPolicy } from '../../support/policy.ts'
import type { FlowSpec, RowSpec, SummarySpec } from '../../support/scene.ts'

const source = '10.60.1.66'
const target = '10.60.1.20'
const sourceKey = `default|default|ip:${source}`
const targetKey = `default|default|ip:${target}`

const contact = (fields: Partial<FlowSpec> = {}): RowSpec => ({
  record: 'flow',
  at: 0,
  orig: source,
  resp: target,
  respPort: 22,
  ...fields,
})
const event = (fields: Partial<SummarySpec>): RowSpec => ({
  record: 'summary',
  at: 0,
  orig: source,
  resp: target,
  service: 'dicom',
  event: 'association',
  outcome: 'success',
  ...fields,
})
const association = (client: string, fields: Partial<SummarySpec> = {}) =>
  event({ client, ...fields })

function run(rows: readonly RowSpec[], options: HarnessOptions = {}) {
  return harness(unauthorizedAccess, options).rows(rows)
}

const medical = (hosts: Record<string, Partial<DeclaredHost>> = {}) =>
  testPolicy({ [target]: { deviceClass: 'medical', name: 'Pump 4' }, ...hosts })

describe('unauthorized-access, administration of a medical device', () => {
  test('is told for a host that is no declared administrator, with offender and victim the right way round', () => {
    expect(run([contact()], { policy: medical() }).soFar()).toMatchObject([
      {
        behaviour: 'unauthorized-access',
        score: 0.75,
        count: 1,
        viewKey: targetKey,
        objectGroup: sourceKey,
        device: { address: target, name: 'Pump 4' },
        peers: [{ address: source, port: 22, protocol: 'tcp' }],
        why: { cause: 'administration', services: 'ssh' },
        summary:
          '10.60.1.66 reached Pump 4 by ssh; it is no declared administrator of this device.',
      },
    ])
  })

  test.each([[22], [23], [3389], [5900], [445], [5985], [5555]])('covers tcp/%i', (respPort) => {
    expect(run([contact({ respPort })], { policy: medical() }).soFar()).toHaveLength(1)
  })

  test.each<[string, RowSpec, Record<string, Partial<DeclaredHost>>]>([
    ['a biomedical jump host', contact(), { [source]: { roles: ['biomed-jump'] } }],
    [
      'a vendor gateway, from outside too',
      contact({ orig: '198.51.100.7' }),
      { '198.51.100.7': { roles: ['vendor-gateway'] } },
    ],
    ['a service that is no administration', contact({ respPort: 104 }), {}],
    ['a host that is no medical device', contact(), { [target]: { deviceClass: 'unknown' } }],
    ['later records of a flow', contact({ kind: 'update' }), {}],
  ])('is silent on %s', (_name, row, hosts) => {
    expect(run([row], { policy: medical(hosts) }).end()).toEqual([])
  })

  test.each(['unanswered', 'refused'] as const)('weighs an attempt that was %s half', (outcome) => {
    expect(run([contact({ outcome })], { policy: medical() }).soFar()).toMatchObject([
      { score: 0.375, why: { attemptsOnly: 1 } },
    ])
  })

  test('is told anew at once when an attempt succeeds', () => {
    const scores = run([contact({ outcome: 'refused' }), contact({ at: 5 })], { policy: medical() })
      .soFar()
      .map((a) => [a.score, a.count])
    expect(scores).toEqual([
      [0.375, 1],
      [0.75, 2],
    ])
  })

  test('is recognised by its structure on another port', () => {
    const rows = [
      contact({ respPort: 902 }),
      event({ at: 1, service: 'ssh', event: 'hello', respPort: 902 }),
    ]
    expect(run(rows, { policy: medical() }).soFar()).toMatchObject([
      { why: { services: 'ssh' }, peers: [{ port: 902 }] },
    ])
  })

  test('counts a contact on its own port once, not again by its structure', () => {
    const rows = [contact(), event({ at: 1, service: 'ssh', event: 'hello', respPort: 22 })]
    expect(run(rows, { policy: medical() }).end()).toMatchObject([{ count: 1 }])
  })

  test('reports at 1, 3, 9 … and the final count when the source has gone quiet', () => {
    const h = run(
      Array.from({ length: 12 }, (_, i) => contact({ at: i })),
      { policy: medical() },
    )
    expect(h.soFar().map((a) => a.count)).toEqual([1, 3, 9])
    expect(h.advance(11 + 599).soFar()).toHaveLength(3)
    expect(
      h
        .advance(11 + 601)
        .soFar()
        .map((a) => a.count),
    ).toEqual([1, 3, 9, 12])
  })
})

describe('unauthorized-access from outside', () => {
  test('pages when an unmonitored address reaches a medical device, whatever the service', () => {
    const row = contact({ orig: '203.0.113.5', respPort: 4711 })
    expect(run([row], { policy: medical() }).soFar()).toMatchObject([
      { score: 0.9, why: { cause: 'internet' } },
    ])
  })

  test('is silent for other hosts', () => {
    expect(run([contact({ orig: '203.0.113.5' })]).end()).toEqual([])
  })
})

describe('unauthorized-access, declared rules', () => {
  const zones = { [source]: { zone: 'office' }, [target]: { zone: 'imaging' } }
  const policy = (answer: 'allowed' | 'forbidden') =>
    testPolicy(zones, {
      accessOf: (from, to, service) =>
        from.zone === 'office' && to.zone === 'imaging' && service === 'tcp/104'
          ? answer
          : 'undeclared',
    })

  test('tells a contact that a rule forbids', () => {
    expect(
      run([contact({ respPort: 104 })], { policy: policy('forbidden') }).soFar(),
    ).toMatchObject([
      {
        score: 0.65,
        why: { cause: 'rule', sourceZone: 'office', targetZone: 'imaging', services: 'dicom' },
      },
    ])
  })

  test('is silent on other services, other directions, and where the rule allows', () => {
    expect(run([contact({ respPort: 105 })], { policy: policy('forbidden') }).end()).toEqual([])
    expect(
      run([contact({ respPort: 104, orig: target, resp: source })], {
        policy: policy('forbidden'),
      }).end(),
    ).toEqual([])
    expect(run([contact({ respPort: 104 })], { policy: policy('allowed') }).end()).toEqual([])
  })

  test('lets a rule allow administration that would be forbidden', () => {
    const allowing = { ...medical(), accessOf: () => 'allowed' as const }
    expect(
      run([contact(), event({ service: 'ssh', event: 'hello', respPort: 902 })], {
        policy: allowing,
      }).end(),
    ).toEqual([])
  })

  test('decides by source, target and service alone', () => {
    const once = run([contact({ respPort: 104 })], { policy: policy('forbidden') }).soFar()[0]!
    const again = run(
      [contact({ respPort: 104, at: 40_000, origPort: 1025, origPayloadBytes: 9 })],
      { policy: policy('forbidden') },
    ).soFar()[0]!
    expect([again.score, again.why, again.summary]).toEqual([once.score, once.why, once.summary])
  })
})

describe('unauthorized-access, callers', () => {
  const taught = [association('CTSCAN1', { orig: '10.60.1.30' })]
  const learned = () => harness(unauthorizedAccess).learn(taught)

  test('tells a DICOM title that an approved baseline does not know', () => {
    expect(
      learned()
        .rows([association('ECHOSCU')])
        .soFar(),
    ).toMatchObject([
      {
        score: 0.8,
        count: 1,
        why: { cause: 'caller', callers: 'ECHOSCU' },
        device: { address: target },
        peers: [{ address: source }],
      },
    ])
  })

  test('tells a known title that comes from another host', () => {
    expect(
      learned()
        .rows([association('CTSCAN1')])
        .soFar(),
    ).toHaveLength(1)
  })

  test('is silent on a known title from its own host', () => {
    expect(
      learned()
        .rows([association('CTSCAN1', { orig: '10.60.1.30' })])
        .end(),
    ).toEqual([])
  })

  test('is silent where nothing was approved and nothing is listed', () => {
    expect(run([association('ECHOSCU')]).end()).toEqual([])
  })

  test('does not come to know a caller because it insists', () => {
    const rows = Array.from({ length: 30 }, (_, i) => association('ECHOSCU', { at: i }))
    expect(newest(learned().rows(rows).end())).toMatchObject([{ count: 30 }])
  })

  test('does not come to know a caller that insists for days, while nothing new is told of it', () => {
    const rows = Array.from({ length: 4 * 288 }, (_, i) => association('ECHOSCU', { at: i * 300 }))
    expect(newest(learned().rows(rows).end())).toMatchObject([{ count: rows.length }])
  })

  test('weighs a rejected association half', () => {
    expect(
      learned()
        .rows([association('ECHOSCU', { outcome: 'failure' })])
        .soFar(),
    ).toMatchObject([{ score: 0.4 }])
  })

  test('weighs rejected associations more once they are guesses: under three names that are unknown from there', () => {
    const names = ['ECHOSCU', 'ECHOSCU', 'CTSCAN1', 'ECHOSCU', 'READWS1', 'READWS1']
    const rows = names.map((name, at) => association(name, { at, outcome: 'failure' }))
    const told = learned()
      .rows(rows)
      .soFar()
      .map(({ score, count, why }) => [score, count, why['cause']])
    expect(told).toEqual([
      [0.4, 1, 'caller'],
      [0.4, 3, 'caller'],
      [0.65, 5, 'guessing'],
    ])
  })

  test('names each of the guessed names, and that nothing was let in', () => {
    const rows = ['A', 'B', 'C'].map((name, at) => association(name, { at, outcome: 'failure' }))
    expect(newest(learned().rows(rows).end())).toMatchObject([
      {
        summary: `${source} guessed at ${target}: it was refused under 3 names unknown there: A, B, C (dicom).`,
        why: { cause: 'guessing', attemptsOnly: 3, callersGuessedMin: 3 },
      },
    ])
  })

  test('keeps the weight of a name that was let in, however many were guessed before', () => {
    const rows = ['A', 'B', 'C', 'D'].map((name, at) =>
      association(name, { at, outcome: name === 'D' ? 'success' : 'failure' }),
    )
    expect(newest(learned().rows(rows).end())).toMatchObject([
      { score: 0.8, count: 4, why: { cause: 'caller' } },
    ])
  })

  test('is no guessing when one name is refused for hours', () => {
    const rows = Array.from({ length: 40 }, (_, i) =>
      association('ECHOSCU', { at: i * 300, outcome: 'failure' }),
    )
    expect(newest(learned().rows(rows).end())).toMatchObject([{ score: 0.4, count: 40 }])
  })

  test('is silent once a person has approved the caller', () => {
    const h = learned().rows([association('ECHOSCU')])
    expect(h.soFar()).toHaveLength(1)
    h.command(
      {
        version: 1,
        id: 'c1',
        site: 'default',
        effectiveUs: 0,
        by: 'test',
        reason: '',
        kind: 'approve',
        host: targetKey,
        relation: callerRelation('dicom', 'ECHOSCU', sourceKey),
      },
      10,
    )
    expect(h.rows([association('ECHOSCU', { at: 20 })]).end()).toHaveLength(1)
  })

  test('tells of the caller again once the approval is taken back', () => {
    const relation = callerRelation('dicom', 'ECHOSCU', sourceKey)
    const command = (kind: 'approve' | 'unapprove', at: number) =>
      h.command(
        {
          version: 1,
          id: kind,
          site: 'default',
          effectiveUs: 0,
          by: 'test',
          reason: '',
          kind,
          host: targetKey,
          relation,
        },
        at,
      )
    const h = learned().rows([association('ECHOSCU')])
    expect(h.soFar()).toMatchObject([{ relations: [relation] }])
    command('approve', 10)
    expect(h.rows([association('ECHOSCU', { at: 1000 })]).soFar()).toHaveLength(1)
    command('unapprove', 1010)
    expect(h.rows([association('ECHOSCU', { at: 2000 })]).end()).toHaveLength(2)
  })

  test('names no relation where a declared list forbids the caller: no approval would help', () => {
    const policy = testPolicy({}, { callerOf: () => 'forbidden' })
    const [found] = harness(unauthorizedAccess, { policy })
      .rows([association('X')])
      .soFar()
    expect(found).toMatchObject({ why: { cause: 'caller' } })
    expect(found?.relations).toBeUndefined()
  })

  test('tells a sender of HL7 that is not known', () => {
    const message = (client: string, orig: string): RowSpec =>
      event({ service: 'hl7', event: 'message', client, orig })
    const h = harness(unauthorizedAccess).learn([message('MONITOR1|WARD', '10.60.1.30')])
    expect(h.rows([message('MONITOR1|WARD', source)]).soFar()).toMatchObject([
      { why: { callers: 'MONITOR1|WARD', services: 'hl7' } },
    ])
  })

  test('judges by the allow-list alone where there is one', () => {
    const policy = testPolicy(
      {},
      {
        callerOf: (_protocol, caller, address) =>
          caller === 'CTSCAN1' && address === '10.60.1.30' ? 'allowed' : 'forbidden',
      },
    )
    const h = harness(unauthorizedAccess, { policy })
    expect(h.rows([association('CTSCAN1', { orig: '10.60.1.30' })]).soFar()).toEqual([])
    expect(h.rows([association('CTSCAN1', { at: 1 })]).soFar()).toHaveLength(1)
  })

  test('gives the same when its state is stored and read again after each message', () => {
    const rows = Array.from({ length: 30 }, (_, i) => association(`GUESS${i % 4}`, { at: i }))
    const restarted = harness(unauthorizedAccess, { restartsAfterEachMessage: true })
      .learn(taught)
      .rows(rows)
      .end()
    expect(restarted).toEqual(learned().rows(rows).end())
  })
})

const associations = (count: number): RowSpec[] =>
  Array.from({ length: count }, (_, i) =>
    association(`TITLE${i % 3}`, { at: i, orig: '10.0.0.66', resp: '10.0.0.20', respPort: 104 }),
  )

detectorContract('unauthorized-access', {
  detector: unauthorizedAccess,
  learned: [association('CTSCAN1', { orig: '10.0.0.30', resp: '10.0.0.20', respPort: 104 })],
  attack: associations(10),
  worse: associations(25),
  stateBytesMax: 65_536,
})
