import type { Insertable, Kysely, Selectable, Transaction } from 'kysely'
import { WardwatchError } from '../records/errors.ts'
import type { StateTables } from './sql.ts'
import type {
  HostProgressRow,
  HostSectionRow,
  PartitionCommit,
  PartitionRow,
  PartitionStates,
} from './state-store.ts'

type Database = Kysely<StateTables>
type Tx = Transaction<StateTables>

/** Rows of one INSERT: 15 columns at most, and SQLite takes 32,766 parameters, PostgreSQL 65,535. */
const rowsPerInsert = 400

/** Queries of partition and host state, in what SQL databases have in common; errors of the database pass through. */
export function createPartitionStates(db: Database): PartitionStates {
  return {
    acquire: (partition) => db.transaction().execute((tx) => acquire(tx, partition)),
    load: (partition) => load(db, partition),
    commit: (commit) => db.transaction().execute((tx) => commitPartition(tx, commit)),
    progress: (host) => progress(db, host),
  }
}

async function acquire(tx: Tx, partition: number): Promise<PartitionRow> {
  const row = await tx
    .insertInto('partition_state')
    .values({ partition, epoch: 1, next_offset: 0, state: null })
    .onConflict((conflict) =>
      conflict
        .column('partition')
        .doUpdateSet((eb) => ({ epoch: eb('partition_state.epoch', '+', 1) })),
    )
    .returningAll()
    .executeTakeFirstOrThrow()
  return { partition, epoch: row.epoch, nextOffset: row.next_offset, state: row.state }
}

function load(db: Database, partition: number): Promise<HostSectionRow[]> {
  return db
    .selectFrom('host_section')
    .select(['host', 'section', 'value'])
    .where('partition', '=', partition)
    .orderBy('host')
    .orderBy('section')
    .execute()
}

async function commitPartition(
  tx: Tx,
  { row, sections, removedHosts, progress }: PartitionCommit,
): Promise<void> {
  // The compare-and-set comes first: its row lock keeps a successor out until this commit has ended.
  const updated = await tx
    .updateTable('partition_state')
    .set({ next_offset: row.nextOffset, state: row.state })
    .where('partition', '=', row.partition)
    .where('epoch', '=', row.epoch)
    .executeTakeFirst()
  if (updated.numUpdatedRows !== 1n) {
    throw new WardwatchError(
      'PARTITION_LOST',
      `partition ${row.partition} belongs to another worker`,
      {
        fields: { partition: row.partition, epoch: row.epoch },
      },
    )
  }
  for (const hosts of chunks(removedHosts)) {
    await tx
      .deleteFrom('host_section')
      .where('partition', '=', row.partition)
      .where('host', 'in', hosts)
      .execute()
    await tx.deleteFrom('host_progress').where('host', 'in', hosts).execute()
  }
  for (const some of chunks(sections)) {
    await tx
      .insertInto('host_section')
      .values(
        some.map(({ host, section, value }) => ({
          partition: row.partition,
          host,
          section,
          value,
        })),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['partition', 'host', 'section'])
          .doUpdateSet((eb) => ({ value: eb.ref('excluded.value') })),
      )
      .execute()
  }
  for (const some of chunks(progress)) await upsertProgress(tx, some)
}

async function upsertProgress(tx: Tx, rows: readonly HostProgressRow[]): Promise<void> {
  await tx
    .insertInto('host_progress')
    .values(rows.map(progressRecord))
    .onConflict((conflict) =>
      conflict.column('host').doUpdateSet((eb) => ({
        site: eb.ref('excluded.site'),
        state: eb.ref('excluded.state'),
        is_approved: eb.ref('excluded.is_approved'),
        first_seen_us: eb.ref('excluded.first_seen_us'),
        last_seen_us: eb.ref('excluded.last_seen_us'),
        days_seen: eb.ref('excluded.days_seen'),
        active_hours: eb.ref('excluded.active_hours'),
        relations: eb.ref('excluded.relations'),
        address: eb.ref('excluded.address'),
        mac: eb.ref('excluded.mac'),
        vendor: eb.ref('excluded.vendor'),
        name: eb.ref('excluded.name'),
        device_class: eb.ref('excluded.device_class'),
        zone: eb.ref('excluded.zone'),
      })),
    )
    .execute()
}

function progressRecord(row: HostProgressRow): Insertable<StateTables['host_progress']> {
  return {
    host: row.host,
    site: row.site,
    state: row.state,
    is_approved: row.isApproved ? 1 : 0,
    first_seen_us: row.firstSeenUs,
    last_seen_us: row.lastSeenUs,
    days_seen: row.daysSeen,
    active_hours: row.activeHours,
    relations: row.relations,
    address: row.address,
    mac: row.mac,
    vendor: row.vendor,
    name: row.name,
    device_class: row.deviceClass,
    zone: row.zone,
  }
}

async function progress(db: Database, host: string): Promise<HostProgressRow | null> {
  const row = await db
    .selectFrom('host_progress')
    .selectAll()
    .where('host', '=', host)
    .executeTakeFirst()
  return row === undefined ? null : progressOf(row)
}

/** A row as the store's interface tells it. */
export function progressOf(row: Selectable<StateTables['host_progress']>): HostProgressRow {
  return {
    host: row.host,
    site: row.site,
    state: row.state,
    isApproved: row.is_approved !== 0,
    firstSeenUs: row.first_seen_us,
    lastSeenUs: row.last_seen_us,
    daysSeen: row.days_seen,
    activeHours: row.active_hours,
    relations: row.relations,
    address: row.address,
    mac: row.mac,
    vendor: row.vendor,
    name: row.name,
    deviceClass: row.device_class,
    zone: row.zone,
  }
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += rowsPerInsert) yield rows.slice(at, at + rowsPerInsert)
}
