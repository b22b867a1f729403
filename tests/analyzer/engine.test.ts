import { describe, expect, test } from 'vitest'
import { engineConfigSchema } from '../../analyzer/config.ts'
import type { Host } from '../../analyzer/detector.ts'
import { configureDetector, createEngine } from '../../analyzer/engine.ts'
import { encodeSection } from '../../analyzer/section.ts'
import { testPolicy } from '../support/policy.ts'
import { newDevice } from '../../analyzer/detectors/new-device.ts'
import { portScan } from '../../analyzer/detectors/port-scan.ts'
import { addressKey } from '../../records/observation.ts'
import { dayUs, secondUs } from '../../records/time.ts'
import { harness, Harness } from '../support/detector-harness.ts'
import { type Call, probe, tally } from '../support/probe-detector.ts'
import { SceneBuilder, sceneStartUs } from '../support/scene.ts'

const [pump, server] = ['10.0.0.9', '10.0.0.1']
const keyOf = (address: string) => addressKey('default', 'default', address)
const timesOf = (calls: readonly Call[], hook: Call['hook'], address = pump) =>
  calls
    .filter((c) => c.hook === hook && c.host === keyOf(address))
    .map((c) => c.times.map((t) => (t - sceneStartUs) / secondUs))

describe('a message', () => {
  test('is judged in maximal runs of (time, sequence), flows and summaries interleaved', () => {
    const calls: Call[] = []
    harness(probe(calls))
      .flow({ at: 0, orig: pump, resp: server })
      .flow({ at: 0.01, orig: pump, resp: server })
      .summary({ at: 0.02, orig: pump, resp: server, service: 'dns', event: 'answer' })
      .flow({ at: 0.02, orig: pump, resp: server })
      .summary({ at: 0.03, orig: pump, resp: server, service: 'dns', event: 'answer' })
      .soFar()
    const ofPump = calls.filter((c) => c.host === keyOf(pump))
    expect(ofPump.map((c) => [c.hook, c.times.length])).toEqual([
      ['flows', 2],
      ['summaries', 1],
      ['flows', 1],
      ['summaries', 1],
    ])
  })

  test('is skipped when it comes again, by sensor, run and sequence', () => {
    const calls: Call[] = []
    const messages = new SceneBuilder().rows([{ record: 'flow', at: 0, orig: pump, resp: server }])
    const run = harness(probe(calls)).messages(messages).messages(messages)
    expect(timesOf(calls, 'flows')).toEqual([[0]])
    expect(run.stats()[0]).toMatchObject({ repeated: 1, missing: 0 })
  })

  test('of another run of the same sensor is not skipped', () => {
    const calls: Call[] = []
    const rows = [{ record: 'flow', at: 0, orig: pump, resp: server }] as const
    harness(probe(calls))
      .messages(new SceneBuilder().rows(rows))
      .messages(new SceneBuilder({ run: 'other' }).rows(rows))
    expect(timesOf(calls, 'flows')).toHaveLength(2)
  })

  test('that never came is counted', () => {
    const scene = new SceneBuilder()
    const [first, , third] = [
      scene.mark('clock', 1),
      scene.mark('clock', 2),
      scene.mark('clock', 3),
    ]
    expect(harness(probe([])).messages(first).messages(third).stats()[0]).toMatchObject({
      missing: 1,
    })
  })
})

describe('a late record', () => {
  const clockAt = 100
  test.each([
    { name: 'exactly 30 s behind the clock is judged', at: 70, late: 0 },
    { name: 'more than 30 s behind is counted and not judged', at: 69.999999, late: 2 },
  ])('$name', ({ at, late }) => {
    const calls: Call[] = []
    const other = new SceneBuilder({ sensor: 'other' }).rows([
      { record: 'flow', at, orig: pump, resp: server },
    ])
    const run = harness(probe(calls)).advance(clockAt).messages(other)
    expect(run.stats()[0]).toMatchObject({ late })
    expect(timesOf(calls, 'flows')).toHaveLength(late === 0 ? 1 : 0)
  })
})

