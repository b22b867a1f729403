import {
  BOOLEAN,
  BIGINT,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  DOUBLE,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api'
import type { ScoreColumns, TrafficColumns } from './series-requests.ts'

// Tables of series.duckdb (docs/formats/series.md). `minute` and `hour` are whole ones since the epoch.

const key = 'site VARCHAR NOT NULL, device VARCHAR NOT NULL'
const counts =
  'service VARCHAR NOT NULL, isOut BOOLEAN NOT NULL, flows BIGINT NOT NULL, packets BIGINT NOT NULL, ipBytes BIGINT NOT NULL, peers INTEGER NOT NULL, newPeers INTEGER NOT NULL'

/** Statements that make the tables in catalog `series` where they are missing. */
export const createSeriesTables: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS series.minute (minute INTEGER NOT NULL, ${key}, ${counts})`,
  `CREATE TABLE IF NOT EXISTS series.hour (hour INTEGER NOT NULL, ${key}, ${counts})`,
  `CREATE TABLE IF NOT EXISTS series.score (minute INTEGER NOT NULL, ${key}, score DOUBLE NOT NULL)`,
  // Hours whose minutes have changed since they were rolled up: questions add those up themselves.
  'CREATE TABLE IF NOT EXISTS series.changed_hour (hour INTEGER PRIMARY KEY)',
  'CREATE TABLE IF NOT EXISTS series.pruned (day INTEGER PRIMARY KEY)',
  `CREATE TEMP TABLE new_traffic (seq INTEGER, minute INTEGER, site VARCHAR, device VARCHAR, service VARCHAR, isOut BOOLEAN, flows BIGINT, packets BIGINT, ipBytes BIGINT, peers INTEGER, newPeers INTEGER)`,
  'CREATE TEMP TABLE new_score (seq INTEGER, minute INTEGER, site VARCHAR, device VARCHAR, score DOUBLE)',
]

/**
 * Writes points and what follows from them in one transaction. An error leaves nothing of it.
 * @param minuteDays, hourDays how long minutes and hours are kept, counted back from the newest
 */
export async function writeSeries(
  connection: DuckDBConnection,
  points: {
    readonly traffic: TrafficColumns
    readonly scores: ScoreColumns
    readonly minuteDays: number
    readonly hourDays: number
  },
): Promise<void> {
  await connection.run('BEGIN')
  try {
    await connection.run('DELETE FROM new_traffic')
    await connection.run('DELETE FROM new_score')
    await append(connection, 'new_traffic', trafficTypes, trafficValues(points.traffic))
    await append(connection, 'new_score', scoreTypes, scoreValues(points.scores))
    await replaceMinutes(connection)
    await rollUp(connection)
    await prune(connection, points)
    await connection.run('COMMIT')
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined)
    throw error
  }
}

const trafficKey = ['minute', 'site', 'device', 'service', 'isOut']
const scoreKey = ['minute', 'site', 'device']
const same = (table: string, keys: readonly string[]) =>
  keys.map((name) => `${table}.${name} = n.${name}`).join(' AND ')

/** The newest point of each key; the rest of a key is gone. Bounds on the minute let old row groups alone. */
async function replaceMinutes(connection: DuckDBConnection): Promise<void> {
  for (const [table, source, keys] of [
    ['minute', 'new_traffic', trafficKey],
    ['score', 'new_score', scoreKey],
  ] as const) {
    await connection.run(
      `DELETE FROM series.${table} USING ${source} AS n WHERE ${same(table, keys)}
       AND ${table}.minute BETWEEN (SELECT min(minute) FROM ${source}) AND (SELECT max(minute) FROM ${source})`,
    )
    await connection.run(
      `INSERT INTO series.${table} SELECT * EXCLUDE (seq) FROM ${source}
       QUALIFY row_number() OVER (PARTITION BY ${keys.join(', ')} ORDER BY seq DESC) = 1`,
    )
  }
  await connection.run(
    'INSERT OR IGNORE INTO series.changed_hour SELECT DISTINCT minute // 60 FROM new_traffic',
  )
}

/** Rolls up the changed hours before the newest: that one changes with every minute. */
async function rollUp(connection: DuckDBConnection): Promise<void> {
  const due = `(SELECT hour FROM series.changed_hour WHERE hour < (SELECT max(hour) FROM series.changed_hour))`
  await connection.run(`DELETE FROM series.hour WHERE hour IN ${due}`)
  await connection.run(
    `INSERT INTO series.hour SELECT minute // 60, site, device, service, isOut, sum(flows), sum(packets), sum(ipBytes),
     max(peers), sum(newPeers) FROM series.minute
     WHERE minute // 60 IN ${due}
     AND minute >= 60 * (SELECT min(hour) FROM ${due}) AND minute < 60 * (SELECT 1 + max(hour) FROM ${due})
     GROUP BY ALL ORDER BY ALL`,
  )
  await connection.run(
    'DELETE FROM series.changed_hour WHERE hour < (SELECT max(hour) FROM series.changed_hour)',
  )
}

/** Once for each new day: what is older than its time goes. */
async function prune(
  connection: DuckDBConnection,
  { minuteDays, hourDays }: { minuteDays: number; hourDays: number },
): Promise<void> {
  const result = await connection.runAndReadAll(
    `SELECT max(minute) // 1440 AS day, (SELECT max(day) FROM series.pruned) AS pruned FROM series.minute`,
  )
  const [day, pruned] = result.getRows()[0] as [number | null, number | null]
  if (day === null || (pruned !== null && day <= pruned)) return
  await connection.run(
    `DELETE FROM series.minute WHERE minute < ${(day - minuteDays) * 1440}
     AND minute // 60 NOT IN (SELECT hour FROM series.changed_hour)`,
  )
  await connection.run(`DELETE FROM series.score WHERE minute < ${(day - hourDays) * 1440}`)
  await connection.run(`DELETE FROM series.hour WHERE hour < ${(day - hourDays) * 24}`)
  await connection.run('DELETE FROM series.pruned')
  await connection.run(`INSERT INTO series.pruned VALUES (${day})`)
}

