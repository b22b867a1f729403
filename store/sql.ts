import type { Generated, Kysely, Transaction } from 'kysely'
import { z } from 'zod'
import { WardwatchError } from '../records/errors.ts'
import {
  type AccountTable,
  addAccess,
  type SessionTable,
  type SetUpLinkTable,
} from './sql-access-tables.ts'
import { addAudit, type AuditHeadTable, type AuditTable } from './sql-audit-tables.ts'
import {
  addAlertChanges,
  type AlertHistoryTable,
  type ControlCommandTable,
} from './sql-alert-change-tables.ts'
import { addOutbox, type NotificationTable } from './sql-outbox-tables.ts'
import { addDevices, type SensorTable } from './sql-device-tables.ts'
import {
  addHistory,
  type HistoryFileTable,
  type HistoryGapTable,
  type HistoryStateTable,
} from './sql-segment-tables.ts'
import { addSeries, type SeriesPeersTable, type SeriesPositionTable } from './sql-series-tables.ts'
import type { HostProgressRow } from './state-store.ts'

// Tables of the state store (docs/formats/state-store.md), the same in every database. Times are µs since the epoch,
// truth values are 0 and 1, `…_json` columns hold JSON text, `value` and `state` belong to the analyzer.

export interface StateTables {
  /** One row: which migrations this database has seen. */
  schema_version: { name: string; version: number }
  partition_state: {
    partition: number
    epoch: number
    next_offset: number
    state: Uint8Array | null
  }
  host_section: { partition: number; host: string; section: string; value: Uint8Array }
  host_progress: {
    host: string
    site: string
    state: HostProgressRow['state']
    is_approved: number
    first_seen_us: number
    last_seen_us: number
    days_seen: number
    active_hours: number
    relations: number
    address: string | null
    mac: string | null
    vendor: string | null
    name: string | null
    device_class: string | null
    zone: string | null
  }
  sensor_health: SensorTable
  history_file: HistoryFileTable
  history_gap: HistoryGapTable
  history_state: HistoryStateTable
  alert_history: AlertHistoryTable
  control_command: ControlCommandTable
  notification: NotificationTable
  alert_row: {
    id: string
    row_key: string
    revision: number
    status: string
    first_seen_us: number
    last_seen_us: number
    count: number
    leading_json: string
    peers_json: string
    previous_id: string | null
    /** That of the leading anomaly, so that a list can leave out what is not shown. */
    score: number
    /** What people have made of it; null while nobody has touched it. */
    handling_json: string | null
    /** Key of the owner, out of `row_key`. */
    view_key: string | null
  }
  alert_anomaly: { id: string; alert_id: string; oldest_us: number; anomaly_json: string }
  fold_position: { partition: number; offset: number; index: number }
  fold_ended: { sensor: string; run: string; partition: number }
  audit_log: AuditTable
  audit_head: AuditHeadTable
  account: AccountTable
  session: SessionTable
  set_up_link: SetUpLinkTable
  series_position: SeriesPositionTable
  series_peers: SeriesPeersTable
  /** `alert_row`: the last revision given out. Its lock puts folds of several processes into one order. */
  revision_counter: { name: string; value: Generated<number> }
}

/** What databases call differently. */
export interface SqlTypes {
  readonly bytes: 'blob' | 'bytea'
}

type Migration = (db: Transaction<StateTables>, types: SqlTypes) => Promise<void>

/** Migration n leads to version n + 1. Never changed once released, only added to. */
const migrations: readonly Migration[] = [
  createFirstTables,
  addAlertScore,
  addAudit,
  addAccess,
  addDevices,
  addAlertChanges,
  addOutbox,
  addHistory,
  addSeries,
]

/** The version that this program reads and writes. */
export const schemaVersion = migrations.length

/**
 * Brings the database to `schemaVersion`, in one transaction.
 * @throws WardwatchError STATE_INCOMPATIBLE when a newer program has written it; retrying is no use.
 */
export async function migrate(db: Kysely<StateTables>, types: SqlTypes): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await transaction.schema
      .createTable('schema_version')
      .ifNotExists()
      .addColumn('name', 'text', (c) => c.primaryKey())
      .addColumn('version', 'integer', (c) => c.notNull())
      .execute()
    const row = await transaction
      .selectFrom('schema_version')
      .select('version')
      .where('name', '=', 'state')
      .executeTakeFirst()
    const version = row?.version ?? 0
    if (version > schemaVersion) throw tooNew(version)
    for (const migration of migrations.slice(version)) await migration(transaction, types)
    await transaction
      .insertInto('schema_version')
      .values({ name: 'state', version: schemaVersion })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ version: schemaVersion }))
      .execute()
  })
}

function tooNew(version: number): WardwatchError {
  return new WardwatchError(
    'STATE_INCOMPATIBLE',
    `the state has version ${version}, this program reads up to ${schemaVersion}: start the newer program, or another data folder`,
    { fields: { version, schemaVersion } },
  )
}

async function createFirstTables(db: Transaction<StateTables>, types: SqlTypes): Promise<void> {
  await createPartitionTables(db, types)
  await createProgressTable(db)
  await createAlertTables(db)
}

