import type { Transaction } from 'kysely'
import type { ObligationDraft } from './outbox-store.ts'
import type { StateTables } from './sql.ts'
import { takeNumbers } from './sql-sequence.ts'

type Tx = Transaction<StateTables>

/** Writes what is owed into the transaction that made it owed (docs/decisions/0017). */
export async function writeObligations(tx: Tx, drafts: readonly ObligationDraft[]): Promise<void> {
  for (const draft of drafts) {
    if (draft.isFollowUp && !(await wasPaged(tx, draft))) continue
    const plannedMs = await plannedMsOf(tx, draft)
    const sequence = await takeNumbers(tx, 'notification', 1)
    await tx
      .insertInto('notification')
      .values({
        sequence,
        receiver: draft.receiver,
        alert_id: draft.alertId,
        key: draft.key,
        dedup_key: draft.dedupKey,
        group_key: draft.groupKey,
        kind: draft.kind,
        cause: draft.cause,
        severity: draft.severity,
        alert_json: JSON.stringify(draft.alert),
        by: draft.by,
        state: 'pending',
        created_ms: draft.createdMs,
        planned_ms: plannedMs,
        due_ms: plannedMs,
        attempts: 0,
        lease_owner: null,
        lease_until_ms: 0,
        reason: null,
        finished_ms: null,
      })
      .execute()
  }
}

/** Pages, and acknowledgements, that nobody has begun to send are not sent any more: the resolve says it all. */
export async function withdrawPages(tx: Tx, alertId: string, atMs: number): Promise<void> {
  await tx
    .updateTable('notification')
    .set({ state: 'withdrawn', reason: 'closed before it was sent', finished_ms: atMs })
    .where('alert_id', '=', alertId)
    .where('kind', 'in', ['trigger', 'acknowledge'])
    .where('state', '=', 'pending')
    .where('attempts', '=', 0)
    // A lease that has run out may have sent it: the process died before it could tell.
    .where('lease_owner', 'is', null)
    .execute()
}

/** The receiver knows of the alert, or will: a dead page may have arrived, or be sent again. */
async function wasPaged(tx: Tx, { alertId, receiver }: ObligationDraft): Promise<boolean> {
  const page = await tx
    .selectFrom('notification')
    .select('sequence')
    .where('alert_id', '=', alertId)
    .where('receiver', '=', receiver)
    .where('kind', '=', 'trigger')
    .where('state', '!=', 'withdrawn')
    .limit(1)
    .executeTakeFirst()
  return page !== undefined
}

/** At once for the first of a group; what follows sooner than the wait goes together when it has passed. */
async function plannedMsOf(tx: Tx, draft: ObligationDraft): Promise<number> {
  const { createdMs, groupWaitMs } = draft
  if (draft.kind !== 'trigger' || groupWaitMs === 0) return createdMs
  const { last } = await tx
    .selectFrom('notification')
    .select((eb) => eb.fn.max('planned_ms').as('last'))
    .where('receiver', '=', draft.receiver)
    .where('group_key', '=', draft.groupKey)
    .where('planned_ms', '>', createdMs - groupWaitMs)
    .where('kind', '=', 'trigger')
    .where('state', '!=', 'withdrawn')
    .executeTakeFirstOrThrow()
  const lastMs = last as number | null
  if (lastMs === null) return createdMs
  // The wall clock may have been set back: nobody waits longer than the wait.
  return lastMs >= createdMs
    ? Math.min(lastMs, createdMs + groupWaitMs)
    : Math.max(createdMs, lastMs + groupWaitMs)
}
