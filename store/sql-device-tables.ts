import { sql, type Transaction } from 'kysely'
import { z } from 'zod'

/** What a sensor last said of itself; one row a sensor. */
export interface SensorTable {
  site: string
  sensor: string
  run: string
  heard_ms: number
  clock_us: number
  health_json: string
}

/** What a device is called and declared to be; whose alert a row is; what sensors say of themselves. */
export async function addDevices<Tables>(db: Transaction<Tables>): Promise<void> {
  for (const column of ['name', 'device_class', 'zone']) {
    await db.schema.alterTable('host_progress').addColumn(column, 'text').execute()
  }
  await db.schema.alterTable('alert_row').addColumn('view_key', 'text').execute()
  await fillViewKeys(db)
  await db.schema
    .createIndex('alert_row_by_owner')
    .on('alert_row')
    .columns(['view_key', 'status', 'score'])
    .execute()
  await db.schema
    .createTable('sensor_health')
    .addColumn('site', 'text', (c) => c.notNull())
    .addColumn('sensor', 'text', (c) => c.notNull())
    .addColumn('run', 'text', (c) => c.notNull())
    .addColumn('heard_ms', 'bigint', (c) => c.notNull())
    .addColumn('clock_us', 'bigint', (c) => c.notNull())
    .addColumn('health_json', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('sensor_health_key', ['site', 'sensor'])
    .execute()
}

/** Rows changed between two looks at the table, so that a large one does not have to fit the memory. */
const migrationRows = 1000

async function fillViewKeys<Tables>(db: Transaction<Tables>): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ id: string; row_key: string }>`
      select id, row_key from alert_row where view_key is null limit ${migrationRows}`.execute(db)
    for (const { id, row_key } of rows) {
      const viewKey = viewKeyOf(row_key)
      await sql`update alert_row set view_key = ${viewKey} where id = ${id}`.execute(db)
    }
    if (rows.length < migrationRows) return
  }
}

const rowKeySchema = z.tuple([z.string(), z.string(), z.string(), z.string()])

/** The owner's key, out of what `rowKeyOf` of records/anomaly.ts has made. */
function viewKeyOf(rowKey: string): string {
  return rowKeySchema.parse(JSON.parse(rowKey))[2]
}
