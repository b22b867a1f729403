import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { WardwatchError } from '../../../records/errors.ts'
import { formatIp, parseIp } from '../../../records/address.ts'
import { connStates } from '../../../records/flow-batch.ts'
import type { FlowQuery, FlowTotals, StoredFlow } from '../../flow-store.ts'
import { historyColumns } from './history-columns.ts'
import { quoted } from './locked-instance.ts'

/** Where rows are read from: sealed files, and SELECTs of live segments. */
export interface LookupSources {
  readonly files: readonly string[]
  readonly selects: readonly string[]
}

export interface LookupResult {
  readonly flows: SentFlow[]
  readonly totals: FlowTotals
}

/** A flow on its way between the processes: addresses as text. */
export type SentFlow = Omit<StoredFlow, 'origIp' | 'respIp' | 'origMac' | 'respMac'> & {
  readonly origIp: string
  readonly respIp: string
  readonly origMac: string | null
  readonly respMac: string | null
}

export const lookupLimitMax = 10_000

/** Which rows a word means on one side (`orig` or `resp`): SQL of a condition, and its parameter. */
interface Party {
  condition(side: 'orig' | 'resp', parameter: string): string
  readonly value: string
}

/** @throws WardwatchError BAD_USAGE when it is neither an address nor a MAC nor a key. */
export function partyOf(word: string): Party {
  const text = word.trim()
  if (text.includes('|')) return { value: text, condition: (side, p) => `${side}Key = ${p}` }
  const ip = parseIp(text)
  if (ip !== null) return { value: formatIp(ip), condition: (side, p) => `${side}Ip = ${p}` }
  const mac = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text)
  if (mac) {
    return {
      value: text.replaceAll('-', ':').toLowerCase(),
      condition: (side, p) => `(${side}Mac = ${p} OR ends_with(${side}Key, '|mac:' || ${p}))`,
    }
  }
  throw new WardwatchError(
    'BAD_USAGE',
    `"${text.slice(0, 100)}" is no address, no MAC and no host key (site|space|ip:ADDRESS)`,
  )
}

/**
 * Flows of a device, newest first, and totals over all of them. Values reach SQL as parameters only.
 * @throws WardwatchError BAD_USAGE; DuckDB's errors.
 */
export async function lookUp(
  connection: DuckDBConnection,
  query: FlowQuery,
  sources: LookupSources,
): Promise<LookupResult> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > lookupLimitMax)
    throw new WardwatchError('BAD_USAGE', `limit: a whole number from 1 to ${lookupLimitMax}`)
  const { select, values } = matching(query, sources)
  await connection.run(`CREATE OR REPLACE TEMP TABLE found AS ${wholeFlows(select)}`, values)
  try {
    return {
      totals: await readTotals(connection),
      flows: await readFlows(connection, query.limit),
    }
  } finally {
    await connection.run('DROP TABLE IF EXISTS found')
  }
}

/** Rows of the device, each with whether it is the originator. */
function matching(
  { device, peer, fromUs, toUs }: FlowQuery,
  { files, selects }: LookupSources,
): { select: string; values: Record<string, DuckDBValue> } {
  const [one, other] = [partyOf(device), peer === undefined ? null : partyOf(peer)]
  const columns = historyColumns.map(({ name }) => name).join(', ')
  const read = `SELECT ${columns} FROM read_parquet([${files.map(quoted).join(', ')}])`
  const tables = [...(files.length > 0 ? [read] : []), ...selects]
  const rows = tables.map((table) => `(${table})`).join(' UNION ALL ')
  const times = [
    ...(fromUs === undefined ? [] : ['flowLastUs >= $from']),
    ...(toUs === undefined ? [] : ['flowLastUs < $to']),
  ]
  const peerIs = (side: 'orig' | 'resp') => (other === null ? [] : [other.condition(side, '$peer')])
  const where = (...conditions: string[]) => [...conditions, ...times].join(' AND ')
  // Two scans: each condition is held against the least and greatest value of every row group; an OR is not.
  const out = where(one.condition('orig', '$device'), ...peerIs('resp'))
  const into = where(
    one.condition('resp', '$device'),
    // Of a flow with itself the first scan has told.
    `NOT coalesce(${[one.condition('orig', '$device'), ...peerIs('resp')].join(' AND ')}, false)`,
    ...peerIs('orig'),
  )
  const none = `SELECT ${historyColumns.map(({ name, sealed }) => `NULL::${sealed} AS ${name}`).join(', ')}, true AS isOut WHERE false`
  const select =
    tables.length === 0
      ? none
      : `SELECT *, true AS isOut FROM (${rows}) WHERE ${out}
         UNION ALL SELECT *, false AS isOut FROM (${rows}) WHERE ${into}`
  return {
    select,
    values: {
      ...(tables.length === 0 ? {} : { device: one.value }),
      ...(tables.length === 0 || other === null ? {} : { peer: other.value }),
      ...(tables.length === 0 || fromUs === undefined ? {} : { from: BigInt(Math.ceil(fromUs)) }),
      ...(tables.length === 0 || toUs === undefined ? {} : { to: BigInt(Math.ceil(toUs)) }),
    },
  }
}

