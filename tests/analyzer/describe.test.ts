import { describe, expect, test } from 'vitest'
import { describeHost } from '../../analyzer/describe.ts'
import { foldedVersion } from '../../analyzer/baseline/folded.ts'
import { type BaselineRules, HostBaseline } from '../../analyzer/baseline/host-baseline.ts'
import { hourVersion } from '../../analyzer/baseline/hour.ts'
import { MetContacts } from '../../analyzer/baseline/met-contacts.ts'
import { createCalendar } from '../../analyzer/baseline/volumes.ts'
import { encodeSection } from '../../analyzer/section.ts'
import { dayUs, hourUs, secondUs } from '../../records/time.ts'
import { type RowSpec, SceneBuilder, sceneStartUs } from '../support/scene.ts'

const rules: BaselineRules = {
  learning: { daysMin: 7, activeHoursMin: 50, daysMax: 28 },
  calendar: createCalendar('UTC'),
  met: new MetContacts(),
  isInternal: () => true,
}
const pump = '10.0.0.9'

/** What is told of the pump after it has lived through the rows and was saved. */
function told(rows: readonly RowSpec[]) {
  const scene = new SceneBuilder()
  const baseline = new HostBaseline(rules)
  for (const row of rows) {
    for (const { flows, summaries } of scene.rows([row])[0]!) {
      baseline.see(sceneStartUs + row.at * secondUs, true)
      for (const batch of [flows, summaries]) {
        if (batch === null) continue
        const at = [...batch.host.codes.subarray(0, batch.rowCount)].findIndex(
          (code) => batch.host.values[code] === scene.keyOf(pump),
        )
        if (at < 0) continue
        if (batch === flows) {
          rules.met.begin(batch.peer)
          baseline.learnFlows(batch, at, at + 1)
        } else baseline.learnSummaries(summaries!, at, at + 1)
      }
    }
  }
  const host = scene.keyOf(pump)
  return describeHost(
    [
      { host, section: 'baseline', value: encodeSection(foldedVersion, baseline.folded) },
      { host, section: 'hour', value: encodeSection(hourVersion, baseline.hour) },
    ],
    rules.learning,
  )!
}

const flowAt = (at: number, resp: string): RowSpec => ({
  record: 'flow',
  at,
  orig: pump,
  resp,
  respPort: 443,
})
const [hour, day] = [hourUs / secondUs, dayUs / secondUs]

describe('the description of a host', () => {
  test('is nothing while nothing is learned', () => {
    expect(describeHost([], rules.learning)).toBeNull()
  })

  test('tells what is learned from what is new, and what the open hour has met', () => {
    const times = [0, hour, day]
    const { relations, days, activeHours } = told([
      ...times.map((t) => flowAt(t, '10.0.0.1')),
      flowAt(day + hour, '10.0.0.2'),
    ])
    expect(relations.map(({ party, standing, hours }) => [party, standing, hours])).toEqual([
      ['default|default|ip:10.0.0.2', 'new', 0],
      ['default|default|ip:10.0.0.1', 'learned', 3],
    ])
    expect(relations[0]).toMatchObject({
      kind: 'to',
      service: 'tcp/443',
      firstUs: sceneStartUs + dayUs + hourUs,
      lastUs: sceneStartUs + dayUs + 2 * hourUs,
    })
    expect([days, activeHours]).toEqual([2, 3])
  })

  test('reads the name that a caller used, whatever it holds', () => {
    const { relations, identity } = told([
      {
        record: 'summary',
        at: 0,
        orig: '10.0.0.7',
        resp: pump,
        service: 'dicom',
        event: 'association',
        outcome: 'success',
        client: 'CT|3',
        server: 'PACS',
      },
    ])
    expect(relations).toMatchObject([
      { kind: 'caller', service: 'dicom', caller: 'CT|3', party: 'default|default|ip:10.0.0.7' },
    ])
    expect(identity).toMatchObject([{ kind: 'dicom-title', value: 'PACS' }])
  })
})
