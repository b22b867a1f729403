import type { Transaction } from 'kysely'
import { firstHash } from './audit-chain.ts'

/** One row an entry, never changed. */
export interface AuditTable {
  sequence: number
  at_ms: number
  by: string
  from: string
  action: string
  object: string
  details_json: string
  previous_hash: string
  hash: string
}

/** One row, `audit`: where the chain ends. Its lock puts writers of several processes into one order. */
export interface AuditHeadTable {
  name: string
  sequence: number
  hash: string
}

/** The audit log and its head. */
export async function addAudit<Tables>(db: Transaction<Tables>): Promise<void> {
  await db.schema
    .createTable('audit_log')
    .addColumn('sequence', 'bigint', (c) => c.primaryKey())
    .addColumn('at_ms', 'bigint', (c) => c.notNull())
    .addColumn('by', 'text', (c) => c.notNull())
    .addColumn('from', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('object', 'text', (c) => c.notNull())
    .addColumn('details_json', 'text', (c) => c.notNull())
    .addColumn('previous_hash', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createIndex('audit_log_by_action')
    .on('audit_log')
    .columns(['action', 'sequence'])
    .execute()
  await db.schema
    .createTable('audit_head')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('sequence', 'bigint', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull().defaultTo(firstHash))
    .execute()
}
