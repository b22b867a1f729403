import { describe, expect, test } from 'vitest'
import { portScan } from '../../../analyzer/detectors/port-scan.ts'
import { tcpFlag } from '../../../records/flow-batch.ts'
import { detectorContract } from '../../contracts/detector.contract.ts'
import { harness, type HarnessOptions, newest } from '../../support/detector-harness.ts'
import { testPolicy } from '../../support/policy.ts'
import type { FlowSpec, RowSpec } from '../../support/scene.ts'

const scanner = '10.60.1.66'
const victim = '10.60.1.20'

/** `count` ports of one host, from port 1000, `stepSeconds` apart. */
function probes(
  count: number,
  fields: Partial<FlowSpec> & { stepSeconds?: number } = {},
): FlowSpec[] {
  const { stepSeconds = 1, ...rest } = fields
  return Array.from({ length: count }, (_, i) => ({
    at: i * stepSeconds,
    orig: scanner,
    resp: victim,
    respPort: 1000 + i,
    outcome: 'unanswered' as const,
    ...rest,
    ...(rest.at === undefined ? {} : { at: rest.at + i * stepSeconds }),
  }))
}

function run(specs: readonly FlowSpec[], options: HarnessOptions = {}) {
  const h = harness(portScan, options)
  for (const spec of specs) h.flow(spec)
  return h
}