const trafficTypes = [
  ...[INTEGER, INTEGER, VARCHAR, VARCHAR, VARCHAR, BOOLEAN],
  ...[BIGINT, BIGINT, BIGINT, INTEGER, INTEGER],
]
const scoreTypes = [INTEGER, INTEGER, VARCHAR, VARCHAR, DOUBLE]

type ColumnValues = (from: number, to: number) => DuckDBValue[]

function trafficValues(t: TrafficColumns): ColumnValues[] {
  const bigint = (column: Float64Array): ColumnValues => {
    return (from, to) => Array.from(column.subarray(from, to), (value) => BigInt(value))
  }
  return [
    sequence,
    numbers(t.minute),
    (from, to) => t.site.slice(from, to),
    (from, to) => t.device.slice(from, to),
    (from, to) => t.service.slice(from, to),
    (from, to) => Array.from(t.isOut.subarray(from, to), (value) => value === 1),
    bigint(t.flows),
    bigint(t.packets),
    bigint(t.ipBytes),
    numbers(t.peers),
    numbers(t.newPeers),
  ]
}

function scoreValues(s: ScoreColumns): ColumnValues[] {
  return [
    sequence,
    numbers(s.minute),
    (from, to) => s.site.slice(from, to),
    (from, to) => s.device.slice(from, to),
    numbers(s.score),
  ]
}

function sequence(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function numbers(column: Int32Array | Float64Array): ColumnValues {
  return (from, to) => Array.from(column.subarray(from, to))
}

/** Rows of one data chunk; DuckDB's vectors hold no more. */
const chunkRows = 2_048

async function append(
  connection: DuckDBConnection,
  table: string,
  types: readonly DuckDBType[],
  columns: readonly ColumnValues[],
): Promise<void> {
  const appender = await connection.createAppender(table, 'main', 'temp')
  for (let at = 0; ; at += chunkRows) {
    const values = columns.map((column) => column(at, at + chunkRows))
    // Columns that count by themselves are as long as the chunk; those that hold points end with them.
    const rows = values[1]!.length
    if (rows === 0) break
    const chunk = DuckDBDataChunk.create(types)
    chunk.rowCount = rows
    values.forEach((column, i) => chunk.setColumnValues(i, column.slice(0, rows)))
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
}
