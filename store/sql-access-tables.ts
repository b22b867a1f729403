import type { Transaction } from 'kysely'

/** A person who may log in; `user` is a reserved word in SQL. */
export interface AccountTable {
  id: string
  name: string
  role: string
  password_hash: string
  is_disabled: number
  created_ms: number
  changed_ms: number
}

export interface SessionTable {
  hash: string
  account_id: string
  created_ms: number
  active_ms: number
  from: string
  agent: string
}

/** At most one row: the link that makes the first administrator. */
export interface SetUpLinkTable {
  name: string
  hash: string
  expires_ms: number
}

/** Users, sessions and the set-up link. */
export async function addAccess<Tables>(db: Transaction<Tables>): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('password_hash', 'text', (c) => c.notNull())
    .addColumn('is_disabled', 'integer', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('changed_ms', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('session')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('account_id', 'text', (c) => c.notNull())
    .addColumn('created_ms', 'bigint', (c) => c.notNull())
    .addColumn('active_ms', 'bigint', (c) => c.notNull())
    .addColumn('from', 'text', (c) => c.notNull())
    .addColumn('agent', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('session_by_account').on('session').column('account_id').execute()
  await db.schema
    .createTable('set_up_link')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('hash', 'text', (c) => c.notNull())
    .addColumn('expires_ms', 'bigint', (c) => c.notNull())
    .execute()
}
