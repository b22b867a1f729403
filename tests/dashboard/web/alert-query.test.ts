import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { presentAlert } from '../../../alerts/present.ts'
import { foldAnomaly } from '../../../alerts/fold.ts'
import type { Alert } from '../../../dashboard/api.ts'
import {
  fieldOf,
  fields,
  formatQuery,
  matches,
  parseQuery,
  termInWords,
  withField,
  withoutTerm,
} from '../../../dashboard/web/data/alert-query.ts'
import { anomalyOf, peerOf } from '../../support/anomalies.ts'

function alertOf(changes: Parameters<typeof anomalyOf>[0] = {}, more: Partial<Alert> = {}): Alert {
  const config = { episodeGapSeconds: 3600, episodeAnomaliesMax: 1000 }
  const { row } = foldAnomaly(null, anomalyOf(changes), config)
  return { ...presentAlert(row, () => null)!, ...more }
}

test('what is written is read again, whatever it holds', () => {
  const term = fc.record({
    field: fc.constantFrom(...fields),
    value: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('"', '').trim()),
    isExcluded: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(term, { maxLength: 5 }), (terms) => {
      const said = terms.filter(({ value }) => value !== '')
      expect(parseQuery(formatQuery(said))).toEqual(said)
    }),
  )
})

test.each([
  { query: '', terms: [] },
  { query: 'pump', terms: ['“pump”'] },
  { query: '-site:south severity:high', terms: ['site ≠ south', 'severity ≥ high'] },
  { query: '"two words" status:"in progress"', terms: ['“two words”', 'status = in progress'] },
  { query: 'nonsense:x fd00::1', terms: ['“nonsense:x”', '“fd00::1”'] },
])('"$query" reads $terms', ({ query, terms }) => {
  expect(parseQuery(query).map(termInWords)).toEqual(terms)
})

describe('an alert of ws-14 towards 10.60.1.20', () => {
  test.each([
    { query: '', isShown: true },
    { query: 'WS-14', isShown: true },
    { query: '-ws-14', isShown: false },
    { query: 'device:ws-14', isShown: true },
    { query: 'device:10.60.1.66', isShown: true },
    { query: 'device:ws-1', isShown: false },
    { query: 'peer:10.60.1.20', isShown: true },
    { query: '-peer:10.60.1.20', isShown: false },
    { query: 'site:north behaviour:port-scan', isShown: true },
    { query: 'severity:medium', isShown: true },
    { query: 'severity:high', isShown: false },
    { query: 'severity:nonsense', isShown: true },
    { query: 'status:open', isShown: true },
    { query: 'status:closed', isShown: false },
    { query: 'port scan', isShown: true },
  ])('meets "$query": $isShown', ({ query, isShown }) => {
    expect(matches(alertOf(), parseQuery(query))).toBe(isShown)
  })

  test('is not open once it is closed', () => {
    const closed = alertOf({}, { status: 'closed' })
    expect(matches(closed, parseQuery('status:open'))).toBe(false)
    expect(matches(closed, parseQuery('status:closed'))).toBe(true)
  })

  test('with a peer that has a name is found by the name', () => {
    const alert = alertOf({ peers: [{ ...peerOf('203.0.113.9', 443), name: 'files.example' }] })
    expect(matches(alert, parseQuery('files.ex'))).toBe(true)
  })
})

test('a choice replaces the condition on its field and leaves the others', () => {
  const query = withField('status:open pump -site:south', 'status', 'new')
  expect(parseQuery(query).map(termInWords)).toEqual(['“pump”', 'site ≠ south', 'status = new'])
  expect(fieldOf(query, 'status')).toBe('new')
  expect(fieldOf(withField(query, 'status', null), 'status')).toBeNull()
  expect(fieldOf(query, 'site')).toBeNull()
})

test('a chip that is removed takes its condition along', () => {
  expect(withoutTerm('pump site:north ct', 1)).toBe('pump ct')
})
