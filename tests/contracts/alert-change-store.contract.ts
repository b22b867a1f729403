import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ControlCommand } from '../../records/control.ts'
import type { AlertChange, Handling } from '../../store/alert-change-store.ts'
import type { ObligationDraft } from '../../store/outbox-store.ts'
import type { AlertRow, FoldCommit, StateStore } from '../../store/state-store.ts'
import { rowOf } from '../support/alert-changes.ts'
import { obligation } from '../support/obligations.ts'

/**
 * Every promise of store/alert-change-store.ts, and of what `AlertRows.commit` says about people's changes.
 * @param open makes stores on one and the same empty database, a new one for each test.
 */
export function alertChangeStoreContract(
  name: string,
  open: () => Promise<{ create: () => StateStore; remove: () => Promise<void> }>,
): void {
  describe(`${name} keeps the promises of changes by people`, () => {
    let database: Awaited<ReturnType<typeof open>>
    let store: StateStore
    let row: AlertRow

    beforeEach(async () => {
      database = await open()
      store = database.create()
      await store.start()
      await store.alerts.commit(fold({ rows: [rowOf()] }))
      row = (await store.alerts.get('a1b2'))!
    })
    afterEach(async () => {
      await store.stop()
      await database.remove()
    })

    test('a change is there as a whole: row, history, commands, what is owed, audit', async () => {
      const revision = await store.alertChanges.change(
        closing(row, { commands: [approve('c1')], obligations: [obligation({ key: 'k1' })] }),
      )
      expect(revision).toBe(2)
      const changed = { ...row, revision, status: 'closed', handling }
      expect(await store.alerts.get(row.id)).toEqual(changed)
      expect(await store.alerts.changedSince(1, 10)).toEqual([changed])
      expect(await store.alertChanges.historyOf(row.id)).toEqual([
        {
          revision: 2,
          atMs: 77,
          by: 'm.weber',
          action: 'close',
          before: { status: 'new', handling: null },
          after: { status: 'closed', handling },
        },
      ])
      expect(await store.outbox.ofAlert(row.id)).toMatchObject([{ key: 'k1', state: 'pending' }])
      expect(await store.alertChanges.unsentCommands(10)).toEqual([
        { sequence: 1, command: approve('c1') },
      ])
      expect(await store.audit.list({ limit: 10 })).toMatchObject([
        { by: 'm.weber', action: 'alert.close', object: row.id, details: { verdict: 'true' } },
      ])
    })

    test('a change worked out from an older state is refused whole, and leaves no hole', async () => {
      const stale = closing({ ...row, revision: 99 }, { commands: [approve('c1')] })
      expect(await store.alertChanges.change(stale)).toBeNull()
      expect(await store.alertChanges.change(closing(rowOf({ id: 'nobody' }), {}))).toBeNull()
      expect(await store.alerts.get(row.id)).toEqual(row)
      expect(await store.alertChanges.historyOf(row.id)).toEqual([])
      expect(await store.alertChanges.unsentCommands(10)).toEqual([])
      expect(await store.audit.list({ limit: 10 })).toEqual([])
      expect(await store.alerts.lastRevision()).toBe(row.revision)
      expect(await store.alertChanges.change(closing(row, {}))).toBe(2)
    })

    test('a fold does not write over what a person did since it read the row', async () => {
      await store.alertChanges.change(closing(row, {}))
      const stale = fold({
        rows: [{ ...row, count: 9 }],
        restsOn: [{ id: row.id, revision: row.revision }],
        obligations: [obligation({})],
      })
      await expect(store.alerts.commit(stale)).rejects.toMatchObject({ code: 'ALERT_CHANGED' })
      expect(await store.alerts.get(row.id)).toMatchObject({ status: 'closed', count: row.count })
      expect(await store.outbox.ofAlert('a1b2')).toEqual([])
      const read = (await store.alerts.get(row.id))!
      await store.alerts.commit(
        fold({ rows: [{ ...read, count: 9 }], restsOn: [{ id: read.id, revision: 2 }] }),
      )
      expect(await store.alerts.get(row.id)).toMatchObject({ status: 'closed', handling, count: 9 })
    })

    test('what a fold opens again is in the history under the revision it has', async () => {
      await store.alertChanges.change(closing(row, {}))
      const open: Handling = { by: 'wardwatch', atMs: 5, verdict: null, reason: null, taught: [] }
      const reopened = { ...row, status: 'new' as const, handling: open }
      const entry = {
        atMs: 5,
        by: 'wardwatch',
        action: 'escalate' as const,
        before: { status: 'closed' as const, handling },
        after: { status: 'new' as const, handling: open },
      }
      await store.alerts.commit(
        fold({
          rows: [rowOf({ id: 'other' }), reopened, rowOf({ id: 'third' })],
          history: [{ alertId: row.id, entry }],
        }),
      )
      const { revision } = (await store.alerts.get(row.id))!
      expect((await store.alertChanges.historyOf(row.id)).at(-1)).toEqual({ ...entry, revision })
    })

    test('commands wait in order until they are sent, and can be asked for again', async () => {
      await store.alertChanges.change(closing(row, { commands: [approve('c1'), approve('c2')] }))
      await store.alertChanges.change(
        closing({ ...row, revision: 2 }, { commands: [approve('c3')] }),
      )
      const ids = async (which: 'unsentCommands' | 'sentCommands', limit: number) =>
        (await store.alertChanges[which](limit)).map(({ command }) => command.id)
      expect(await ids('unsentCommands', 2)).toEqual(['c1', 'c2'])
      await store.alertChanges.markSent([1, 2], 500)
      expect(await ids('unsentCommands', 10)).toEqual(['c3'])
      await store.alertChanges.markSent([3], 501)
      await store.alertChanges.markSent([], 502)
      expect(await ids('sentCommands', 2)).toEqual(['c2', 'c3'])
    })
  })
}

const handling: Handling = {
  by: 'm.weber',
  atMs: 77,
  verdict: 'true',
  reason: 'seen on site',
  taught: ['to|tcp/443|x'],
}

function closing(
  row: Pick<AlertRow, 'id' | 'revision'>,
  more: { commands?: ControlCommand[]; obligations?: ObligationDraft[] },
): AlertChange {
  return {
    alertId: row.id,
    basisRevision: row.revision,
    entry: {
      atMs: 77,
      by: 'm.weber',
      action: 'close',
      before: { status: 'new', handling: null },
      after: { status: 'closed', handling },
    },
    commands: [],
    obligations: [],
    withdrawsPages: true,
    audit: {
      atMs: 77,
      by: 'm.weber',
      from: '127.0.0.1',
      action: 'alert.close',
      object: row.id,
      details: { verdict: 'true' },
    },
    ...more,
  }
}

function approve(id: string): ControlCommand {
  return {
    version: 1,
    id,
    site: 'north',
    effectiveUs: 1,
    by: 'm.weber',
    reason: '',
    kind: 'approve',
    host: 'north|lan|ip:10.60.1.66',
    relation: 'to|tcp/443|x',
  }
}

function fold(over: Partial<FoldCommit>): FoldCommit {
  return { anomalies: [], rows: [], moves: [], ended: [], ...over }
}
