import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ObligationDraft, OutboxRow } from '../../store/outbox-store.ts'
import type { AlertRow, StateStore } from '../../store/state-store.ts'
import { rowOf } from '../support/alert-changes.ts'
import { obligation } from '../support/obligations.ts'

/**
 * Every promise of store/outbox-store.ts.
 * @param open makes stores on one and the same empty database, a new one for each test.
 */
export function outboxStoreContract(
  name: string,
  open: () => Promise<{ create: () => StateStore; remove: () => Promise<void> }>,
): void {
  describe(`${name} keeps the promises of an outbox`, () => {
    let database: Awaited<ReturnType<typeof open>>
    let store: StateStore

    beforeEach(async () => {
      database = await open()
      store = database.create()
      await store.start()
    })
    afterEach(async () => {
      await store.stop()
      await database.remove()
    })

    const owe = (...obligations: ObligationDraft[]) =>
      store.alerts.commit({ anomalies: [], rows: [], moves: [], ended: [], obligations })
    const claim = (nowMs: number, more: { owner?: string; limit?: number } = {}) =>
      store.outbox.claim({
        receiver: 'on-call',
        owner: 'p1',
        leaseMs: 100,
        limit: 10,
        nowMs,
        ...more,
      })
    const sequences = (rows: readonly OutboxRow[]) => rows.map((row) => row.sequence)
    const delivered = { state: 'delivered', reason: null } as const
    const close = async (alertId: string, more: Partial<AlertRow> = {}) => {
      await store.alerts.commit({
        anomalies: [],
        rows: [rowOf({ id: alertId, ...more })],
        moves: [],
        ended: [],
      })
      const row = (await store.alerts.get(alertId))!
      const after = { status: 'closed' as const, handling: null }
      await store.alertChanges.change({
        alertId,
        basisRevision: row.revision,
        entry: {
          atMs: 2_000,
          by: 'x',
          action: 'close',
          before: { ...after, status: 'new' },
          after,
        },
        commands: [],
        obligations: [
          obligation({
            alertId,
            kind: 'resolve',
            cause: 'closed',
            isFollowUp: true,
            createdMs: 2_000,
          }),
        ],
        withdrawsPages: true,
        audit: { atMs: 0, by: 'x', from: 'x', action: 'alert.close', object: alertId, details: {} },
      })
    }

    test('what is owed is given to one process at a time, oldest first', async () => {
      await owe(
        obligation({ alertId: 'a' }),
        obligation({ alertId: 'b' }),
        obligation({ alertId: 'c' }),
      )
      const first = await claim(1_000, { limit: 2 })
      expect(first).toMatchObject([
        { alertId: 'a', state: 'pending', attempts: 0, alert: { id: 'a' } },
        { alertId: 'b' },
      ])
      expect(sequences(await claim(1_000, { owner: 'p2' }))).toEqual([3])
      expect(await claim(1_099)).toEqual([])
      expect(sequences(await claim(1_100, { owner: 'p3' }))).toEqual([1, 2, 3])
    })

    test('nothing is given before it is due, nor to another receiver', async () => {
      await owe(obligation({ createdMs: 5_000 }))
      expect(await claim(4_999)).toEqual([])
      const request = { receiver: 'mail', owner: 'p', leaseMs: 1, limit: 1, nowMs: 9_000 }
      expect(await store.outbox.claim(request)).toEqual([])
      expect(await store.outbox.nextDueMs(['on-call', 'mail'])).toBe(5_000)
      expect(await store.outbox.nextDueMs(['mail'])).toBeNull()
      expect(await store.outbox.nextDueMs([])).toBeNull()
    })

    test('a resolve waits for its page, another alert does not', async () => {
      await owe(
        obligation({ alertId: 'a' }),
        obligation({ alertId: 'a', kind: 'resolve', cause: 'closed' }),
        obligation({ alertId: 'b' }),
      )
      expect(sequences(await claim(1_000))).toEqual([1, 3])
      const later = { state: 'pending', reason: 'HTTP 500', dueMs: 3_000 } as const
      expect(await store.outbox.settle(1, 'p1', 1_001, later)).toBe(true)
      expect(await claim(1_050)).toEqual([])
      expect(await claim(3_000)).toMatchObject([
        { sequence: 1, attempts: 1, reason: 'HTTP 500' },
        {},
      ])
      await store.outbox.settle(1, 'p1', 3_001, delivered)
      expect(sequences(await claim(3_001))).toEqual([2])
    })

    test('a lease that was lost settles nothing', async () => {
      await owe(obligation({}))
      await claim(1_000)
      await claim(1_100, { owner: 'p2' })
      expect(await store.outbox.settle(1, 'p1', 1_101, delivered)).toBe(false)
      expect(await store.outbox.settle(1, 'p2', 1_102, delivered)).toBe(true)
      expect(await store.outbox.settle(1, 'p2', 1_103, delivered)).toBe(false)
      expect(await store.outbox.ofAlert('a1b2')).toMatchObject([
        { state: 'delivered', attempts: 1, finishedMs: 1_102 },
      ])
    })

    test('what comes next is known by its time, leases included', async () => {
      await owe(obligation({ alertId: 'a' }), obligation({ alertId: 'a', kind: 'resolve' }))
      await claim(1_000)
      expect(await store.outbox.nextDueMs(['on-call'])).toBe(1_100)
    })

    describe('a group', () => {
      const inGroup = (alertId: string, createdMs: number, more: Partial<ObligationDraft> = {}) =>
        obligation({ alertId, createdMs, groupWaitMs: 60, ...more })
      const dueOf = async (alertId: string) => (await store.outbox.ofAlert(alertId))[0]?.dueMs

      test('pages at once first, then together when the wait has passed', async () => {
        await owe(inGroup('a', 1_000), inGroup('b', 1_010), inGroup('c', 1_059))
        await owe(inGroup('d', 1_060), inGroup('e', 1_061), inGroup('f', 1_200))
        const due = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(dueOf))
        expect(due).toEqual([1_000, 1_060, 1_060, 1_060, 1_120, 1_200])
      })

      test('does not wait for other groups or receivers, and urgent pages wait for nobody', async () => {
        await owe(
          inGroup('a', 1_000),
          inGroup('b', 1_001, { groupKey: 'CT-3' }),
          inGroup('c', 1_002, { receiver: 'mail' }),
          inGroup('d', 1_003, { groupWaitMs: 0 }),
        )
        const due = await Promise.all(['a', 'b', 'c', 'd'].map(dueOf))
        expect(due).toEqual([1_000, 1_001, 1_002, 1_003])
      })

      test('does not wait for retries of an earlier page', async () => {
        await owe(inGroup('a', 1_000))
        await claim(1_000)
        await store.outbox.settle(1, 'p1', 1_001, { state: 'pending', reason: 'x', dueMs: 9_000 })
        await owe(inGroup('b', 1_010))
        expect(await dueOf('b')).toBe(1_060)
      })
    })

    describe('closing', () => {
      test('withdraws a page that nobody has tried to send, and owes no resolve for it', async () => {
        await owe(obligation({ alertId: 'a' }))
        await close('a')
        expect(await store.outbox.ofAlert('a')).toMatchObject([
          { kind: 'trigger', state: 'withdrawn' },
        ])
      })

      test('withdraws an acknowledgement with it: nobody is told of what they have not heard of', async () => {
        await owe(
          obligation({ alertId: 'a' }),
          obligation({ alertId: 'a', kind: 'acknowledge', cause: 'acknowledged' }),
        )
        await close('a')
        const states = (await store.outbox.ofAlert('a')).map(({ kind, state }) => [kind, state])
        expect(states).toEqual([
          ['trigger', 'withdrawn'],
          ['acknowledge', 'withdrawn'],
        ])
      })

      test('resolves what has been sent, or may have been', async () => {
        await owe(obligation({ alertId: 'sent' }), obligation({ alertId: 'leased' }))
        await claim(1_000)
        await store.outbox.settle(1, 'p1', 1_001, delivered)
        await close('sent')
        // Its lease has run out: the process may have sent it before it died.
        await close('leased')
        for (const id of ['sent', 'leased'])
          expect((await store.outbox.ofAlert(id)).at(-1)).toMatchObject({ kind: 'resolve' })
        expect(sequences(await claim(9_000))).toEqual([2, 3])
      })
    })

    describe('dead letters', () => {
      const dead = { state: 'dead', reason: 'HTTP 400' } as const
      beforeEach(async () => {
        await owe(obligation({ alertId: 'a' }), obligation({ alertId: 'a', kind: 'resolve' }))
        await owe(obligation({ alertId: 'b' }))
        await claim(1_000)
        await store.outbox.settle(1, 'p1', 1_001, dead)
        await store.outbox.settle(3, 'p1', 1_001, dead)
        await claim(1_001)
        await store.outbox.settle(2, 'p1', 1_002, delivered)
      })

      test('are kept, counted and listed with their reason', async () => {
        expect(await store.outbox.dead(10)).toMatchObject([
          { sequence: 3, alertId: 'b', reason: 'HTTP 400' },
          { sequence: 1 },
        ])
        expect(await store.outbox.dead(1)).toHaveLength(1)
        expect(await store.outbox.counts()).toEqual([
          { receiver: 'on-call', state: 'dead', count: 2, oldestMs: 1_000 },
          { receiver: 'on-call', state: 'delivered', count: 1, oldestMs: 1_000 },
        ])
      })

      test('are owed again with what followed them, as if new', async () => {
        expect(await store.outbox.resend([1], 5_000)).toBe(1)
        expect(await store.outbox.ofAlert('a')).toMatchObject([
          { sequence: 1, state: 'pending', attempts: 0, createdMs: 5_000, reason: null },
          { sequence: 2, state: 'pending', attempts: 0 },
        ])
        expect(sequences(await store.outbox.dead(10))).toEqual([3])
        expect(await store.outbox.resend('all', 5_001)).toBe(1)
        expect(await store.outbox.resend('all', 5_002)).toBe(0)
        expect(await store.outbox.resend([], 5_002)).toBe(0)
      })

      test('of what was delivered there are none', async () => {
        expect(await store.outbox.resend([2], 5_000)).toBe(0)
      })
    })

    test('what is owed for too long is given up, unless somebody is sending it', async () => {
      await owe(obligation({ alertId: 'a' }), obligation({ alertId: 'b', receiver: 'gone' }))
      await claim(1_000)
      expect(await store.outbox.giveUp(1_000, 1_050, 'too old')).toBe(0)
      expect(await store.outbox.giveUp(1_001, 1_050, 'too old')).toBe(1)
      expect(await store.outbox.giveUp(1_001, 1_100, 'too old')).toBe(1)
      expect(await store.outbox.dead(10)).toMatchObject([
        { reason: 'too old' },
        { reason: 'too old' },
      ])
    })

    test('of closed alerts, what was delivered long ago is forgotten; dead letters stay', async () => {
      await owe(
        obligation({ alertId: 'a' }),
        obligation({ alertId: 'b' }),
        obligation({ alertId: 'c' }),
      )
      await claim(1_000)
      await store.outbox.settle(1, 'p1', 1_001, delivered)
      await store.outbox.settle(2, 'p1', 1_001, { state: 'dead', reason: 'x' })
      await store.outbox.settle(3, 'p1', 1_001, delivered)
      await close('a')
      await close('b')
      expect(await store.outbox.purge(1_001)).toBe(0)
      expect(await store.outbox.purge(1_002)).toBe(1)
      expect(await store.outbox.ofAlert('a')).toMatchObject([{ kind: 'resolve' }])
      expect(await store.outbox.dead(10)).toHaveLength(1)
      expect(await store.outbox.ofAlert('c')).toHaveLength(1)
    })
  })
}
