import type { Kysely, Transaction } from 'kysely'
import { WardwatchError } from '../records/errors.ts'
import type { SeriesCommit, SeriesReader, SeriesStateStore } from './series-state-store.ts'
import type { StateTables } from './sql.ts'

type Tx = Transaction<StateTables>

/** Rows of one statement, three columns each. */
const rowsPerInsert = 1_000

/** Queries of series-state-store.ts; errors of the database pass through. */
export function createSeriesStates(db: Kysely<StateTables>): SeriesStateStore {
  return {
    acquire: (reader, partition) =>
      db.transaction().execute((tx) => acquire(tx, reader, partition)),
    knownPeers: (partition) =>
      db
        .selectFrom('series_peers')
        .select(['device', 'peers'])
        .where('partition', '=', partition)
        .orderBy('device')
        .execute(),
    commit: (commit) => db.transaction().execute((tx) => write(tx, commit)),
  }
}

async function acquire(
  tx: Tx,
  reader: SeriesReader,
  partition: number,
): Promise<{ epoch: number; state: Uint8Array | null }> {
  const row = await tx
    .insertInto('series_position')
    .values({ reader, partition, epoch: 1, state: null })
    .onConflict((conflict) =>
      conflict
        .columns(['reader', 'partition'])
        .doUpdateSet((eb) => ({ epoch: eb('series_position.epoch', '+', 1) })),
    )
    .returning(['epoch', 'state'])
    .executeTakeFirstOrThrow()
  return { epoch: row.epoch, state: row.state }
}

async function write(tx: Tx, commit: SeriesCommit): Promise<void> {
  const { reader, partition, epoch, state, knownPeers, forgotten } = commit
  const updated = await tx
    .updateTable('series_position')
    .set({ state })
    .where('reader', '=', reader)
    .where('partition', '=', partition)
    .where('epoch', '=', epoch)
    .executeTakeFirst()
  if (updated.numUpdatedRows !== 1n)
    throw new WardwatchError(
      'PARTITION_LOST',
      `the series of partition ${partition} belong to another writer`,
      { fields: { reader, partition, epoch } },
    )
  for (let at = 0; at < forgotten.length; at += rowsPerInsert)
    await tx
      .deleteFrom('series_peers')
      .where('partition', '=', partition)
      .where('device', 'in', forgotten.slice(at, at + rowsPerInsert))
      .execute()
  for (let at = 0; at < knownPeers.length; at += rowsPerInsert)
    await tx
      .insertInto('series_peers')
      .values(
        knownPeers
          .slice(at, at + rowsPerInsert)
          .map(({ device, peers }) => ({ partition, device, peers })),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['partition', 'device'])
          .doUpdateSet((eb) => ({ peers: eb.ref('excluded.peers') })),
      )
      .execute()
}
