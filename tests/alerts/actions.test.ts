import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, relationsOf, type Standing, taughtMax } from '../../alerts/actions.ts'
import { type AlertAction, alertActionSchema } from '../../records/alert-action.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import type { HistoryEntry } from '../../store/alert-change-store.ts'
import type { AlertStatus } from '../../store/state-store.ts'
import { rowOf, teachable, untouched } from '../support/alert-changes.ts'

const actor = { by: 'm.weber', atMs: 1_772_438_400_000 }
const closing = (verdict: 'true' | 'benign-expected' | 'false' | 'duplicate'): AlertAction => ({
  action: 'close',
  revision: 10,
  verdict,
  reason: 'as agreed',
})

/** A row with its history; each action rests on what the one before has left, as in the store. */
function play(actions: readonly AlertAction[], anomalies: readonly Anomaly[] = [teachable()]) {
  let row = rowOf({ leading: anomalies[0]! })
  const history: HistoryEntry[] = []
  const results = actions.map((action) => {
    const decision = decide(row, history, anomalies, action, actor)
    if (decision.result !== 'done') return decision
    const before: Standing = { status: row.status, handling: row.handling ?? null }
    const revision = row.revision + 1
    history.push({ revision, ...actor, action: action.action, before, after: decision.after })
    const { status, handling } = decision.after
    row = rowOf({ leading: row.leading, revision, status, ...(handling ? { handling } : {}) })
    return decision
  })
  return { row, history, results, last: results.at(-1)! }
}
const seen = (action: 'acknowledge' | 'start' | 'reopen' | 'undo'): AlertAction => ({
  action,
  revision: 1000,
})
const closed = (verdict: Parameters<typeof closing>[0]): AlertAction => ({
  ...closing(verdict),
  revision: 1000,
})

describe('a change of status', () => {
  const allowed: Record<string, AlertStatus[]> = {
    acknowledge: ['new'],
    start: ['new', 'acknowledged'],
    close: ['new', 'acknowledged', 'in progress'],
    reopen: ['closed'],
  }
  const becomes = {
    acknowledge: 'acknowledged',
    start: 'in progress',
    close: 'closed',
    reopen: 'in progress',
  } as const
  const cases = (['acknowledge', 'start', 'close', 'reopen'] as const).flatMap((action) =>
    (['new', 'acknowledged', 'in progress', 'closed'] as const).map((status) => ({
      action,
      status,
      isAllowed: allowed[action]!.includes(status),
    })),
  )

  test.each(cases)(
    '$action of one that is $status: $isAllowed',
    ({ action, status, isAllowed }) => {
      const asked = action === 'close' ? closing('true') : { action, revision: 10 }
      const decision = decide(rowOf({ status }), [], [], asked, actor)
      if (!isAllowed) {
        expect(decision).toMatchObject({ result: 'refused' })
        return
      }
      expect(decision).toMatchObject({
        result: 'done',
        after: { status: becomes[action], handling: { by: 'm.weber', atMs: actor.atMs } },
      })
    },
  )

  test('keeps verdict and reason where it closes, and only there', () => {
    const { row } = play([seen('acknowledge'), closed('duplicate')])
    expect(row.handling).toMatchObject({ verdict: 'duplicate', reason: 'as agreed' })
    expect(play([seen('start')]).row.handling).toMatchObject({ verdict: null, reason: null })
    const reopened = play([closed('true'), seen('reopen')]).row
    expect(reopened).toMatchObject({ status: 'in progress', handling: { verdict: null } })
  })
})

describe('two people at one alert', () => {
  const other: HistoryEntry = {
    revision: 12,
    atMs: 5,
    by: 'j.doe',
    action: 'close',
    before: untouched,
    after: { status: 'closed', handling: null },
  }

  test('the second is told who was faster, and when', () => {
    const row = rowOf({ revision: 12, status: 'closed' })
    expect(decide(row, [other], [], closing('true'), actor)).toEqual({
      result: 'conflict',
      entry: other,
    })
  })

  test('that a row counted up meanwhile is no conflict', () => {
    const row = rowOf({ revision: 5000 })
    expect(decide(row, [], [], { action: 'acknowledge', revision: 10 }, actor).result).toBe('done')
  })

  test('who has seen the other’s change may go on from it', () => {
    const row = rowOf({ revision: 14, status: 'closed' })
    expect(decide(row, [other], [], { action: 'reopen', revision: 12 }, actor).result).toBe('done')
  })
})

