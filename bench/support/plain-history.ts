import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  BIGINT,
  BOOLEAN,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  UINTEGER,
  USMALLINT,
  UTINYINT,
  VARCHAR,
} from '@duckdb/node-api'
import { formatIp, formatMac } from '../../records/address.ts'
import { decodeObservation } from '../../records/codec.ts'
import { type DictionaryColumn, textAt } from '../../records/columns.ts'
import { type FlowBatch, flowBatchFormat } from '../../records/flow-batch.ts'

/** What one does with DuckDB straight away: a row for each view, every column as it is, files in the order of arrival. */
export interface PlainHistory {
  /** Decodes, appends and writes one file, which is dropped again: for the rate. */
  append(values: readonly Uint8Array[]): Promise<void>
  /** Both views of every record of a sealed file, by time, so many flows a file. */
  writeAll(sealed: string, flowsPerFile: number): Promise<void>
  bytes(): number
  totals(
    device: string,
    range: { fromUs: number; toUs: number },
  ): Promise<{ flows: number; ipBytesOut: number; ipBytesIn: number }>
  close(): Promise<void>
}

const columns = Object.entries(flowBatchFormat.spec).map(([name, { kind }]) => ({ name, kind }))
const types: DuckDBType[] = columns.map(({ kind }) => {
  if (kind === 'f64') return BIGINT
  if (kind === 'u32') return UINTEGER
  if (kind === 'u16') return USMALLINT
  if (kind === 'u8') return UTINYINT
  return kind === 'bool' ? BOOLEAN : VARCHAR
})
const format = '(FORMAT parquet, COMPRESSION zstd)'

export async function openPlainHistory(folder: string): Promise<PlainHistory> {
  mkdirSync(join(folder, 'rate'), { recursive: true })
  mkdirSync(join(folder, 'all'))
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: '2000MB',
    temp_directory: join(folder, 'tmp'),
  })
  const connection = await instance.connect()
  const fields = columns.map(({ name }, index) => `${name} ${types[index]!.toString()}`)
  const all = join(folder, 'all')
  return {
    async append(values) {
      await connection.run(`CREATE OR REPLACE TABLE flow (${fields.join(', ')})`)
      const appender = await connection.createAppender('flow')
      for (const value of values) {
        const { flows } = decodeObservation(value)
        if (flows !== null)
          for (let row = 0; row < flows.rowCount; row += 2048)
            appender.appendDataChunk(chunkOf(flows, row, Math.min(2048, flows.rowCount - row)))
      }
      appender.closeSync()
      await connection.run(`COPY flow TO '${join(folder, 'rate', 'flow.parquet')}' ${format}`)
      await connection.run('DROP TABLE flow')
    },
    writeAll: (sealed, flowsPerFile) => writeAll(connection, { sealed, all, flowsPerFile }),
    bytes: () => readdirSync(all).reduce((sum, name) => sum + statSync(join(all, name)).size, 0),
    async totals(device, { fromUs, toUs }) {
      const result = await connection.runAndReadAll(
        `SELECT count(*)::DOUBLE AS flows,
          sum(CASE WHEN isOrig THEN origIpBytes ELSE respIpBytes END)::DOUBLE AS ipBytesOut,
          sum(CASE WHEN isOrig THEN respIpBytes ELSE origIpBytes END)::DOUBLE AS ipBytesIn
         FROM read_parquet('${all}/*.parquet')
         WHERE host = $host AND flowLastUs >= $from AND flowLastUs < $to`,
        { host: `north|lan|ip:${device}`, from: BigInt(fromUs), to: BigInt(toUs) },
      )
      return result.getRowObjects()[0] as Awaited<ReturnType<PlainHistory['totals']>>
    },
    close() {
      connection.closeSync()
      instance.closeSync()
      return Promise.resolve()
    },
  }
}

function chunkOf(batch: FlowBatch, from: number, rows: number): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create(types, rows)
  columns.forEach(({ name, kind }, index) => {
    const vector = chunk.getColumnVector(index)
    const column = (batch as unknown as Record<string, unknown>)[name]
    for (let i = 0; i < rows; i++) vector.setItem(i, valueAt(kind, column, from + i))
    vector.flush()
  })
  return chunk
}

function valueAt(kind: string, column: unknown, row: number): DuckDBValue {
  if (kind === 'dictionary') return textAt(column as DictionaryColumn, row)
  const numbers = column as Uint8Array
  if (kind === 'ip') return formatIp(numbers, row * 16)
  if (kind === 'mac') return formatMac(numbers, row * 6)
  if (kind === 'bool') return numbers[row] === 1
  if (kind === 'f64') return BigInt(numbers[row]!)
  return numbers[row]!
}

/** The columns of a flow batch, out of what the history keeps of them (docs/formats/history.md). */
async function writeAll(
  connection: DuckDBConnection,
  { sealed, all, flowsPerFile }: { sealed: string; all: string; flowsPerFile: number },
): Promise<void> {
  const payload = (side: string) =>
    `(${side}IpBytes - ${side}HeaderBytes::BIGINT * ${side}Packets - ${side}HeaderRest) AS ${side}PayloadBytes`
  const view = (host: string, peer: string, isOrig: boolean) =>
    `SELECT ${host} AS host, ${peer} AS peer, ${isOrig} AS isOrig, flowLastUs + emittedAfterUs AS timeUs,
      row AS sequence, row AS flowId, kind, isFirst, connState, endReason, protocol, vlan, origIp, respIp, origPort,
      respPort, origMac, respMac, flowLastUs - durationUs AS flowStartUs, flowLastUs, origPackets::UINTEGER AS origPackets,
      respPackets::UINTEGER AS respPackets, origIpBytes, respIpBytes, ${payload('orig')}, ${payload('resp')}, firstTcpFlags,
      origTcpFlags, respTcpFlags, isUnreachable, duplicatePackets::UINTEGER AS duplicatePackets, service FROM part`
  const bounds = await connection.runAndReadAll(
    `SELECT min(flowLastUs), max(flowLastUs), count(*) FROM read_parquet('${sealed}')`,
  )
  const [least, greatest, count] = (bounds.getRows()[0] as bigint[]).map(Number)
  const files = Math.max(1, Math.round(count! / flowsPerFile))
  const stepUs = Math.ceil((greatest! - least! + 1) / files)
  for (let file = 0; file < files; file++) {
    const fromUs = least! + file * stepUs
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE part AS
       SELECT *, row_number() OVER (ORDER BY flowLastUs) + ${file * flowsPerFile} AS row
       FROM read_parquet('${sealed}') WHERE flowLastUs >= ${fromUs} AND flowLastUs < ${fromUs + stepUs}`,
    )
    const both = `${view('origKey', 'respKey', true)} UNION ALL ${view('respKey', 'origKey', false)}`
    const path = join(all, `flow-${String(file).padStart(4, '0')}.parquet`)
    await connection.run(
      `COPY (SELECT * FROM (${both}) ORDER BY sequence, isOrig DESC) TO '${path}' ${format}`,
    )
  }
  await connection.run('DROP TABLE part')
}
