import { describe, expect, test } from 'vitest'
import { newDevice } from '../../../analyzer/detectors/new-device.ts'
import { dayUs, secondUs } from '../../../records/time.ts'
import { detectorContract } from '../../contracts/detector.contract.ts'
import { harness } from '../../support/detector-harness.ts'
import { testPolicy } from '../../support/policy.ts'
import { type RowSpec, sceneStartUs } from '../../support/scene.ts'

const [pump, server, guest] = ['10.0.0.9', '10.0.0.1', '10.0.0.66']
const flow = (at: number, orig: string, resp: string, more: object = {}): RowSpec => ({
  record: 'flow',
  at,
  orig,
  resp,
  ...more,
})
const learned = [flow(0, pump, server)]

describe('at a site with a baseline', () => {
  test.each<{ name: string; rows: RowSpec[]; owners: string[] }>([
    { name: 'a device that was learned is not new', rows: [flow(0, pump, server)], owners: [] },
    { name: 'a device never seen before is', rows: [flow(0, guest, server)], owners: [guest] },
    {
      name: 'an address that is asked for and sends nothing is no device',
      rows: [flow(0, pump, guest, { outcome: 'unanswered' })],
      owners: [],
    },
    { name: 'one that only answers is new too', rows: [flow(0, pump, guest)], owners: [guest] },
    {
      name: 'an address outside the monitored networks is not judged',
      rows: [flow(0, pump, '203.0.113.7')],
      owners: [],
    },
    {
      name: 'one that only makes itself known by ARP is new',
      rows: [
        {
          record: 'summary',
          at: 0,
          orig: guest,
          resp: null,
          service: 'arp',
          event: 'request',
        },
      ],
      owners: [guest],
    },
  ])('$name', ({ rows, owners }) => {
    expect(
      harness(newDevice)
        .learn(learned)
        .rows(rows)
        .end()
        .map((a) => a.device.address),
    ).toEqual(owners)
  })

  test('it is told once, when the grace has passed, with what it did by then', () => {
    const run = harness(newDevice).learn(learned)
    run
      .flow({ at: 0, orig: guest, resp: server, respPort: 22, origMac: '02:00:5e:00:53:01' })
      .flow({ at: 60, orig: pump, resp: guest, respPort: 80 })
    expect(run.advance(120).soFar()).toEqual([])
    const [anomaly, ...rest] = run.advance(120.1).flow({ at: 500, orig: guest, resp: server }).end()
    expect(rest).toEqual([])
    expect(anomaly).toMatchObject({
      timeUs: sceneStartUs + 120 * secondUs,
      oldestUs: sceneStartUs,
      score: 0.3,
      why: { services: 'uses tcp/22, offers tcp/80', mac: '02:00:5e:00:53:01', isMacRandom: 'yes' },
      peers: [
        { address: server, port: 22 },
        { address: pump, port: 80 },
      ],
    })
  })

  test('it weighs more in a clinical zone', () => {
    const policy = testPolicy({ [guest]: { isClinical: true, zone: 'icu' } })
    const [anomaly] = harness(newDevice, { policy })
      .learn(learned)
      .rows([flow(0, guest, server)])
      .end()
    expect(anomaly).toMatchObject({ score: 0.6 })
    expect(anomaly!.summary).toContain('zone icu')
  })

  test('2,000 known devices that start again are no news', () => {
    const everyone = Array.from({ length: 2000 }, (_, i) =>
      flow(i / 1000, `10.0.${1 + (i >> 8)}.${i & 255}`, server),
    )
    expect(harness(newDevice).learn(everyone).rows(everyone).end()).toEqual([])
  })
})

test('a site without a baseline has no new devices', () => {
  expect(
    harness(newDevice)
      .rows([flow(0, guest, server)])
      .end(),
  ).toEqual([])
})

test('a sensor that has run for a week has learned who is there', () => {
  const week = (7 * dayUs) / secondUs
  const anomalies = harness(newDevice)
    .rows([flow(0, pump, server), flow(week, pump, server), flow(week + 1, guest, server)])
    .end()
  expect(anomalies.map((a) => a.device.address)).toEqual([guest])
})

const attack = [
  flow(0, guest, server),
  flow(1, guest, pump, { respPort: 22 }),
  flow(300, '10.0.0.67', server),
]
detectorContract('new-device', {
  detector: newDevice,
  learned,
  attack,
  stateBytesMax: 5_000,
  worse: [...attack, flow(301, '10.0.0.68', server)],
})