describe('undo', () => {
  test.each([
    { name: 'acknowledge', actions: [seen('acknowledge')], status: 'new' },
    { name: 'start', actions: [seen('acknowledge'), seen('start')], status: 'acknowledged' },
    { name: 'close', actions: [seen('start'), closed('false')], status: 'in progress' },
    { name: 'reopen', actions: [closed('false'), seen('reopen')], status: 'closed' },
  ])('of $name leaves what was before', ({ actions, status }) => {
    const before = play(actions.slice(0, -1)).row
    const { row } = play([...actions, seen('undo')])
    expect(row).toMatchObject({ status })
    expect(row.handling).toEqual(before.handling)
  })

  test('is refused where nobody has done anything, and a second time', () => {
    expect(play([seen('undo')]).last).toMatchObject({ result: 'refused' })
    expect(play([seen('acknowledge'), seen('undo'), seen('undo')]).last).toMatchObject({
      result: 'refused',
      reason: 'the last action has been undone already',
    })
  })

  test('does not close again what grew worse after it was closed', () => {
    const escalated: HistoryEntry = {
      revision: 9,
      atMs: 5,
      by: 'wardwatch',
      action: 'escalate',
      before: { status: 'closed', handling: null },
      after: untouched,
    }
    const decision = decide(rowOf(), [escalated], [], { action: 'undo', revision: 10 }, actor)
    expect(decision.result).toBe('refused')
  })
})

describe('a verdict that teaches', () => {
  const commandsOf = (decision: ReturnType<typeof decide>) =>
    decision.result === 'done'
      ? decision.commands.map((c) => [c.kind, 'relation' in c ? c.relation : null])
      : decision

  test('approves what the anomalies were about, for the owner, from a time that has come', () => {
    const anomalies = [teachable(['to|tcp/443|a', 'to|tcp/443|b']), teachable(['to|tcp/443|b'])]
    const { last, row } = play([closed('benign-expected')], anomalies)
    expect(last).toMatchObject({
      commands: [
        {
          kind: 'approve',
          relation: 'to|tcp/443|a',
          host: anomalies[0]!.viewKey,
          site: anomalies[0]!.site,
          by: 'm.weber',
          reason: 'as agreed',
          effectiveUs: row.lastSeenUs,
        },
        { kind: 'approve', relation: 'to|tcp/443|b' },
      ],
    })
    expect(row.handling?.taught).toEqual(['to|tcp/443|a', 'to|tcp/443|b'])
  })

  test.each(['true', 'false', 'duplicate'] as const)('%s teaches nothing', (verdict) => {
    expect(commandsOf(play([closed(verdict)]).last)).toEqual([])
  })

  test.each(['undo', 'reopen'] as const)('is taken back by %s', (back) => {
    const { last, row } = play([closed('benign-expected'), seen(back)])
    expect(commandsOf(last)).toEqual([['unapprove', 'to|tcp/443|x.example']])
    expect(row.handling?.taught ?? []).toEqual([])
  })

  test('is taught again when the reopening is undone', () => {
    const { last } = play([closed('benign-expected'), seen('reopen'), seen('undo')])
    expect(commandsOf(last)).toEqual([['approve', 'to|tcp/443|x.example']])
  })

  test('names each command once for good', () => {
    const { results } = play([
      closed('benign-expected'),
      seen('undo'),
      closed('benign-expected'),
      seen('reopen'),
    ])
    const ids = results.flatMap((r) => (r.result === 'done' ? r.commands.map((c) => c.id) : []))
    expect(new Set(ids).size).toBe(4)
  })

  test('teaches a bounded number of relations, those met last', () => {
    const anomalies = Array.from({ length: 100 }, (_, i) => teachable([`to|tcp/${i}|x`]))
    expect(relationsOf(anomalies)).toHaveLength(taughtMax)
    expect(relationsOf(anomalies)).toContain('to|tcp/99|x')
  })
})

test('whatever people do, the approvals in force are those of the verdict in force', () => {
  const actions = fc.oneof(
    fc.constantFrom(...(['acknowledge', 'start', 'reopen', 'undo'] as const)).map(seen),
    fc.constantFrom(...(['true', 'benign-expected', 'false'] as const)).map(closed),
  )
  fc.assert(
    fc.property(fc.array(actions, { maxLength: 12 }), (asked) => {
      const { row, results } = play(asked)
      const approved = new Set<string>()
      for (const result of results) {
        for (const command of result.result === 'done' ? result.commands : []) {
          if (command.kind === 'approve') approved.add(command.relation)
          else if (command.kind === 'unapprove') approved.delete(command.relation)
        }
      }
      const isTaught = row.status === 'closed' && row.handling?.verdict === 'benign-expected'
      expect([...approved]).toEqual(isTaught ? ['to|tcp/443|x.example'] : [])
    }),
  )
})

describe('what the page asks', () => {
  test.each([
    { name: 'a reason of two lines', body: { ...closing('true'), reason: 'a\nb' } },
    { name: 'no reason', body: { ...closing('true'), reason: '  ' } },
    { name: 'a verdict of its own', body: { ...closing('true'), verdict: 'maybe' } },
    { name: 'no revision', body: { action: 'acknowledge' } },
    { name: 'a verdict without closing', body: { action: 'start', revision: 1, verdict: 'true' } },
    { name: 'escalate', body: { action: 'escalate', revision: 1 } },
  ])('is refused with $name', ({ body }) => {
    expect(alertActionSchema.safeParse(body).success).toBe(false)
  })
})
