import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import {
  allServices,
  type ScoreStep,
  type SeriesAnswer,
  type SeriesQuestion,
  type SeriesStep,
  type ServiceTotal,
} from '../../series-store.ts'

const minuteUs = 60_000_000
type Device = Omit<SeriesQuestion, 'service' | 'stepMinutes'>

/** The questions of series-store.ts in SQL. Values reach it as parameters only. */
export async function askSeries(
  connection: DuckDBConnection,
  q: SeriesQuestion,
): Promise<SeriesAnswer> {
  const steps = `CAST(minute // ${q.stepMinutes} AS DOUBLE) * ${q.stepMinutes * minuteUs} AS startUs`
  const traffic = await rowsOf<SeriesStep>(
    connection,
    `SELECT ${steps}, if(isOut, 'out', 'in') AS direction, sum(flows)::DOUBLE AS flows, sum(packets)::DOUBLE AS packets,
     sum(ipBytes)::DOUBLE AS ipBytes, sum(newPeers)::DOUBLE AS newPeers, max(peers)::DOUBLE AS peersMax
     FROM (${trafficRows(q, q.stepMinutes % 60 === 0)}) WHERE service = $service GROUP BY ALL ORDER BY startUs, direction`,
    { ...deviceValues(q), service: q.service ?? allServices },
  )
  const scores = await rowsOf<ScoreStep>(
    connection,
    `SELECT ${steps}, max(score) AS scoreMax FROM series.score WHERE ${ofDevice(q, 'minute')} GROUP BY ALL ORDER BY startUs`,
    deviceValues(q),
  )
  return { traffic, scores }
}

export function askServices(connection: DuckDBConnection, q: Device): Promise<ServiceTotal[]> {
  const isWholeHours = [q.fromUs, q.toUs].every((timeUs) => timeUs % (60 * minuteUs) === 0)
  return rowsOf<ServiceTotal>(
    connection,
    `SELECT service, if(isOut, 'out', 'in') AS direction, sum(flows)::DOUBLE AS flows, sum(packets)::DOUBLE AS packets,
     sum(ipBytes)::DOUBLE AS ipBytes FROM (${trafficRows(q, isWholeHours)}) WHERE service <> '${allServices}'
     GROUP BY ALL ORDER BY ipBytes DESC, service, direction`,
    deviceValues(q),
  )
}

/** Minutes, or where whole hours will do, hours and the minutes of those that have changed since. */
function trafficRows(q: Device, areWholeHours: boolean): string {
  const columns = 'service, isOut, flows, packets, ipBytes, peers, newPeers'
  const minutes = `SELECT minute, ${columns} FROM series.minute WHERE ${ofDevice(q, 'minute')}`
  if (!areWholeHours) return minutes
  return `SELECT hour * 60 AS minute, ${columns} FROM series.hour
    WHERE ${ofDevice(q, 'hour')} AND hour NOT IN (SELECT hour FROM series.changed_hour)
    UNION ALL ${minutes} AND minute // 60 IN (SELECT hour FROM series.changed_hour)`
}

function ofDevice({ fromUs, toUs, devices }: Device, unit: 'minute' | 'hour'): string {
  const unitUs = unit === 'minute' ? minuteUs : 60 * minuteUs
  const keys = devices.map((_, i) => `$device${i}`)
  return `${unit} >= ${fromUs / unitUs} AND ${unit} < ${toUs / unitUs} AND site = $site AND device IN (${keys.join(', ')})`
}

function deviceValues({ site, devices }: Device): Record<string, DuckDBValue> {
  return { site, ...Object.fromEntries(devices.map((device, i) => [`device${i}`, device])) }
}

async function rowsOf<T>(
  connection: DuckDBConnection,
  sql: string,
  values: Record<string, DuckDBValue>,
): Promise<T[]> {
  const result = await connection.runAndReadAll(sql, values)
  // The columns are those of the statement above, whose numbers are doubles.
  return result.getRowObjects() as unknown as T[]
}
