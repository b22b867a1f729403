import { describe, expect, test } from 'vitest'
import { hostScan } from '../../../analyzer/detectors/host-scan.ts'
import { tcpFlag } from '../../../records/flow-batch.ts'
import { detectorContract } from '../../contracts/detector.contract.ts'
import { harness, type HarnessOptions, newest } from '../../support/detector-harness.ts'
import { testPolicy } from '../../support/policy.ts'
import type { FlowSpec, RowSpec } from '../../support/scene.ts'

const scanner = '10.60.1.66'

/** First contacts with `count` hosts of 10.60.2.0/24, from .1 on. */
function contacts(
  count: number,
  fields: Partial<FlowSpec> & { stepSeconds?: number; from?: number } = {},
): RowSpec[] {
  const { stepSeconds = 1, from = 1, at = 0, ...rest } = fields
  return Array.from({ length: count }, (_, i) => ({
    record: 'flow' as const,
    orig: scanner,
    resp: `10.60.2.${from + i}`,
    respPort: 445,
    outcome: 'unanswered' as const,
    ...rest,
    at: at + i * stepSeconds,
  }))
}

function requests(count: number, stepSeconds: number): RowSpec[] {
  return Array.from({ length: count }, (_, i) => ({
    record: 'summary' as const,
    at: i * stepSeconds,
    orig: scanner,
    resp: `10.60.1.${i + 100}`,
    name: `10.60.1.${i + 100}`,
    service: 'arp' as const,
    event: 'request' as const,
  }))
}

const pings = (count: number, stepSeconds: number) =>
  contacts(count, { protocol: 'icmp', origPort: 8, respPort: 0, outcome: 'answered', stepSeconds })

function run(rows: readonly RowSpec[], options: HarnessOptions = {}) {
  return harness(hostScan, options).rows(rows)
}

