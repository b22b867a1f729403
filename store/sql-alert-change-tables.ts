import type { Transaction } from 'kysely'

/** What people have done to alerts, oldest first by revision. */
export interface AlertHistoryTable {
  alert_id: string
  revision: number
  at_ms: number
  by: string
  action: string
  status: string
  handling_json: string | null
  before_status: string
  before_handling_json: string | null
}

/** Commands to the analyzers; `sent_ms` is null until the bus has accepted them. */
export interface ControlCommandTable {
  sequence: number
  command_json: string
  sent_ms: number | null
}

/** How a row was handled, the history of it, and the commands that came of it. */
export async function addAlertChanges<Tables>(db: Transaction<Tables>): Promise<void> {
  await db.schema.alterTable('alert_row').addColumn('handling_json', 'text').execute()
  await db.schema
    .createTable('alert_history')
    .addColumn('alert_id', 'text', (c) => c.notNull())
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('handling_json', 'text')
    .addColumn('before_status', 'text', (c) => c.notNull())
    .addColumn('before_handling_json', 'text')
    .addPrimaryKeyConstraint('alert_history_key', ['alert_id', 'revision'])
    .execute()
  await db.schema
    .createTable('control_command')
    .addColumn('sequence', 'bigint', (c) => c.primaryKey())
    .addColumn('command_json', 'text', (c) => c.notNull())
    .addColumn('sent_ms', 'bigint')
    .execute()
  await db.schema
    .createIndex('control_command_by_sent')
    .on('control_command')
    .columns(['sent_ms', 'sequence'])
    .execute()
}
