import { type ExpressionBuilder, type Kysely, type Selectable, sql } from 'kysely'
import { z } from 'zod'
import { alertSchema, severities } from '../records/alert.ts'
import { WardwatchError } from '../records/errors.ts'
import {
  type Claim,
  notificationCauses,
  notificationKinds,
  notificationStates,
  type OutboxRow,
  type OutboxStore,
  type Settlement,
} from './outbox-store.ts'
import type { StateTables } from './sql.ts'
import type { NotificationTable } from './sql-outbox-tables.ts'

type Database = Kysely<StateTables>

/** Queries of the outbox, in what SQL databases have in common; errors of the database pass through. */
export function createOutbox(db: Database): OutboxStore {
  return {
    claim: (claim) => claimDue(db, claim),
    settle: (sequence, owner, nowMs, settlement) => settle(db, sequence, owner, nowMs, settlement),
    async nextDueMs(receivers) {
      if (receivers.length === 0) return null
      const { due } = await db
        .selectFrom('notification')
        // Due, and not leased to anybody whose lease is still running.
        .select(
          sql<
            number | null
          >`min(case when lease_until_ms > due_ms then lease_until_ms else due_ms end)`.as('due'),
        )
        .where('state', '=', 'pending')
        .where('receiver', 'in', [...receivers])
        .where(isOldestOfItsKey)
        .executeTakeFirstOrThrow()
      return due
    },
    async giveUp(createdBeforeMs, nowMs, reason) {
      const result = await db
        .updateTable('notification')
        .set({ state: 'dead', reason, finished_ms: nowMs, lease_owner: null })
        .where('state', '=', 'pending')
        .where('created_ms', '<', createdBeforeMs)
        .where('lease_until_ms', '<=', nowMs)
        .executeTakeFirst()
      return Number(result.numUpdatedRows)
    },
    async purge(finishedBeforeMs) {
      const result = await db
        .deleteFrom('notification')
        .where('state', 'in', ['delivered', 'withdrawn'])
        .where('finished_ms', '<', finishedBeforeMs)
        .where('alert_id', 'in', (eb) =>
          eb.selectFrom('alert_row').select('id').where('status', '=', 'closed'),
        )
        .executeTakeFirst()
      return Number(result.numDeletedRows)
    },
    async counts() {
      const rows = await db
        .selectFrom('notification')
        .select((eb) => [
          'receiver',
          'state',
          eb.fn.countAll<number>().as('count'),
          eb.fn.min('created_ms').as('oldest_ms'),
        ])
        .groupBy(['receiver', 'state'])
        .orderBy('receiver')
        .orderBy('state')
        .execute()
      return rows.map((row) => ({
        receiver: row.receiver,
        state: checked(z.enum(notificationStates), row.state),
        count: row.count,
        oldestMs: row.oldest_ms,
      }))
    },
    async dead(limit) {
      const rows = await db
        .selectFrom('notification')
        .selectAll()
        .where('state', '=', 'dead')
        .orderBy('sequence', 'desc')
        .limit(limit)
        .execute()
      return rows.map(rowOf)
    },
    async ofAlert(alertId) {
      const rows = await db
        .selectFrom('notification')
        .selectAll()
        .where('alert_id', '=', alertId)
        .orderBy('sequence')
        .execute()
      return rows.map(rowOf)
    },
    resend: (sequences, nowMs) => resend(db, sequences, nowMs),
  }
}

/** Nothing earlier of the same dedup key is waiting or under way. */
function isOldestOfItsKey(eb: ExpressionBuilder<StateTables, 'notification'>) {
  return eb.not(
    eb.exists(
      eb
        .selectFrom('notification as earlier')
        .select('earlier.sequence')
        .whereRef('earlier.dedup_key', '=', 'notification.dedup_key')
        .whereRef('earlier.sequence', '<', 'notification.sequence')
        .where('earlier.state', '=', 'pending'),
    ),
  )
}