describe('a timer', () => {
  test('fires before the first later record of its host, also within one message', () => {
    const calls: Call[] = []
    const scene = new SceneBuilder()
    const early = scene.rows([{ record: 'flow', at: 0, orig: pump, resp: server }])
    const both = scene.rows([
      { record: 'flow', at: 0.98, orig: pump, resp: server },
      { record: 'flow', at: 1.02, orig: pump, resp: server },
    ])
    harness(probe(calls, secondUs)).messages(early).messages(both)
    const ofPump = calls
      .filter((c) => c.host === keyOf(pump))
      .map((c) => [c.hook, (c.times[0]! - sceneStartUs) / secondUs])
    expect(ofPump).toEqual([
      ['flows', 0],
      ['flows', 0.98],
      ['timer', 1],
      ['flows', 1.02],
    ])
  })

  test('does not fire before a record of exactly its time', () => {
    const calls: Call[] = []
    harness(probe(calls, secondUs))
      .flow({ at: 0, orig: pump, resp: server })
      .flow({ at: 1, orig: pump, resp: server })
      .soFar()
    expect(calls.filter((c) => c.host === keyOf(pump)).map((c) => c.hook)).toEqual([
      'flows',
      'flows',
    ])
  })

  test.each([
    { name: 'fires when the clock has passed it', to: 1.000001, fired: 1 },
    { name: 'waits while the clock stands at it', to: 1, fired: 0 },
  ])('$name', ({ to, fired }) => {
    const calls: Call[] = []
    harness(probe(calls, secondUs)).flow({ at: 0, orig: pump, resp: server }).advance(to)
    expect(timesOf(calls, 'timer')).toHaveLength(fired)
  })

  test('of all hosts fire in the order of time, then of the host key', () => {
    const calls: Call[] = []
    harness(probe(calls, secondUs))
      .flow({ at: 0, orig: '10.0.0.3', resp: '10.0.0.4' })
      .flow({ at: 0.2, orig: '10.0.0.2', resp: '10.0.0.1' })
      .advance(10)
    expect(calls.filter((c) => c.hook === 'timer').map((c) => c.host)).toEqual(
      ['10.0.0.3', '10.0.0.4', '10.0.0.1', '10.0.0.2'].map(keyOf),
    )
  })
})

describe('the end of the input', () => {
  test('fires what is pending, however late, and then closes every host', () => {
    const calls: Call[] = []
    harness(probe(calls, 1000 * secondUs))
      .flow({ at: 0, orig: pump, resp: server })
      .end(5)
    expect(calls.filter((c) => c.hook !== 'flows').map((c) => [c.hook, c.host])).toEqual([
      ['timer', keyOf(server)],
      ['timer', keyOf(pump)],
      ['end', keyOf(server)],
      ['end', keyOf(pump)],
    ])
  })
})

describe('a recording', () => {
  test('drops windows, timers and clock, and keeps the baseline', () => {
    const calls: Call[] = []
    const run = new Harness([tally(secondUs)])
    run.flow({ at: 5000, orig: pump, resp: server }).recording('second', false)
    run.flow({ at: 0, orig: pump, resp: server }).flow({ at: 0.5, orig: pump, resp: server })
    const anomalies = run.end(0.6)
    expect(calls).toEqual([])
    expect(anomalies.map((a) => [a.viewKey, a.count, a.why['flows']])).toContainEqual([
      keyOf(pump),
      2,
      1,
    ])
    expect(run.stats()[0]).toMatchObject({ late: 0 })
  })

  test('that teaches yields no anomaly, and what it would have found is counted', () => {
    const run = harness(portScan).recording('teaching', true)
    for (let i = 0; i < 12; i++)
      run.flow({ at: i, orig: pump, resp: server, respPort: 20 + i, outcome: 'unanswered' })
    expect(run.end(30)).toEqual([])
    expect(run.stats()[0]!.taught).toBeGreaterThan(0)
  })
})

describe('a sensor that sees one direction only', () => {
  const rowsOn = (oneWayFlows: number) => {
    const calls: Call[] = []
    const run = harness(probe(calls, null, true), { health: { judgedFlows: 20, oneWayFlows } })
    run.flow({ at: 0, orig: pump, resp: server }).soFar()
    return { calls, stats: run.stats()[0]! }
  }
  test.each([
    { name: 'is judged up to a share of 30 %', oneWay: 6, calls: 2, notEvaluated: {} },
    {
      name: 'leaves detectors that need both directions not evaluated above it',
      oneWay: 7,
      calls: 0,
      notEvaluated: { 'host-scan': 2 },
    },
  ])('$name', ({ oneWay, calls, notEvaluated }) => {
    const got = rowsOn(oneWay)
    expect(got.calls).toHaveLength(calls)
    expect(got.stats.notEvaluated).toEqual(notEvaluated)
  })
})

describe('the hosts of a worker', () => {
  test('are bounded: those seen longest ago go, and are counted and removed', () => {
    const run = harness(tally(secondUs), { engine: { hostsMax: 32 } })
    for (let i = 0; i < 200; i++) run.flow({ at: i, orig: `10.0.1.${i}`, resp: `10.0.2.${i}` })
    const stats = run.stats()[0]!
    expect(stats.hosts).toBeLessThanOrEqual(32)
    expect(stats.hosts + stats.hostsEvicted).toBe(400)
  })
})

