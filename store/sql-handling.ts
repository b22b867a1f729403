import type { Transaction } from 'kysely'
import { z } from 'zod'
import { verdicts } from '../records/alert-action.ts'
import type { Handling, HistoryEntry } from './alert-change-store.ts'
import type { StateTables } from './sql.ts'

type Tx = Transaction<StateTables>

/** Adds one change of status, in the transaction that makes it. */
export async function writeHistory(tx: Tx, alertId: string, entry: HistoryEntry): Promise<void> {
  const { revision, atMs, by, action, before, after } = entry
  await tx
    .insertInto('alert_history')
    .values({
      alert_id: alertId,
      revision,
      at_ms: atMs,
      by,
      action,
      status: after.status,
      handling_json: handlingJson(after.handling),
      before_status: before.status,
      before_handling_json: handlingJson(before.handling),
    })
    .execute()
}

export function handlingJson(handling: Handling | null): string | null {
  return handling === null ? null : JSON.stringify(handling)
}

const handlingSchema = z.object({
  by: z.string(),
  atMs: z.number(),
  verdict: z.enum(verdicts).nullable(),
  reason: z.string().nullable(),
  taught: z.array(z.string()),
})

/** What `alert_row` and `alert_history` hold of it. @throws ZodError, SyntaxError */
export function handlingFrom(json: string | null): Handling | null {
  return json === null ? null : handlingSchema.parse(JSON.parse(json))
}