describe('host-scan', () => {
  test('fires at the eighth host that failed, with offender and victims the right way round', () => {
    const [anomaly, ...more] = run(contacts(8)).soFar()
    expect(more).toEqual([])
    expect(anomaly).toMatchObject({
      behaviour: 'host-scan',
      count: 8,
      score: 0.65,
      viewKey: `default|default|ip:${scanner}`,
      device: { address: scanner },
      objectGroup: 'tcp/445',
    })
    expect(anomaly!.peers.map((peer) => [peer.address, peer.port])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((host) => [`10.60.2.${host}`, 445]),
    )
  })

  test.each<[string, RowSpec[]]>([
    ['seven hosts', contacts(7)],
    ['eight tries of one host', contacts(8).map((row) => ({ ...row, resp: '10.60.2.9' }))],
    ['eight hosts over a moment more than a day', contacts(8, { stepSeconds: 86_401 / 7 })],
    ['answered hosts', contacts(100, { outcome: 'answered' })],
    ['an ACK sweep', contacts(100, { firstTcpFlags: tcpFlag.ack, outcome: 'refused' })],
    ['backscatter', contacts(100, { firstTcpFlags: tcpFlag.syn | tcpFlag.ack })],
    ['nine pings', pings(9, 1)],
    ['ten pings over a moment more than a minute', pings(10, 60.01 / 9)],
    ['29 ARP targets', requests(29, 0.1)],
    ['30 ARP targets over a moment more than 30 s', requests(30, 30.01 / 29)],
    [
      'ARP announcements of its own address',
      requests(40, 0.1).map((row) => ({ ...row, resp: scanner, name: scanner })),
    ],
    [
      'ARP claims',
      requests(40, 0.1).map((row) => ({ ...row, event: 'claim' as const }) as RowSpec),
    ],
  ])('is silent on %s', (_name, rows) => {
    expect(run(rows).end()).toEqual([])
  })

  test.each<[string, RowSpec[], string]>([
    ['eight hosts over a whole day', contacts(8, { stepSeconds: 86_400 / 7 }), 'tcp/445'],
    ['refused hosts', contacts(8, { outcome: 'refused' }), 'tcp/445'],
    [
      'hosts over several ports',
      contacts(8).map((row, i) => ({ ...row, respPort: 80 + (i % 3) })),
      '10.60.2.0/24',
    ],
    [
      'hosts of several networks',
      contacts(8).map((row, i) => ({ ...row, respPort: 80 + (i % 3), resp: `10.60.${i}.1` })),
      'several networks',
    ],
    ['ten pings, answered', pings(10, 60 / 9), '10.60.2.0/24'],
    ['30 ARP targets', requests(30, 30 / 29), '10.60.1.0/24'],
    [
      'IPv6 neighbours',
      requests(30, 0.1).map(
        (row, i) =>
          ({
            ...row,
            service: 'ndp' as const,
            orig: 'fe80::66',
            resp: `fd00:60:1::${i + 1}`,
            name: `fd00:60:1::${i + 1}`,
          }) as RowSpec,
      ),
      'fd00:60:1::/48',
    ],
  ])('fires on %s', (_name, rows, group) => {
    expect(newest(run(rows).end()).map((a) => a.objectGroup)).toEqual([group])
  })

  test('is not delayed by any number of answered contacts before', () => {
    const good = contacts(50, { outcome: 'answered', from: 100 })
    expect(run([...good, ...contacts(8, { at: 100 })]).soFar()).toHaveLength(1)
  })

  test('takes one failure back for each answered first contact', () => {
    const mixed = Array.from(
      { length: 16 },
      (_, i) =>
        contacts(1, { at: i, from: i + 1, outcome: i % 2 === 0 ? 'unanswered' : 'answered' })[0]!,
    )
    expect(run(mixed).end()).toEqual([])
  })

  test('gives no credit for contacts that are not the first', () => {
    const known = contacts(1, { outcome: 'answered', from: 200 })
    const rows = contacts(8, { at: 10 }).flatMap((row) => [row, { ...known[0]!, at: row.at }])
    expect(run([...known, ...rows]).soFar()).toHaveLength(1)
  })

  test('does not count hosts that have answered before: that is an outage', () => {
    const good = contacts(20, { outcome: 'answered' })
    expect(run([...good, ...contacts(20, { at: 100 })]).end()).toEqual([])
  })

  test('is silent on a scan of one host, which port-scan tells', () => {
    const rows = contacts(100).map((row, i) => ({ ...row, resp: '10.60.2.9', respPort: 1000 + i }))
    expect(run(rows).end()).toEqual([])
  })

  test('tells one scan once, whatever it uses: ARP, then ping, then connections', () => {
    const rows = [
      ...requests(60, 0.1),
      ...contacts(20, { at: 10, from: 100, stepSeconds: 0.1 }).map((row) => row),
    ]
    const anomalies = newest(run(rows).end())
    expect(anomalies).toHaveLength(1)
    expect(anomalies[0]).toMatchObject({ count: 80, why: { hostsArp: 60, hostsFailed: 20 } })
    expect(anomalies[0]!.peers).toHaveLength(32)
  })

  test('reports at the threshold, at each tripling, and the final count when the scan has gone quiet', () => {
    const h = run(contacts(100)).advance(99 + 1799)
    expect(h.soFar().map((a) => a.count)).toEqual([8, 24, 72])
    expect(
      h
        .advance(99 + 1801)
        .soFar()
        .map((a) => a.count),
    ).toEqual([8, 24, 72, 100])
    expect(new Set(h.soFar().map((a) => a.id)).size).toBe(1)
  })

  test('tells the final count when the input ends', () => {
    expect(
      run(contacts(20))
        .end()
        .map((a) => a.count),
    ).toEqual([8, 20])
  })

  test('keeps a slow scan one anomaly for as long as a host a day follows', () => {
    expect(newest(run(contacts(40, { stepSeconds: 10_000 })).end()).map((a) => a.count)).toEqual([
      40,
    ])
  })

  test('counts more hosts than it names, by estimate', () => {
    const rows = Array.from({ length: 3000 }, (_, i): RowSpec => ({
      record: 'flow',
      at: i * 0.01,
      orig: scanner,
      resp: `10.61.${i >> 8}.${i & 255}`,
      respPort: 23,
      outcome: 'unanswered',
    }))
    const [anomaly] = newest(run(rows).end())
    expect(Math.abs(anomaly!.count - 3000)).toBeLessThan(210)
    expect(anomaly!.peers).toHaveLength(32)
  })

  test('takes half of it, and more seriously, from a medical device', () => {
    const policy = testPolicy({ [scanner]: { deviceClass: 'medical' } })
    expect(run(contacts(4), { policy }).soFar()).toMatchObject([{ count: 4, score: 0.8 }])
  })

  test.each(['server', 'scanner'] as const)(
    'lets a declared %s fail at 59 hosts',
    (deviceClass) => {
      const policy = testPolicy({ [scanner]: { deviceClass } })
      expect(run(contacts(59), { policy }).end()).toEqual([])
      expect(newest(run(contacts(60), { policy }).end())).toHaveLength(1)
    },
  )

  test('gives the same when its state is stored and read again after each message', () => {
    const rows = [...requests(20, 0.5), ...contacts(60, { at: 15, stepSeconds: 3 })]
    expect(run(rows, { restartsAfterEachMessage: true }).end()).toEqual(run(rows).end())
  })
})

const contractRows = (count: number): RowSpec[] =>
  Array.from({ length: count }, (_, i) => ({
    record: 'flow',
    at: i,
    orig: '10.0.0.66',
    resp: `10.0.1.${i + 1}`,
    respPort: 445,
    outcome: 'refused',
  }))

detectorContract('host-scan', {
  detector: hostScan,
  attack: contractRows(30),
  worse: contractRows(50),
  stateBytesMax: 16_384,
})