/** Records summed to flows: a flow is what has one sensor, one five-tuple and VLAN, and one begin. */
function wholeFlows(select: string): string {
  const payload = (side: string) =>
    `sum(${side}IpBytes - ${side}HeaderBytes::BIGINT * ${side}Packets - ${side}HeaderRest)::DOUBLE`
  return `SELECT sensor, origKey, respKey, protocol, coalesce(vlan, 0) AS vlan, origIp, respIp, origPort, respPort,
    isOut, (flowLastUs - durationUs)::DOUBLE AS startUs, max(flowLastUs)::DOUBLE AS lastUs,
    max(origMac) AS origMac, max(respMac) AS respMac,
    sum(origPackets)::DOUBLE AS origPackets, sum(respPackets)::DOUBLE AS respPackets,
    sum(origIpBytes)::DOUBLE AS origIpBytes, sum(respIpBytes)::DOUBLE AS respIpBytes,
    ${payload('orig')} AS origPayloadBytes, ${payload('resp')} AS respPayloadBytes,
    arg_max(connState, flowLastUs + emittedAfterUs) AS connState, max(service) AS service,
    sum(duplicatePackets)::DOUBLE AS duplicatePackets, count(*)::DOUBLE AS records
    FROM (${select})
    GROUP BY sensor, origKey, respKey, protocol, vlan, origIp, respIp, origPort, respPort, isOut, flowLastUs - durationUs`
}

async function readTotals(connection: DuckDBConnection): Promise<FlowTotals> {
  const own = (a: string, b: string) => `coalesce(sum(CASE WHEN isOut THEN ${a} ELSE ${b} END), 0)`
  const result = await connection.runAndReadAll(
    `SELECT count(*)::DOUBLE AS flows, coalesce(sum(records), 0) AS records,
      ${own('origPackets', 'respPackets')} AS packetsOut, ${own('respPackets', 'origPackets')} AS packetsIn,
      ${own('origIpBytes', 'respIpBytes')} AS ipBytesOut, ${own('respIpBytes', 'origIpBytes')} AS ipBytesIn,
      min(startUs) AS firstUs, max(lastUs) AS lastUs FROM found`,
  )
  return result.getRowObjects()[0] as unknown as FlowTotals
}

async function readFlows(connection: DuckDBConnection, limit: number): Promise<SentFlow[]> {
  const result = await connection.runAndReadAll(
    `SELECT * EXCLUDE (isOut) FROM found
     ORDER BY lastUs DESC, startUs DESC, origIp, origPort, respIp, respPort, protocol LIMIT ${limit}`,
  )
  return result.getRowObjects().map((row) => {
    // The columns are those of `wholeFlows`, whose numbers are doubles and small integers.
    const flow = row as unknown as Omit<SentFlow, 'connState'> & { connState: number }
    const missing = (bytes: number | null) => bytes ?? NaN
    return {
      ...flow,
      flowId: null,
      connState: connStates[flow.connState] ?? 'OTH',
      origPayloadBytes: missing(flow.origPayloadBytes),
      respPayloadBytes: missing(flow.respPayloadBytes),
    }
  })
}
