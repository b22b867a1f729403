import type { Kysely, Selectable, Transaction } from 'kysely'
import { z } from 'zod'
import { alertStatuses } from '../records/alert.ts'
import { historyActions } from '../records/alert-action.ts'
import { controlCommandSchema } from '../records/control.ts'
import { WardwatchError } from '../records/errors.ts'
import type {
  AlertChange,
  AlertChangeStore,
  HistoryEntry,
  StoredCommand,
} from './alert-change-store.ts'
import { appendAudit } from './sql-audit.ts'
import type { StateTables } from './sql.ts'
import type { AlertHistoryTable } from './sql-alert-change-tables.ts'
import { handlingFrom, handlingJson, writeHistory } from './sql-handling.ts'
import { withdrawPages, writeObligations } from './sql-obligations.ts'
import { takeNumbers } from './sql-sequence.ts'

type Database = Kysely<StateTables>
type Tx = Transaction<StateTables>

/** Queries of what people do to alerts; errors of the database pass through. */
export function createAlertChanges(db: Database): AlertChangeStore {
  return {
    change: (change) => db.transaction().execute((tx) => applyChange(tx, change)),
    async historyOf(alertId) {
      const rows = await db
        .selectFrom('alert_history')
        .selectAll()
        .where('alert_id', '=', alertId)
        .orderBy('revision')
        .execute()
      return rows.map(entryOf)
    },
    async unsentCommands(limit) {
      const rows = await db
        .selectFrom('control_command')
        .selectAll()
        .where('sent_ms', 'is', null)
        .orderBy('sequence')
        .limit(limit)
        .execute()
      return rows.map(commandOf)
    },
    async markSent(sequences, atMs) {
      if (sequences.length === 0) return
      await db
        .updateTable('control_command')
        .set({ sent_ms: atMs })
        .where('sequence', 'in', [...sequences])
        .execute()
    },
    async sentCommands(limit) {
      const rows = await db
        .selectFrom('control_command')
        .selectAll()
        .where('sent_ms', 'is not', null)
        .orderBy('sequence', 'desc')
        .limit(limit)
        .execute()
      return rows.map(commandOf).reverse()
    },
  }
}

async function applyChange(tx: Tx, change: AlertChange): Promise<number | null> {
  const { alertId, basisRevision, entry } = change
  // The counter first, as every fold does: changes of rows come one after the other.
  const revision = await takeNumbers(tx, 'alert_row', 1)
  const result = await tx
    .updateTable('alert_row')
    .set({
      revision,
      status: entry.after.status,
      handling_json: handlingJson(entry.after.handling),
    })
    .where('id', '=', alertId)
    .where('revision', '=', basisRevision)
    .executeTakeFirst()
  if (result.numUpdatedRows === 0n) {
    // Nothing else was written; the number is given back, so that revisions have no holes.
    await takeNumbers(tx, 'alert_row', -1)
    return null
  }
  await writeHistory(tx, alertId, { ...entry, revision })
  if (change.withdrawsPages) await withdrawPages(tx, alertId, entry.atMs)
  await writeObligations(tx, change.obligations)
  for (const command of change.commands) {
    const sequence = await takeNumbers(tx, 'control_command', 1)
    const values = { sequence, command_json: JSON.stringify(command), sent_ms: null }
    await tx.insertInto('control_command').values(values).execute()
  }
  await appendAudit(tx, change.audit)
  return revision
}

const statusSchema = z.enum(alertStatuses)

function entryOf(row: Selectable<AlertHistoryTable>): HistoryEntry {
  try {
    return {
      revision: row.revision,
      atMs: row.at_ms,
      by: row.by,
      action: z.enum(historyActions).parse(row.action),
      before: {
        status: statusSchema.parse(row.before_status),
        handling: handlingFrom(row.before_handling_json),
      },
      after: { status: statusSchema.parse(row.status), handling: handlingFrom(row.handling_json) },
    }
  } catch (cause) {
    throw incompatible('alert_history', cause)
  }
}

function commandOf(row: { sequence: number; command_json: string }): StoredCommand {
  try {
    const command = controlCommandSchema.parse(JSON.parse(row.command_json))
    return { sequence: row.sequence, command }
  } catch (cause) {
    throw incompatible('control_command', cause)
  }
}

function incompatible(table: string, cause: unknown): WardwatchError {
  return new WardwatchError(
    'STATE_INCOMPATIBLE',
    `a row of ${table} is not as this program writes it: restore the back-up`,
    { cause },
  )
}