describe('port-scan', () => {
  test('fires at the eighth failed TCP port, with offender and victim the right way round', () => {
    const [anomaly, ...more] = run(probes(8)).soFar()
    expect(more).toEqual([])
    expect(anomaly).toMatchObject({
      behaviour: 'port-scan',
      count: 8,
      score: 0.65,
      viewKey: `default|default|ip:${scanner}`,
      device: { address: scanner },
      peers: [{ address: victim, protocol: 'tcp' }],
    })
  })

  test('says so where the ports are too many to be counted one by one', () => {
    const summaryOf = (count: number) => {
      const told = newest(run(probes(count, { stepSeconds: 0.05 })).end())
      return told.map(({ summary }) => summary.split(' ports')[0])
    }
    expect(summaryOf(256)).toEqual([`${scanner} tried 256`])
    expect(summaryOf(900)).toEqual([expect.stringMatching(/ tried about (8[5-9]|9[0-5])\d$/)])
  })

  test.each<[string, FlowSpec[]]>([
    ['seven ports', probes(7)],
    ['eight ports over a moment more than the window', probes(8, { stepSeconds: 60.01 / 7 })],
    ['eight tries of one port', probes(8, { respPort: 22 })],
    ['answered ports', probes(40, { outcome: 'answered' })],
    ['fourteen UDP ports', probes(14, { protocol: 'udp' })],
    ['backscatter', probes(40, { firstTcpFlags: tcpFlag.syn | tcpFlag.ack })],
    ['an ACK sweep', probes(40, { firstTcpFlags: tcpFlag.ack, outcome: 'refused' })],
    ['two stealth probes', probes(2, { firstTcpFlags: tcpFlag.fin })],
    ['later records of flows', probes(40, { kind: 'update' })],
    [
      'one port each of forty hosts',
      Array.from({ length: 40 }, (_, i) => ({ ...probes(1)[0]!, at: i, resp: `10.60.2.${i + 1}` })),
    ],
  ])('is silent on %s', (_name, specs) => {
    expect(run(specs).end()).toEqual([])
  })

  test.each<[string, FlowSpec[]]>([
    ['eight ports over the whole window', probes(8, { stepSeconds: 60 / 7 })],
    ['refused ports', probes(8, { outcome: 'refused' })],
    ['unreachable ports', probes(8, { outcome: 'unreachable' })],
    ['fifteen UDP ports', probes(15, { protocol: 'udp' })],
    ['three FIN probes', probes(3, { firstTcpFlags: tcpFlag.fin })],
    ['three NULL probes', probes(3, { firstTcpFlags: 0 })],
    [
      'three XMAS probes that were reset',
      probes(3, { firstTcpFlags: tcpFlag.fin | tcpFlag.psh | tcpFlag.urg, outcome: 'refused' }),
    ],
    ['IPv6', probes(8, { orig: 'fd00:60::66', resp: 'fd00:60::20' })],
    ['a tagged VLAN', probes(8, { vlan: 60 })],
  ])('fires on %s', (_name, specs) => {
    expect(newest(run(specs).end())).toHaveLength(1)
  })

  test('reports at the threshold, at each tripling, and the final count when the scan has gone quiet', () => {
    const h = run(probes(100, { stepSeconds: 0.1 })).advance(9.9 + 59.9)
    expect(h.soFar().map((a) => a.count)).toEqual([8, 24, 72])
    expect(
      h
        .advance(9.9 + 60.1)
        .soFar()
        .map((a) => a.count),
    ).toEqual([8, 24, 72, 100])
    expect(new Set(h.soFar().map((a) => a.id)).size).toBe(1)
  })

  test('tells the final count when the input ends', () => {
    expect(
      run(probes(20))
        .end()
        .map((a) => a.count),
    ).toEqual([8, 20])
  })

  test('says nothing more when nothing has grown', () => {
    expect(run(probes(8)).advance(1000).end()).toHaveLength(1)
  })

  test('reports a scan that is run again later as another anomaly', () => {
    const again = [...probes(8), ...probes(8, { at: 3600 })]
    expect(newest(run(again).end()).map((a) => a.count)).toEqual([8, 8])
  })

  test('takes half of it, and more seriously, from a medical device', () => {
    const policy = testPolicy({ [scanner]: { deviceClass: 'medical', name: 'Pump 4' } })
    const [anomaly] = run(probes(4), { policy }).soFar()
    expect(anomaly).toMatchObject({ count: 4, score: 0.8 })
    expect(anomaly!.summary).toMatch(/^Pump 4 tried 4 ports of 10\.60\.1\.20/)
  })

  test.each(['server', 'scanner'] as const)(
    'lets a declared %s fail at 49 ports',
    (deviceClass) => {
      const policy = testPolicy({ [scanner]: { deviceClass } })
      expect(run(probes(49, { stepSeconds: 0.1 }), { policy }).end()).toEqual([])
      expect(newest(run(probes(50, { stepSeconds: 0.1 }), { policy }).end())).toHaveLength(1)
    },
  )

  test('leaves the sixth victim and later ones to host-scan', () => {
    const specs = Array.from({ length: 9 }, (_, v) =>
      probes(10, { at: v * 20, resp: `10.60.2.${v + 1}` }),
    ).flat()
    const rows = new Set(
      run(specs)
        .end()
        .map((a) => a.objectGroup),
    )
    expect(rows).toEqual(new Set([1, 2, 3, 4, 5].map((v) => `default|default|ip:10.60.2.${v}`)))
  })

  test('changes nothing for one host when others talk in between', () => {
    const alone = run(probes(30)).end()
    const among = run(
      probes(30).flatMap((spec, i) => [
        spec,
        {
          at: spec.at,
          orig: `10.60.3.${i}`,
          resp: '10.60.1.1',
          respPort: 53,
          protocol: 'udp' as const,
        },
      ]),
    ).end()
    const facts = (list: typeof alone) =>
      list.map(({ oldestUs, count, score, why, peers }) => ({ oldestUs, count, score, why, peers }))
    expect(facts(among)).toEqual(facts(alone))
  })

  test('gives the same when its state is stored and read again after each message', () => {
    const specs = probes(100, { stepSeconds: 0.7 })
    expect(run(specs, { restartsAfterEachMessage: true }).end()).toEqual(run(specs).end())
  })

  test('keeps its state bounded under random targets and ports', () => {
    const bytesOf = (count: number) =>
      run(
        Array.from({ length: count }, (_, i) => ({
          at: i * 0.01,
          orig: scanner,
          resp: `10.${(i * 7) % 200}.${i % 250}.${(i * 3) % 250}`,
          respPort: 1 + ((i * 31) % 60_000),
          outcome: 'unanswered' as const,
        })),
        { engine: {} },
      ).stateBytes()
    expect(bytesOf(4000)).toBeLessThan(bytesOf(2000) + 250_000)
  })
})

const contractRows = (ports: number): RowSpec[] =>
  Array.from({ length: ports }, (_, i) => ({
    record: 'flow',
    at: i,
    orig: '10.0.0.66',
    resp: '10.0.0.20',
    respPort: 1000 + i,
    outcome: 'unanswered',
  }))

detectorContract('port-scan', {
  detector: portScan,
  attack: contractRows(30),
  worse: contractRows(50),
  stateBytesMax: 16_384,
})
