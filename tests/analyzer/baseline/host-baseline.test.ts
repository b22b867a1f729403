import { describe, expect, test } from 'vitest'
import { relationsMax } from '../../../analyzer/baseline/folded.ts'
import { type BaselineRules, HostBaseline } from '../../../analyzer/baseline/host-baseline.ts'
import { MetContacts } from '../../../analyzer/baseline/met-contacts.ts'
import { createCalendar } from '../../../analyzer/baseline/volumes.ts'
import { dayUs, hourUs, secondUs } from '../../../records/time.ts'
import { type RowSpec, SceneBuilder, sceneStartUs } from '../../support/scene.ts'

const rules: BaselineRules = {
  learning: { daysMin: 7, activeHoursMin: 50, daysMax: 28 },
  calendar: createCalendar('UTC'),
  met: new MetContacts(),
  isInternal: (_key, address) => address?.startsWith('10.') ?? true,
}
const [pump, server] = ['10.0.0.9', '10.0.0.1']
const toServer = 'to|tcp/443|default|default|ip:10.0.0.1'

/** Lets a host live through rows, as the engine would. */
function live(baseline: HostBaseline, rows: readonly RowSpec[], address = pump): HostBaseline {
  const scene = new SceneBuilder()
  for (const row of rows) {
    for (const message of scene.rows([row])[0]!) {
      baseline.see(sceneStartUs + row.at * secondUs, true)
      for (const batch of [message.flows, message.summaries]) {
        if (batch === null) continue
        const at = [...batch.host.codes.subarray(0, batch.rowCount)].findIndex(
          (code) => batch.host.values[code] === scene.keyOf(address),
        )
        if (at < 0) continue
        if (batch === message.flows) {
          rules.met.begin(batch.peer)
          baseline.learnFlows(batch, at, at + 1)
        } else baseline.learnSummaries(message.summaries!, at, at + 1)
      }
    }
  }
  return baseline
}

const flowAt = (at: number, more: Partial<RowSpec> = {}): RowSpec =>
  ({ record: 'flow', at, orig: pump, resp: server, ...more }) as RowSpec
const [hour, day] = [hourUs / secondUs, dayUs / secondUs]

describe('a relation', () => {
  test.each([
    { name: 'is unusual within its first hour', at: [0], isKnown: false },
    {
      name: 'is unusual after three hours of one day',
      at: [0, hour, 2 * hour, 3 * hour],
      isKnown: false,
    },
    { name: 'is unusual after two hours on two days', at: [0, day, day + hour], isKnown: false },
    {
      name: 'is usual after three closed hours on two days',
      at: [0, hour, day, day + hour],
      isKnown: true,
    },
  ])('$name', ({ at, isKnown }) => {
    expect(
      live(
        new HostBaseline(rules),
        at.map((t) => flowAt(t)),
      ).knows(toServer),
    ).toBe(isKnown)
  })

  test('is not learned from a contact that failed', () => {
    const rows = [0, hour, day, day + hour].map((t) => flowAt(t, { outcome: 'refused' }))
    expect(live(new HostBaseline(rules), rows).folded!.relations.size).toBe(0)
  })

  test('is not learned in an hour in which a fact was reported about its peer', () => {
    const baseline = new HostBaseline(rules)
    for (const t of [0, hour, day]) {
      live(baseline, [flowAt(t)])
      baseline.flag(`default|default|ip:${server}`)
    }
    baseline.closeHour()
    expect(baseline.folded!.relations.size).toBe(0)
    expect(baseline.folded!.activeHours).toBe(3)
  })

  test('is forgotten after 90 days unseen, unless somebody approved it', () => {
    const baseline = live(new HostBaseline(rules), [flowAt(0)])
    baseline.approveRelation('to|tcp/80|kept.example', sceneStartUs)
    live(baseline, [flowAt(92 * day, { respPort: 80 }), flowAt(93 * day, { respPort: 80 })])
    expect([...baseline.folded!.relations.keys()]).toEqual([
      'to|tcp/80|kept.example',
      'to|tcp/80|default|default|ip:10.0.0.1',
    ])
  })

  test('is as if it had never been approved once the approval is taken back', () => {
    const unmet = new HostBaseline(rules)
    unmet.see(sceneStartUs, true)
    unmet.approveRelation(toServer, sceneStartUs)
    expect(unmet.knows(toServer)).toBe(true)
    unmet.unapproveRelation(toServer)
    expect(unmet.folded!.relations.size).toBe(0)

    const approved = live(new HostBaseline(rules), [flowAt(0), flowAt(hour)])
    approved.approveRelation(toServer, sceneStartUs)
    const [met, never] = [approved, live(new HostBaseline(rules), [flowAt(0), flowAt(hour)])]
    for (const baseline of [met, never]) live(baseline, [flowAt(2 * hour), flowAt(3 * hour)])
    met.unapproveRelation(toServer)
    expect(met.folded!.relations).toEqual(never.folded!.relations)
  })

  test('gives way when there are too many, the one unseen longest first, and is counted', () => {
    const baseline = new HostBaseline(rules)
    for (let i = 0; i <= relationsMax; i++) {
      live(baseline, [flowAt(i * hour, { resp: `10.1.${i >> 8}.${i & 255}` })])
    }
    baseline.closeHour()
    expect(baseline.folded!.relations.size).toBe(relationsMax)
    expect(baseline.folded!.relationsEvicted).toBe(1)
    expect(baseline.folded!.relations.has('to|tcp/443|default|default|ip:10.1.0.0')).toBe(false)
  })
})

