import type { DuckDBAppender, DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { FlowBatch } from '../../../records/flow-batch.ts'
import { createFlowRows, type FlowRows, type TextCodes } from './flow-rows.ts'
import { createLiveTables, selectLive } from './history-columns.ts'
import { quoted } from './locked-instance.ts'
import type { SegmentState } from './segment-state.ts'

/** The youngest rows: one small DuckDB file, appended to within transactions, sealed to Parquet when its time is over. */
export interface LiveSegment {
  readonly number: number
  readonly path: string
  /** Rows in it, those not committed yet included. */
  rows(): number
  /** Least and greatest `flowLastUs`; null without rows. */
  range(): { readonly fromUs: number; readonly toUs: number } | null
  /** Adds rows to the open transaction, and opens one if there is none. @returns how many records were kept. */
  add(batch: FlowBatch, sensor: string): Promise<number>
  /** Commits rows and state together. After a rejection the segment must be closed and opened anew. */
  commit(state: SegmentState): Promise<void>
  /** Its committed rows, as a sealed file would give them: a SELECT without an order. */
  readonly select: string
  /** Lets go of the file; what is not committed is dropped. */
  close(): Promise<void>
}

/**
 * Opens the live segment in `path`, or makes it with `initial` as its state.
 * @returns null when the file holds no state, because whoever made it was killed meanwhile: it has no rows then.
 */
export async function openLiveSegment(
  instance: DuckDBInstance,
  options: { readonly path: string; readonly number: number; readonly initial?: SegmentState },
): Promise<{ segment: LiveSegment; state: SegmentState } | null> {
  const { path, number, initial } = options
  const catalog = `live_${number}`
  const connection = await instance.connect()
  await connection.run(`ATTACH ${quoted(path)} AS ${catalog}`)
  if (initial !== undefined) await createTables(connection, catalog, { ...initial, number })
  const state = await readState(connection, catalog)
  if (state === null) {
    await connection.run(`DETACH ${catalog}`)
    connection.closeSync()
    return null
  }
  const segment = await openTables(connection, catalog, { path, number })
  return { segment, state }
}

async function createTables(
  connection: DuckDBConnection,
  catalog: string,
  state: SegmentState,
): Promise<void> {
  await connection.run('BEGIN')
  for (const statement of createLiveTables(catalog)) await connection.run(statement)
  await connection.run(`INSERT INTO ${catalog}.state VALUES (?)`, [JSON.stringify(state)])
  await connection.run('COMMIT')
}

async function readState(
  connection: DuckDBConnection,
  catalog: string,
): Promise<SegmentState | null> {
  const tables = await connection.runAndReadAll(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND table_name = 'state'`,
    [catalog],
  )
  if (tables.currentRowCount === 0) return null
  const rows = await connection.runAndReadAll(`SELECT value FROM ${catalog}.state`)
  const value = rows.getRows()[0]?.[0]
  // Written by commit() below, in a file that no one else opens.
  return typeof value === 'string' ? (JSON.parse(value) as SegmentState) : null
}

async function openTables(
  connection: DuckDBConnection,
  catalog: string,
  { path, number }: { path: string; number: number },
): Promise<LiveSegment> {
  const counted = await connection.runAndReadAll(
    `SELECT count(*)::DOUBLE, min(flowLastUs), max(flowLastUs) FROM ${catalog}.flow`,
  )
  const [count, least, greatest] = counted.getRows()[0] as [number, number | null, number | null]
  let rowCount = count
  let [fromUs, toUs] = [least ?? Infinity, greatest ?? -Infinity]
  let isBegun = false
  const { appender: textAppender, texts } = await openTexts(connection, catalog)
  const flowAppender = await connection.createAppender('flow', 'main', catalog)
  const flowRows: FlowRows = createFlowRows(flowAppender, texts)

  return {
    number,
    path,
    rows: () => rowCount,
    range: () => (rowCount === 0 ? null : { fromUs, toUs }),
    select: selectLive(catalog),
    async add(batch, sensor) {
      if (!isBegun) await connection.run('BEGIN')
      isBegun = true
      for (let row = 0; row < batch.rowCount; row++) {
        fromUs = Math.min(fromUs, batch.flowLastUs[row]!)
        toUs = Math.max(toUs, batch.flowLastUs[row]!)
      }
      const added = flowRows.add(batch, sensor)
      rowCount += added
      return added
    },
    async commit(state) {
      if (!isBegun) await connection.run('BEGIN')
      isBegun = true
      flowRows.flush()
      textAppender.flushSync()
      flowAppender.flushSync()
      await connection.run(`DELETE FROM ${catalog}.state`)
      await connection.run(`INSERT INTO ${catalog}.state VALUES (?)`, [JSON.stringify(state)])
      await connection.run('COMMIT')
      isBegun = false
    },
    async close() {
      if (isBegun) await connection.run('ROLLBACK')
      await connection.run(`DETACH ${catalog}`)
      connection.closeSync()
    },
  }
}

/** Texts of the segment by code; new ones are written with the rows that need them. */
async function openTexts(
  connection: DuckDBConnection,
  catalog: string,
): Promise<{ appender: DuckDBAppender; texts: TextCodes }> {
  const known = await connection.runAndReadAll(`SELECT code, value FROM ${catalog}.text`)
  const codes = new Map(
    known.getRows().map(([code, value]) => [value as string, code as number] as const),
  )
  const appender = await connection.createAppender('text', 'main', catalog)
  return {
    appender,
    texts: {
      codeOf(text) {
        const code = codes.get(text)
        if (code !== undefined) return code
        const next = codes.size
        codes.set(text, next)
        appender.appendInteger(next)
        appender.appendVarchar(text)
        appender.endRow()
        return next
      },
    },
  }
}
