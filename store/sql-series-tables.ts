import type { Transaction } from 'kysely'

/** Where the series of a partition go on; compare-and-set on `epoch`. */
export interface SeriesPositionTable {
  reader: string
  partition: number
  epoch: number
  state: Uint8Array | null
}

/** Peers that a device has dealt with (history/known-peers.ts). */
export interface SeriesPeersTable {
  partition: number
  device: string
  peers: Uint8Array
}

export async function addSeries<Tables>(
  db: Transaction<Tables>,
  types: { readonly bytes: 'blob' | 'bytea' },
): Promise<void> {
  await db.schema
    .createTable('series_position')
    .addColumn('reader', 'text', (c) => c.notNull())
    .addColumn('partition', 'integer', (c) => c.notNull())
    .addColumn('epoch', 'bigint', (c) => c.notNull())
    .addColumn('state', types.bytes as 'blob')
    .addPrimaryKeyConstraint('series_position_key', ['reader', 'partition'])
    .execute()
  await db.schema
    .createTable('series_peers')
    .addColumn('partition', 'integer', (c) => c.notNull())
    .addColumn('device', 'text', (c) => c.notNull())
    .addColumn('peers', types.bytes as 'blob', (c) => c.notNull())
    .addPrimaryKeyConstraint('series_peers_key', ['partition', 'device'])
    .execute()
}