/** One statement: of two processes that ask at once, the second finds the lease of the first. */
async function claimDue(db: Database, claim: Claim): Promise<OutboxRow[]> {
  const { receiver, owner, nowMs, leaseMs, limit } = claim
  const rows = await db
    .updateTable('notification')
    .set({ lease_owner: owner, lease_until_ms: nowMs + leaseMs })
    .where('sequence', 'in', (eb) =>
      eb
        .selectFrom('notification')
        .select('notification.sequence')
        .where('state', '=', 'pending')
        .where('receiver', '=', receiver)
        .where('due_ms', '<=', nowMs)
        .where('lease_until_ms', '<=', nowMs)
        .where(isOldestOfItsKey)
        .orderBy('sequence')
        .limit(limit),
    )
    .where('state', '=', 'pending')
    .where('lease_until_ms', '<=', nowMs)
    .returningAll()
    .execute()
  return rows.map(rowOf).sort((a, b) => a.sequence - b.sequence)
}

async function settle(
  db: Database,
  sequence: number,
  owner: string,
  nowMs: number,
  settlement: Settlement,
): Promise<boolean> {
  const { state, reason } = settlement
  const result = await db
    .updateTable('notification')
    .set((eb) => ({
      state,
      reason,
      attempts: eb('attempts', '+', 1),
      lease_owner: null,
      lease_until_ms: 0,
      ...(settlement.state === 'pending' ? { due_ms: settlement.dueMs } : { finished_ms: nowMs }),
    }))
    .where('sequence', '=', sequence)
    .where('lease_owner', '=', owner)
    .where('state', '=', 'pending')
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** Letters sent again at a time; more are sent by asking again. */
const resendMax = 10_000

async function resend(
  db: Database,
  sequences: readonly number[] | 'all',
  nowMs: number,
): Promise<number> {
  return db.transaction().execute(async (tx) => {
    let query = tx
      .selectFrom('notification')
      .select(['sequence', 'dedup_key'])
      .where('state', '=', 'dead')
      .orderBy('sequence')
      .limit(resendMax)
    if (sequences !== 'all') query = query.where('sequence', 'in', [...sequences])
    const letters = sequences !== 'all' && sequences.length === 0 ? [] : await query.execute()
    const firstOfKey = new Map<string, number>()
    for (const { dedup_key, sequence } of letters)
      if (!firstOfKey.has(dedup_key)) firstOfKey.set(dedup_key, sequence)
    for (const [dedupKey, first] of firstOfKey) {
      await tx
        .updateTable('notification')
        .set({
          state: 'pending',
          attempts: 0,
          created_ms: nowMs,
          due_ms: nowMs,
          lease_owner: null,
          lease_until_ms: 0,
          reason: null,
          finished_ms: null,
        })
        .where('dedup_key', '=', dedupKey)
        .where('sequence', '>=', first)
        .where('state', 'in', ['dead', 'delivered'])
        .execute()
    }
    return letters.length
  })
}

function rowOf(row: Selectable<NotificationTable>): OutboxRow {
  return {
    sequence: row.sequence,
    receiver: row.receiver,
    alertId: row.alert_id,
    key: row.key,
    dedupKey: row.dedup_key,
    groupKey: row.group_key,
    kind: checked(z.enum(notificationKinds), row.kind),
    cause: checked(z.enum(notificationCauses), row.cause),
    severity: checked(z.enum(severities), row.severity),
    alert: checked(alertSchema, JSON.parse(row.alert_json)),
    by: row.by,
    createdMs: row.created_ms,
    state: checked(z.enum(notificationStates), row.state),
    dueMs: row.due_ms,
    attempts: row.attempts,
    reason: row.reason,
    finishedMs: row.finished_ms,
  }
}

/** @throws WardwatchError STATE_INCOMPATIBLE: somebody else has written into our tables. */
function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new WardwatchError(
    'STATE_INCOMPATIBLE',
    'a row of notification is not as this program writes it: restore the back-up',
    { cause: parsed.error },
  )
}