async function createPartitionTables(db: Transaction<StateTables>, types: SqlTypes): Promise<void> {
  await db.schema
    .createTable('partition_state')
    .addColumn('partition', 'integer', (c) => c.primaryKey())
    .addColumn('epoch', 'bigint', (c) => c.notNull())
    .addColumn('next_offset', 'bigint', (c) => c.notNull())
    .addColumn('state', types.bytes as 'blob')
    .execute()
  await db.schema
    .createTable('host_section')
    .addColumn('partition', 'integer', (c) => c.notNull())
    .addColumn('host', 'text', (c) => c.notNull())
    .addColumn('section', 'text', (c) => c.notNull())
    .addColumn('value', types.bytes as 'blob', (c) => c.notNull())
    .addPrimaryKeyConstraint('host_section_key', ['partition', 'host', 'section'])
    .execute()
}

async function createProgressTable(db: Transaction<StateTables>): Promise<void> {
  await db.schema
    .createTable('host_progress')
    .addColumn('host', 'text', (c) => c.primaryKey())
    .addColumn('site', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('is_approved', 'integer', (c) => c.notNull())
    .addColumn('first_seen_us', 'bigint', (c) => c.notNull())
    .addColumn('last_seen_us', 'bigint', (c) => c.notNull())
    .addColumn('days_seen', 'integer', (c) => c.notNull())
    .addColumn('active_hours', 'integer', (c) => c.notNull())
    .addColumn('relations', 'integer', (c) => c.notNull())
    .addColumn('address', 'text')
    .addColumn('mac', 'text')
    .addColumn('vendor', 'text')
    .execute()
}

async function createAlertTables(db: Transaction<StateTables>): Promise<void> {
  await db.schema
    .createTable('alert_row')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('row_key', 'text', (c) => c.notNull())
    .addColumn('revision', 'bigint', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('first_seen_us', 'bigint', (c) => c.notNull())
    .addColumn('last_seen_us', 'bigint', (c) => c.notNull())
    .addColumn('count', 'bigint', (c) => c.notNull())
    .addColumn('leading_json', 'text', (c) => c.notNull())
    .addColumn('peers_json', 'text', (c) => c.notNull())
    .addColumn('previous_id', 'text')
    .execute()
  await db.schema
    .createIndex('alert_row_by_key')
    .on('alert_row')
    .columns(['row_key', 'first_seen_us'])
    .execute()
  await db.schema
    .createIndex('alert_row_by_revision')
    .unique()
    .on('alert_row')
    .column('revision')
    .execute()
  await db.schema
    .createIndex('alert_row_by_last_seen')
    .on('alert_row')
    .column('last_seen_us')
    .execute()
  await db.schema
    .createTable('alert_anomaly')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('alert_id', 'text', (c) => c.notNull())
    .addColumn('oldest_us', 'bigint', (c) => c.notNull())
    .addColumn('anomaly_json', 'text', (c) => c.notNull())
    .execute()
  await db.schema
    .createIndex('alert_anomaly_by_alert')
    .on('alert_anomaly')
    .columns(['alert_id', 'oldest_us'])
    .execute()
  await db.schema
    .createTable('fold_position')
    .addColumn('partition', 'integer', (c) => c.primaryKey())
    .addColumn('offset', 'bigint', (c) => c.notNull())
    .addColumn('index', 'integer', (c) => c.notNull())
    .execute()
  await db.schema
    .createTable('fold_ended')
    .addColumn('sensor', 'text', (c) => c.notNull())
    .addColumn('run', 'text', (c) => c.notNull())
    .addColumn('partition', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('fold_ended_key', ['sensor', 'run', 'partition'])
    .execute()
  await db.schema
    .createTable('revision_counter')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('value', 'bigint', (c) => c.notNull())
    .execute()
  await db.insertInto('revision_counter').values({ name: 'alert_row', value: 0 }).execute()
}

/** Rows changed between two looks at the table, so that a large one does not have to fit the memory. */
const migrationRows = 1000

/** Rows know the score of their leading anomaly; the index gives the list without looking at what it leaves out. */
async function addAlertScore(db: Transaction<StateTables>): Promise<void> {
  await db.schema
    .alterTable('alert_row')
    .addColumn('score', 'double precision', (c) => c.notNull().defaultTo(0))
    .execute()
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('alert_row')
      .select(['id', 'leading_json'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(migrationRows)
      .execute()
    for (const { id, leading_json } of rows) {
      const { score } = scoreSchema.parse(JSON.parse(leading_json))
      await db.updateTable('alert_row').set({ score }).where('id', '=', id).execute()
    }
    const last = rows.at(-1)
    if (last === undefined) break
    after = last.id
  }
  await db.schema.dropIndex('alert_row_by_last_seen').execute()
  await db.schema
    .createIndex('alert_row_by_last_seen')
    .on('alert_row')
    .columns(['last_seen_us desc', 'id', 'score'])
    .execute()
}

const scoreSchema = z.object({ score: z.number() })