describe('an external destination', () => {
  test('is known by the domain of the DNS answer that named it', () => {
    const rows: RowSpec[] = [
      {
        record: 'summary',
        at: 0,
        orig: pump,
        resp: server,
        service: 'dns',
        event: 'answer',
        name: 'a.cdn.example.com',
        addresses: '203.0.113.5 203.0.113.6',
      },
      flowAt(1, { resp: '203.0.113.6' }),
    ]
    const baseline = live(new HostBaseline(rules), rows)
    baseline.closeHour()
    expect([...baseline.folded!.relations.keys()]).toEqual(['to|tcp/443|example.com'])
    expect(baseline.nameOf('203.0.113.5')).toBe('a.cdn.example.com')
  })

  test('is known by a server name that comes after its first packet', () => {
    const rows: RowSpec[] = [
      flowAt(0, { resp: '203.0.113.6' }),
      {
        record: 'summary',
        at: 1,
        orig: pump,
        resp: '203.0.113.6',
        service: 'tls',
        event: 'hello',
        name: 'api.vendor.example',
      },
    ]
    const baseline = live(new HostBaseline(rules), rows)
    baseline.closeHour()
    expect([...baseline.folded!.relations.keys()]).toEqual(['to|tcp/443|vendor.example'])
  })

  test('behind 500 addresses of one name is one relation', () => {
    const rows = Array.from({ length: 500 }, (_, i): RowSpec[] => {
      const address = `203.0.${100 + (i >> 8)}.${i & 255}`
      return [
        {
          record: 'summary',
          at: i,
          orig: pump,
          resp: server,
          service: 'dns',
          event: 'answer',
          name: 'cdn.example.com',
          addresses: address,
        },
        flowAt(i + 0.5, { resp: address }),
      ]
    }).flat()
    const baseline = live(new HostBaseline(rules), rows)
    baseline.closeHour()
    expect(baseline.folded!.relations.size).toBe(1)
  })
})

describe('a responder', () => {
  test('knows who calls it and under which name, but not from a refused association', () => {
    const association = (outcome: 'success' | 'failure', client: string): RowSpec => ({
      record: 'summary',
      at: 0,
      orig: pump,
      resp: server,
      service: 'dicom',
      event: 'association',
      outcome,
      client,
    })
    const baseline = live(
      new HostBaseline(rules),
      [association('success', 'CT1'), association('failure', 'EVIL'), flowAt(1)],
      server,
    )
    baseline.closeHour()
    expect([...baseline.folded!.relations.keys()].sort()).toEqual([
      'caller|dicom|CT1|default|default|ip:10.0.0.9',
      'from|tcp/443|default|default|ip:10.0.0.9',
    ])
  })
})

describe('learning', () => {
  test('establishes a host that keeps to itself for eight days with a weekend', () => {
    const at = Array.from({ length: 9 * 8 }, (_, i) => Math.floor(i / 8) * day + (i % 8) * hour)
    const baseline = live(
      new HostBaseline(rules),
      at.map((t) => flowAt(t)),
    )
    expect(baseline.state).toBe('established')
    expect(baseline.isApproved).toBe(false)
    expect(baseline.count('to')).toBe(1)
  })

  test('by a teaching recording counts as approved', () => {
    const baseline = live(new HostBaseline(rules), [flowAt(0)])
    baseline.approve()
    expect([baseline.state, baseline.isApproved, baseline.knows(toServer)]).toEqual([
      'established',
      true,
      true,
    ])
  })

  test('counts bytes of both directions from the host’s side', () => {
    const row = flowAt(0, { origPayloadBytes: 1000, respPayloadBytes: 5000 })
    expect(live(new HostBaseline(rules), [row]).hour).toMatchObject({
      outBytes: 1040,
      inBytes: 5040,
    })
    expect(live(new HostBaseline(rules), [row], server).hour).toMatchObject({
      outBytes: 5040,
      inBytes: 1040,
    })
  })
})

describe('a profile', () => {
  test('gives another key what the old one knew, the open hour included, and leaves the old one as it is', () => {
    const old = live(
      new HostBaseline(rules),
      [0, hour, day, day + hour].map((t) => flowAt(t)),
    )
    const before = structuredClone(old.hour)
    const profile = old.exportProfile()!
    const fresh = new HostBaseline(rules)
    fresh.importProfile(profile, sceneStartUs)
    expect(fresh.knows(toServer)).toBe(true)
    expect(fresh.firstSeenUs).toBe(sceneStartUs)
    expect(old.hour).toEqual(before)
    expect(profile.relations.get(toServer)!.hours).toBe(4)
  })
})
