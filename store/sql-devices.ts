import { type Kysely, type Selectable, sql } from 'kysely'
import { z } from 'zod'
import { WardwatchError } from '../records/errors.ts'
import type { StateTables } from './sql.ts'
import { alertOf } from './sql-alerts.ts'
import type { SensorTable } from './sql-device-tables.ts'
import { progressOf } from './sql-partitions.ts'
import type { DeviceQuery, DeviceRow, DeviceStore, SensorRow } from './state-store.ts'

type Database = Kysely<StateTables>

/** Newest alerts among which those that name a peer are looked for. */
const namingRows = 5000
/** Lowest score that is listed (docs/decisions/0005). */
const listedScoreMin = 0.3

/** Queries of devices and sensors, in what SQL databases have in common; errors of the database pass through. */
export function createDeviceStore(db: Database): DeviceStore {
  return {
    list: (query) => list(db, query),
    async get(host) {
      const row = await devices(db).where('host', '=', host).executeTakeFirst()
      return row === undefined ? null : deviceOf(row)
    },
    namesOf: (hosts) => namesOf(db, hosts),
    // By partition and host, as the primary key is: no partition is asked for by its number here.
    sectionsOf: (host, names) =>
      db
        .selectFrom('host_section')
        .select(['host', 'section', 'value'])
        .where('partition', 'in', db.selectFrom('partition_state').select('partition'))
        .where('host', '=', host)
        .where('section', 'in', names)
        .execute(),
    async alertsOf(host, { limit, scoreMin }) {
      const rows = await db
        .selectFrom('alert_row')
        .selectAll()
        .where('view_key', '=', host)
        .where('score', '>=', scoreMin)
        .orderBy('last_seen_us', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(alertOf)
    },
    async alertsNaming(host, { limit, scoreMin }) {
      const newest = db
        .selectFrom('alert_row')
        .selectAll()
        .where('score', '>=', scoreMin)
        .orderBy('last_seen_us', 'desc')
        .limit(namingRows)
      const rows = await db
        .selectFrom(newest.as('newest'))
        .selectAll()
        .where('peers_json', 'like', sql<string>`${likePattern(JSON.stringify(host))} escape '!'`)
        .orderBy('last_seen_us', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(alertOf)
    },
    noteSensors: (rows) => noteSensors(db, rows),
    async sensors() {
      const rows = await db
        .selectFrom('sensor_health')
        .selectAll()
        .orderBy('site')
        .orderBy('sensor')
        .execute()
      return rows.map(sensorOf)
    },
  }
}

function devices(db: Database) {
  return db
    .selectFrom('host_progress')
    .selectAll()
    .select((eb) =>
      eb
        .selectFrom('alert_row')
        .select((alerts) => alerts.fn.countAll<number>().as('count'))
        .whereRef('alert_row.view_key', '=', 'host_progress.host')
        .where('alert_row.status', '!=', 'closed')
        .where('alert_row.score', '>=', listedScoreMin)
        .as('open_alerts'),
    )
}

function deviceOf(
  row: Selectable<StateTables['host_progress']> & { open_alerts: number | null },
): DeviceRow {
  return { ...progressOf(row), openAlerts: row.open_alerts ?? 0 }
}

const searched = sql<string>`lower(coalesce(name, '') || ' ' || coalesce(address, '') || ' ' ||
  coalesce(mac, '') || ' ' || coalesce(vendor, '') || ' ' || site)`

const sortColumns = {
  name: sql`lower(coalesce(name, address, mac, host))`,
  // Least learned first.
  state: sql`case state when 'observing' then 0 when 'provisional' then 1 else 2 end`,
  firstSeen: sql`first_seen_us`,
  lastSeen: sql`last_seen_us`,
  alerts: sql`open_alerts`,
} as const

async function list(
  db: Database,
  { text, sort, isDescending, limit, offset }: DeviceQuery,
): Promise<{ total: number; rows: DeviceRow[] }> {
  const pattern = likePattern(text.trim().toLowerCase())
  const matches = sql<boolean>`${searched} like ${pattern} escape '!'`
  const { total } = await db
    .selectFrom('host_progress')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .where(matches)
    .executeTakeFirstOrThrow()
  const rows = await devices(db)
    .where(matches)
    .orderBy(sortColumns[sort], isDescending ? 'desc' : 'asc')
    .orderBy('host')
    .limit(limit)
    .offset(offset)
    .execute()
  return { total, rows: rows.map(deviceOf) }
}

/** Finds the text anywhere; its own signs mean nothing. */
function likePattern(text: string): string {
  return `%${text.replaceAll(/[!%_]/g, '!$&')}%`
}

/** Hosts asked for at a time: fewer than a statement takes parameters. */
const hostsPerQuery = 1000

async function namesOf(db: Database, hosts: readonly string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  for (let at = 0; at < hosts.length; at += hostsPerQuery) {
    const rows = await db
      .selectFrom('host_progress')
      .select(['host', 'name'])
      .where('host', 'in', hosts.slice(at, at + hostsPerQuery))
      .where('name', 'is not', null)
      .execute()
    for (const { host, name } of rows) if (name !== null) names.set(host, name)
  }
  return names
}

async function noteSensors(db: Database, rows: readonly SensorRow[]): Promise<void> {
  if (rows.length === 0) return
  await db
    .insertInto('sensor_health')
    .values(
      rows.map(({ site, sensor, run, heardMs, clockUs, health }) => ({
        site,
        sensor,
        run,
        heard_ms: heardMs,
        clock_us: clockUs,
        health_json: JSON.stringify(health),
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['site', 'sensor']).doUpdateSet((eb) => ({
        run: eb.ref('excluded.run'),
        heard_ms: eb.ref('excluded.heard_ms'),
        clock_us: eb.ref('excluded.clock_us'),
        health_json: eb.ref('excluded.health_json'),
      })),
    )
    .execute()
}

const healthSchema = z.object({
  startedUs: z.number(),
  packets: z.number(),
  bytes: z.number(),
  flows: z.number(),
  dropped: z.number(),
  rejects: z.record(z.string(), z.number()),
  duplicates: z.number(),
  clamped: z.number(),
  oneWayFlows: z.number(),
  judgedFlows: z.number(),
  capture: z
    .object({
      downSinceUs: z.number().nullable(),
      gaps: z.number(),
      gapUs: z.number(),
      lastGap: z.object({ fromUs: z.number(), toUs: z.number(), cause: z.string() }).nullable(),
    })
    .exactOptional(),
})

function sensorOf(row: Selectable<SensorTable>): SensorRow {
  try {
    return {
      site: row.site,
      sensor: row.sensor,
      run: row.run,
      heardMs: row.heard_ms,
      clockUs: row.clock_us,
      health: healthSchema.parse(JSON.parse(row.health_json)),
    }
  } catch (cause) {
    throw new WardwatchError(
      'STATE_INCOMPATIBLE',
      'a row of sensor_health is not as this program writes it: restore the back-up',
      { cause },
    )
  }
}
