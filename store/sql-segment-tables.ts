import type { Transaction } from 'kysely'
import type { HistoryFile, HistoryGap } from './segment-store.ts'

// Manifest of the history (docs/formats/history.md).

export interface HistoryFileTable {
  name: string
  kind: HistoryFile['kind']
  number: number
  from_us: number
  to_us: number
  rows: number
  bytes: number
  sha256: string
}

export interface HistoryGapTable {
  site: string
  sensor: string
  partition: number
  from_us: number
  to_us: number
  reason: HistoryGap['reason']
  messages: number
}

/** `positions`: where the sealed rows end; `merge`: highest number of a merge, as text. */
export interface HistoryStateTable {
  name: string
  value: Uint8Array
}

/** Files and gaps of the history, and where its sealed rows end. */
export async function addHistory<Tables>(
  db: Transaction<Tables>,
  types: { readonly bytes: 'blob' | 'bytea' },
): Promise<void> {
  await db.schema
    .createTable('history_file')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('number', 'bigint', (c) => c.notNull())
    .addColumn('from_us', 'bigint', (c) => c.notNull())
    .addColumn('to_us', 'bigint', (c) => c.notNull())
    .addColumn('rows', 'bigint', (c) => c.notNull())
    .addColumn('bytes', 'bigint', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('history_gap')
    .addColumn('site', 'text', (c) => c.notNull())
    .addColumn('sensor', 'text', (c) => c.notNull())
    .addColumn('partition', 'integer', (c) => c.notNull())
    .addColumn('from_us', 'bigint', (c) => c.notNull())
    .addColumn('to_us', 'bigint', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('messages', 'bigint', (c) => c.notNull())
    .execute()
  await db.schema
    .createIndex('history_gap_by_time')
    .on('history_gap')
    .columns(['from_us', 'to_us'])
    .execute()
  await db.schema
    .createTable('history_state')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', types.bytes as 'blob', (c) => c.notNull())
    .execute()
}
