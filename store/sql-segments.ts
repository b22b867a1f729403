import type { Kysely, Transaction } from 'kysely'
import type { ManifestChange, SegmentStore } from './segment-store.ts'
import type { StateTables } from './sql.ts'

/** Queries of the manifest; errors of the database pass through. */
export function createSegmentStore(db: Kysely<StateTables>): SegmentStore {
  return {
    async files() {
      const rows = await db
        .selectFrom('history_file')
        .selectAll()
        .orderBy('from_us')
        .orderBy('name')
        .execute()
      return rows.map(({ from_us: fromUs, to_us: toUs, ...file }) => ({ ...file, fromUs, toUs }))
    },
    commit: (change) => db.transaction().execute((tx) => commitManifest(tx, change)),
    async gaps(fromUs, toUs) {
      const rows = await db
        .selectFrom('history_gap')
        .selectAll()
        .where('from_us', '<', toUs)
        .where('to_us', '>', fromUs)
        .orderBy('from_us')
        .orderBy('to_us')
        .orderBy('partition')
        .execute()
      return rows.map(({ from_us, to_us, ...gap }) => ({ ...gap, fromUs: from_us, toUs: to_us }))
    },
    async state() {
      const row = await db
        .selectFrom('history_state')
        .select('value')
        .where('name', '=', 'positions')
        .executeTakeFirst()
      return row?.value ?? null
    },
    reserveMerge: () =>
      db.transaction().execute(async (tx) => {
        const number = (await mergeNumber(tx)) + 1
        await putState(tx, 'merge', new TextEncoder().encode(String(number)))
        return number
      }),
    mergeNumber: () => mergeNumber(db),
  }
}

async function commitManifest(
  tx: Transaction<StateTables>,
  { add, remove, gaps, state }: ManifestChange,
): Promise<void> {
  for (const { fromUs, toUs, ...file } of add) {
    await tx
      .insertInto('history_file')
      .values({ ...file, from_us: fromUs, to_us: toUs })
      .execute()
  }
  for (const name of remove) {
    await tx.deleteFrom('history_file').where('name', '=', name).execute()
  }
  for (const { fromUs, toUs, ...gap } of gaps) {
    await tx
      .insertInto('history_gap')
      .values({ ...gap, from_us: fromUs, to_us: toUs })
      .execute()
  }
  if (state !== undefined) await putState(tx, 'positions', state)
}

async function mergeNumber(db: Kysely<StateTables>): Promise<number> {
  const row = await db
    .selectFrom('history_state')
    .select('value')
    .where('name', '=', 'merge')
    .executeTakeFirst()
  return row === undefined ? 0 : Number(new TextDecoder().decode(row.value))
}

async function putState(
  db: Kysely<StateTables>,
  name: 'positions' | 'merge',
  value: Uint8Array,
): Promise<void> {
  await db
    .insertInto('history_state')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}
