import { expect, test } from 'vitest'
import { dhcpNameOf, type IdentityFact, noteIdentity } from '../../../analyzer/baseline/identity.ts'
import { type RowSpec, SceneBuilder } from '../../support/scene.ts'

const device = '10.0.0.9'

/** Facts of the device after summaries, and how often something new was told. */
function factsOf(rows: readonly object[]) {
  const scene = new SceneBuilder()
  const facts: IdentityFact[] = []
  let news = 0
  for (const [at, row] of rows.entries()) {
    const spec = { record: 'summary', at, orig: device, resp: '10.0.0.1', ...row } as RowSpec
    for (const { summaries } of scene.rows([spec])[0]!) {
      if (summaries === null) continue
      const own = [...summaries.host.codes.subarray(0, summaries.rowCount)].findIndex(
        (code) => summaries.host.values[code] === scene.keyOf(device),
      )
      if (own >= 0 && noteIdentity(facts, summaries, own)) news++
    }
  }
  return { facts, news, told: facts.map(({ kind, value }) => `${kind}: ${value}`) }
}

test.each([
  {
    name: 'its name and kind in a DHCP request',
    row: { service: 'dhcp', event: 'request', client: 'pump-14', version: 'MSFT 5.0' },
    told: ['dhcp-name: pump-14', 'dhcp-vendor: MSFT 5.0'],
  },
  {
    name: 'its title when it is let in by DICOM',
    row: { service: 'dicom', event: 'association', outcome: 'success', client: 'CT3' },
    told: ['dicom-title: CT3'],
  },
  {
    name: 'no title that is refused',
    row: { service: 'dicom', event: 'association', outcome: 'failure', client: 'GUESS' },
    told: [],
  },
  {
    name: 'nothing by what it looks up',
    row: { service: 'dns', event: 'answer', name: 'vendor.example' },
    told: [],
  },
])('a host tells $name', ({ row, told }) => {
  expect(factsOf([row]).told).toEqual(told)
})

test('a fact told again is no news, and moves its last time on', () => {
  const row = { service: 'dhcp', event: 'request', client: 'pump-14' }
  const { facts, news } = factsOf([row, row, row])
  expect(news).toBe(1)
  expect(facts[0]!.lastUs - facts[0]!.firstUs).toBe(2_000_000)
})

test('of one kind the eight newest are kept, and others stay', () => {
  const rows = Array.from({ length: 20 }, (_, i) => ({
    service: 'http',
    event: 'status',
    client: `agent-${i}`,
  }))
  const { told } = factsOf([{ service: 'dhcp', event: 'request', client: 'pump-14' }, ...rows])
  expect(told).toHaveLength(9)
  expect(told[0]).toBe('dhcp-name: pump-14')
  expect(told.at(-1)).toBe('user-agent: agent-19')
})

test('the name is the one asked for last', () => {
  const rows = ['old', 'new'].map((client) => ({ service: 'dhcp', event: 'request', client }))
  expect(dhcpNameOf(factsOf(rows).facts)).toBe('new')
  expect(dhcpNameOf([])).toBeNull()
})
