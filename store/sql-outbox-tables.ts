import type { Transaction } from 'kysely'

/** Deliveries owed to receivers; `lease_owner` is null while nobody sends it. */
export interface NotificationTable {
  sequence: number
  receiver: string
  alert_id: string
  key: string
  dedup_key: string
  group_key: string
  kind: string
  cause: string
  severity: string
  alert_json: string
  by: string | null
  state: string
  created_ms: number
  /** When it was to be sent at first; retries move `due_ms` only. */
  planned_ms: number
  due_ms: number
  attempts: number
  lease_owner: string | null
  lease_until_ms: number
  reason: string | null
  finished_ms: number | null
}

export async function addOutbox<Tables>(db: Transaction<Tables>): Promise<void> {
  await db.schema
    .createTable('notification')
    .addColumn('sequence', 'bigint', (c) => c.primaryKey())
    .addColumn('receiver', 'text', (c) => c.notNull())
    .addColumn('alert_id', 'text', (c) => c.notNull())
    .addColumn('key', 'text', (c) => c.notNull())
    .addColumn('dedup_key', 'text', (c) => c.notNull())
    .addColumn('group_key', 'text', (c) => c.notNull())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('cause', 'text', (c) => c.notNull())
    .addColumn('severity', 'text', (c) => c.notNull())
    .addColumn('alert_json', 'text', (c) => c.notNull())
    .addColumn('by', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('planned_ms', 'bigint', (c) => c.notNull())
    .addColumn('due_ms', 'bigint', (c) => c.notNull())
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('lease_owner', 'text')
    .addColumn('lease_until_ms', 'bigint', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('finished_ms', 'bigint')
    .execute()
  const indexes: [string, string[]][] = [
    ['notification_by_due', ['state', 'receiver', 'due_ms', 'sequence']],
    ['notification_by_dedup_key', ['dedup_key', 'sequence']],
    ['notification_by_alert', ['alert_id', 'receiver', 'kind']],
    ['notification_by_group', ['receiver', 'group_key', 'planned_ms']],
    ['notification_by_age', ['state', 'finished_ms']],
  ]
  for (const [name, columns] of indexes)
    await db.schema.createIndex(name).on('notification').columns(columns).execute()
}