describe('what was saved', () => {
  const options = {
    policy: testPolicy(),
    config: engineConfigSchema.parse({}),
    vendorOf: () => null,
  }
  const section = (version: number) => ({ name: 'host-scan', version, create: () => ({ seen: 0 }) })
  const counting = (version: number) => ({
    ...probe([]),
    create: () => ({
      onFlows(_batch: unknown, _from: number, _to: number, host: Host) {
        host.section(section(version)).seen++
      },
    }),
  })
  const [message, next] = new SceneBuilder().rows([
    { record: 'flow', at: 0, orig: pump, resp: server },
    { record: 'flow', at: 1, orig: pump, resp: server },
  ])[0]!
  const saved = () => {
    const partition = createEngine({
      ...options,
      detectors: [configureDetector(counting(1))],
    }).openPartition(0, 1)
    partition.onMessage(message!, 0)
    return partition.takeChanges()
  }

  test.each([
    { name: 'by the same version of a detector is kept', version: 1, sectionsDropped: 0 },
    {
      name: 'by another version of a detector is dropped and counted',
      version: 2,
      sectionsDropped: 2,
    },
  ])('$name', ({ version, sectionsDropped }) => {
    const engine = createEngine({ ...options, detectors: [configureDetector(counting(version))] })
    const partition = engine.openPartition(0, 1, saved())
    partition.onMessage(next!, 1)
    expect(partition.stats()).toMatchObject({ sectionsDropped, hosts: 2 })
  })

  test.each([
    { name: 'by another version of the program', state: encodeSection(999, {}) },
    { name: 'by nobody who knows the format', state: Uint8Array.of(1, 2, 3) },
  ])('$name is refused', ({ state }) => {
    const open = () =>
      createEngine({ ...options, detectors: [] }).openPartition(0, 1, { state, sections: [] })
    expect(open).toThrow(expect.objectContaining({ code: 'STATE_INCOMPATIBLE' }) as Error)
  })

  test('is only what has changed since the last time', () => {
    const partition = createEngine({
      ...options,
      detectors: [configureDetector(counting(1))],
    }).openPartition(0, 1)
    partition.onMessage(message!, 0)
    expect(new Set(partition.takeChanges().sections.map((s) => s.host))).toEqual(
      new Set([keyOf(pump), keyOf(server)]),
    )
    expect(partition.takeChanges().sections).toEqual([])
  })
})

test('a site counts as baselined once its sensors have run for the learning time', () => {
  const seen: boolean[] = []
  const detector = {
    ...probe([]),
    create: () => ({
      onFlows(_batch: unknown, _from: number, _to: number, host: Host) {
        seen.push(host.isSiteBaselined)
      },
    }),
  }
  const sevenDays = (7 * dayUs) / secondUs
  const run = harness(detector)
  run
    .flow({ at: sevenDays - 1, orig: pump, resp: server })
    .flow({ at: sevenDays, orig: pump, resp: server })
    .soFar()
  expect(seen).toEqual([false, false, true, true])
})

describe('a control command', () => {
  const common = {
    version: 1,
    site: 'default',
    by: 'clinical engineer',
    reason: '',
    effectiveUs: sceneStartUs + 10 * secondUs,
  } as const
  const approve = {
    ...common,
    kind: 'approve',
    id: 'a1',
    host: keyOf(pump),
    relation: 'to|tcp/443|x',
  } as const

  test('reaches the detectors of its host once its effective time has come, and only once', () => {
    const calls: Call[] = []
    const run = harness(probe(calls)).flow({ at: 0, orig: pump, resp: server }).command(approve, 1)
    expect(calls.filter((c) => c.hook === 'control')).toEqual([])
    run.advance(10).command(approve, 11)
    expect(timesOf(calls, 'control')).toEqual([[10]])
  })

  test('that joins two keys carries the profile over, wherever the keys live', () => {
    const renumbered = '10.0.0.77'
    const learned = [
      { record: 'flow', at: 0, orig: pump, resp: server },
      { record: 'flow', at: 1, orig: pump, resp: '10.0.0.2' },
    ] as const
    for (const partitionCount of [1, 3, 12]) {
      const run = harness(newDevice, { partitionCount }).learn(learned)
      const join = {
        ...common,
        kind: 'same-device',
        id: 's1',
        oldKey: keyOf(pump),
        newKey: keyOf(renumbered),
      } as const
      run.command(join, 20)
      expect(run.commands.map((c) => [c.kind, c.id])).toEqual([['profile', 's1/profile']])
      run.command(run.commands[0]!, 21).command(run.commands[0]!, 22)
      run
        .flow({ at: 30, orig: renumbered, resp: server })
        .flow({ at: 31, orig: '10.0.0.99', resp: server })
      expect(run.end().map((a) => a.viewKey)).toEqual([keyOf('10.0.0.99')])
    }
  })
})
