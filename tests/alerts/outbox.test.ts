import { describe, expect, test } from 'vitest'
import { dedupKeyOf, followUpsOf, pagesOfFold } from '../../alerts/outbox.ts'
import { presentAlert } from '../../alerts/present.ts'
import { isMeant, reaches, type RoutedReceiver } from '../../alerts/route.ts'
import type { Severity } from '../../records/alert.ts'
import type { AlertRow, AlertStatus } from '../../store/state-store.ts'
import { anomalyOf } from '../support/anomalies.ts'
import { rowOf } from '../support/alert-changes.ts'
import { alertOf } from '../support/obligations.ts'

const scores: Readonly<Record<Severity | 'record', number>> = {
  record: 0.2,
  low: 0.4,
  medium: 0.65,
  high: 0.8,
  critical: 0.9,
}
const present = (row: Parameters<typeof presentAlert>[0]) => presentAlert(row, () => null)
const receiver = (name: string, route: Partial<RoutedReceiver['route']> = {}): RoutedReceiver => ({
  name,
  route: { severityMin: 'medium', behaviours: null, sites: null, groupWaitSeconds: 60, ...route },
})
const at = (severity: Severity | 'record', more: Partial<AlertRow> = {}) =>
  rowOf({ leading: anomalyOf({ score: scores[severity] }), ...more })
const pages = (
  before: Severity | 'record' | null,
  after: Severity | 'record',
  receivers = [receiver('pager')],
  more: Partial<AlertRow> = {},
) =>
  pagesOfFold(
    [{ before: before === null ? null : at(before), after: at(after, more) }],
    receivers,
    present,
    5_000,
  )

describe('a fold owes a page', () => {
  test.each([
    {
      name: 'for a new row that reaches the receiver',
      before: null,
      after: 'medium',
      cause: 'opened',
    },
    { name: 'when a weak row reaches it', before: 'low', after: 'high', cause: 'opened' },
    { name: 'when an unlisted row reaches it', before: 'record', after: 'medium', cause: 'opened' },
    { name: 'when it grows worse', before: 'medium', after: 'critical', cause: 'escalated' },
  ] as const)('$name', ({ before, after, cause }) => {
    expect(pages(before, after)).toMatchObject([
      { receiver: 'pager', kind: 'trigger', cause, severity: after, createdMs: 5_000, by: null },
    ])
  })

  test.each([
    { name: 'for a new row below its least severity', before: null, after: 'low' },
    { name: 'for one that counts up', before: 'high', after: 'high' },
    { name: 'for one that is weaker now', before: 'critical', after: 'high' },
    { name: 'for one that is not listed', before: null, after: 'record' },
  ] as const)('but not $name', ({ before, after }) => {
    expect(pages(before, after)).toEqual([])
  })

  test('but not for a row that is closed', () => {
    expect(pages('medium', 'high', [receiver('pager')], { status: 'closed' })).toEqual([])
  })

  test('to each receiver by its own least severity', () => {
    const receivers = [
      receiver('mail', { severityMin: 'low' }),
      receiver('pager', { severityMin: 'high' }),
    ]
    expect(pages(null, 'medium', receivers).map((o) => o.receiver)).toEqual(['mail'])
    expect(pages('medium', 'high', receivers).map((o) => [o.receiver, o.cause])).toEqual([
      ['mail', 'escalated'],
      ['pager', 'opened'],
    ])
  })

  test('that waits for its group, unless it is critical', () => {
    expect(pages(null, 'high')).toMatchObject([{ groupWaitMs: 60_000 }])
    expect(pages(null, 'critical')).toMatchObject([{ groupWaitMs: 0 }])
  })

  test('named once for good, and after the alert and the receiver', () => {
    const two = pages(null, 'high', [receiver('a'), receiver('b')])
    expect(new Set(two.map((o) => o.key)).size).toBe(2)
    expect(two.map((o) => o.dedupKey)).toEqual([dedupKeyOf('a1b2', 'a'), dedupKeyOf('a1b2', 'b')])
    expect(pages('high', 'critical', [receiver('a')])[0]).toMatchObject({
      dedupKey: two[0]!.dedupKey,
    })
    expect(pages('high', 'critical', [receiver('a')])[0]?.key).not.toBe(two[0]!.key)
  })
})

describe('a change of status owes', () => {
  const owed = (before: AlertStatus, after: AlertStatus, severity: Severity = 'high') =>
    followUpsOf(
      at(severity, { status: after }),
      {
        before: { status: before, handling: null },
        after: { status: after, handling: null },
        by: 'm.weber',
        atMs: 7_000,
      },
      [receiver('pager', { severityMin: 'medium' })],
      present,
    ).map(({ kind, cause, isFollowUp, by, groupWaitMs }) => {
      expect({ by, groupWaitMs }).toEqual({ by: 'm.weber', groupWaitMs: 0 })
      return [kind, cause, isFollowUp]
    })

  const acknowledge = ['acknowledge', 'acknowledged', true]
  const resolve = ['resolve', 'closed', true]
  const page = ['trigger', 'reopened', false]
  test.each([
    { before: 'new', after: 'acknowledged', owes: [acknowledge] },
    { before: 'new', after: 'in progress', owes: [acknowledge] },
    { before: 'acknowledged', after: 'in progress', owes: [] },
    { before: 'in progress', after: 'acknowledged', owes: [] },
    { before: 'new', after: 'closed', owes: [resolve] },
    { before: 'in progress', after: 'closed', owes: [resolve] },
    { before: 'closed', after: 'in progress', owes: [page, acknowledge] },
    { before: 'closed', after: 'acknowledged', owes: [page, acknowledge] },
    { before: 'closed', after: 'new', owes: [page] },
    { before: 'acknowledged', after: 'new', owes: [page] },
    { before: 'new', after: 'new', owes: [] },
    { before: 'closed', after: 'closed', owes: [] },
  ] as const)('from $before to $after', ({ before, after, owes }) => {
    expect(owed(before, after)).toEqual(owes)
  })

  test('nothing to receivers whom the alert does not reach', () => {
    expect(owed('new', 'closed', 'low')).toEqual([])
  })
})

describe('a route', () => {
  const alert = alertOf({ behaviour: 'port-scan', site: 'north' })
  const route = receiver('x').route
  test.each([
    { name: 'any', limits: {}, isFor: true },
    { name: 'its behaviour', limits: { behaviours: ['port-scan'] }, isFor: true },
    { name: 'another behaviour', limits: { behaviours: ['host-scan'] }, isFor: false },
    { name: 'its site', limits: { sites: ['south', 'north'] }, isFor: true },
    { name: 'another site', limits: { sites: ['south'] }, isFor: false },
  ] as const)('for $name', ({ limits, isFor }) => {
    expect(isMeant({ ...route, ...limits }, alert)).toBe(isFor)
  })

  test('is reached from its least severity on', () => {
    const words = ['record', 'low', 'medium', 'high', 'critical'] as const
    const reached = words.filter((word) => reaches({ ...route, severityMin: 'medium' }, word))
    expect(reached).toEqual(['medium', 'high', 'critical'])
  })
})
