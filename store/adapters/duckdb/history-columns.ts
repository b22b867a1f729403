import { INTEGER, DOUBLE, UINTEGER, USMALLINT, UTINYINT, type DuckDBType } from '@duckdb/node-api'

/** How a column is held while its segment lives: numbers only, texts as codes of the segment's `text` table. */
export type LiveKind = 'text' | 'f64' | 'u32' | 'u16' | 'u8'

export interface HistoryColumn {
  readonly name: string
  readonly live: LiveKind
  /**
   * Type in the sealed file (docs/formats/history.md). No UINTEGER: DuckDB 1.5.5 delta-encodes values from 2^31 on as if
   * the column had 64 bits, and other readers take them for other numbers.
   */
  readonly sealed: 'VARCHAR' | 'BIGINT' | 'USMALLINT' | 'UTINYINT' | 'BOOLEAN'
  /** The number that stands for null while the segment lives; a text without code is −1 always. */
  readonly nullIs?: number
}

/** Stands for "no packets were seen" in the two columns of header bytes. */
export const noHeaderBytes = 0xffff

/**
 * Columns of the history, in the order in which they are stored. Times and payload are stored as differences, because
 * those repeat: with `flowStartUs`, `timeUs` and the payload as they are a record takes 6 bytes more of 17.
 */
export const historyColumns: readonly HistoryColumn[] = [
  { name: 'origKey', live: 'text', sealed: 'VARCHAR' },
  { name: 'respKey', live: 'text', sealed: 'VARCHAR' },
  { name: 'flowLastUs', live: 'f64', sealed: 'BIGINT' },
  { name: 'durationUs', live: 'f64', sealed: 'BIGINT' },
  { name: 'emittedAfterUs', live: 'f64', sealed: 'BIGINT' },
  { name: 'sensor', live: 'text', sealed: 'VARCHAR' },
  { name: 'kind', live: 'u8', sealed: 'UTINYINT' },
  { name: 'isFirst', live: 'u8', sealed: 'BOOLEAN' },
  { name: 'connState', live: 'u8', sealed: 'UTINYINT' },
  { name: 'endReason', live: 'u8', sealed: 'UTINYINT', nullIs: 0 },
  { name: 'protocol', live: 'u8', sealed: 'UTINYINT' },
  { name: 'vlan', live: 'u16', sealed: 'USMALLINT', nullIs: 0 },
  { name: 'origIp', live: 'text', sealed: 'VARCHAR' },
  { name: 'respIp', live: 'text', sealed: 'VARCHAR' },
  { name: 'origPort', live: 'u16', sealed: 'USMALLINT' },
  { name: 'respPort', live: 'u16', sealed: 'USMALLINT' },
  { name: 'origMac', live: 'text', sealed: 'VARCHAR' },
  { name: 'respMac', live: 'text', sealed: 'VARCHAR' },
  { name: 'origPackets', live: 'u32', sealed: 'BIGINT' },
  { name: 'respPackets', live: 'u32', sealed: 'BIGINT' },
  { name: 'origIpBytes', live: 'f64', sealed: 'BIGINT' },
  { name: 'respIpBytes', live: 'f64', sealed: 'BIGINT' },
  { name: 'origHeaderBytes', live: 'u16', sealed: 'USMALLINT', nullIs: noHeaderBytes },
  { name: 'origHeaderRest', live: 'f64', sealed: 'BIGINT' },
  { name: 'respHeaderBytes', live: 'u16', sealed: 'USMALLINT', nullIs: noHeaderBytes },
  { name: 'respHeaderRest', live: 'f64', sealed: 'BIGINT' },
  { name: 'firstTcpFlags', live: 'u8', sealed: 'UTINYINT' },
  { name: 'origTcpFlags', live: 'u8', sealed: 'UTINYINT' },
  { name: 'respTcpFlags', live: 'u8', sealed: 'UTINYINT' },
  { name: 'isUnreachable', live: 'u8', sealed: 'BOOLEAN' },
  { name: 'duplicatePackets', live: 'u32', sealed: 'BIGINT' },
  { name: 'service', live: 'text', sealed: 'VARCHAR' },
]

const liveTypes: Readonly<Record<LiveKind, DuckDBType>> = {
  text: INTEGER,
  f64: DOUBLE,
  u32: UINTEGER,
  u16: USMALLINT,
  u8: UTINYINT,
}

/** DuckDB types of the live table, in the order of `historyColumns`. */
export const liveColumnTypes: readonly DuckDBType[] = historyColumns.map(
  ({ live }) => liveTypes[live],
)

/** The live table and its texts, in the attached database `catalog`. */
export function createLiveTables(catalog: string): string[] {
  const columns = historyColumns.map(
    ({ name, live }) => `${name} ${liveTypes[live].toString()} NOT NULL`,
  )
  return [
    `CREATE TABLE ${catalog}.flow (${columns.join(', ')})`,
    `CREATE TABLE ${catalog}.text (code INTEGER NOT NULL, value VARCHAR NOT NULL)`,
    `CREATE TABLE ${catalog}.state (value VARCHAR NOT NULL)`,
  ]
}

/** Rows of a live segment as a sealed file would give them. */
export function selectLive(catalog: string): string {
  const columns: string[] = []
  const joins: string[] = []
  for (const { name, live, sealed, nullIs } of historyColumns) {
    if (live === 'text') {
      columns.push(`t_${name}.value AS ${name}`)
      joins.push(`LEFT JOIN ${catalog}.text t_${name} ON t_${name}.code = f.${name}`)
    } else {
      const value = nullIs === undefined ? `f.${name}` : `nullif(f.${name}, ${nullIs})`
      columns.push(`${value}::${sealed} AS ${name}`)
    }
  }
  return `SELECT ${columns.join(', ')} FROM ${catalog}.flow f ${joins.join(' ')}`
}

/** Files are sorted by host, its counterpart, then time: rows of one pair repeat nearly everything but times and sizes. */
export const sealedOrder =
  'ORDER BY origKey NULLS FIRST, respKey NULLS FIRST, flowLastUs, emittedAfterUs'

/** How sealed files are written. Version 2 has delta encoding, which halves times and ports. */
export const sealedFormat =
  '(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE 122880)'
