import {
  type DataType,
  makeData,
  RecordBatch,
  type Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
} from 'apache-arrow'
import { fromArrow, toArrow } from './arrow-column.ts'
import { type Batch, type BatchFormat, type BatchSpec, newStorage } from './columns.ts'
import { schemaOf } from './batch-schema.ts'
import { WardwatchError } from './errors.ts'

/**
 * Arrow IPC stream of rows `0 … rowCount − 1`. The result shares no memory with the batch. No two columns may share
 * memory either: Arrow's writer merges neighbouring chunks that overlap, and the message would be cut short.
 */
export function encodeBatch<S extends BatchSpec>(
  format: BatchFormat<S>,
  batch: Batch<S>,
): Uint8Array {
  const columns = batch as Record<string, unknown>
  const children = schemaOf(format).fields.map((field) =>
    toArrow(format.spec[field.name]!, field.type as DataType, columns[field.name], batch.rowCount),
  )
  const struct = makeData({
    type: new Struct(schemaOf(format).fields),
    length: batch.rowCount,
    nullCount: 0,
    children,
  })
  return tableToIPC(
    new Table(schemaOf(format), [new RecordBatch(schemaOf(format), struct)]),
    'stream',
  )
}

/** No message holds more rows; what claims more is damaged. */
const rowsMax = 1_000_000

/**
 * Reads what `encodeBatch` wrote.
 * @throws WardwatchError RECORD_VERSION_UNKNOWN for another version, RECORD_MALFORMED for anything else; retrying is no use.
 */
export function decodeBatch<S extends BatchSpec>(
  format: BatchFormat<S>,
  bytes: Uint8Array,
): Batch<S> {
  let table: Table
  try {
    table = tableFromIPC(bytes)
  } catch (cause) {
    throw new WardwatchError('RECORD_MALFORMED', `${format.name}: not an Arrow IPC stream`, {
      cause,
    })
  }
  checkSchema(format, table.schema)
  const data = table.batches[0]?.data
  const rowCount = data?.length ?? 0
  if (rowCount > rowsMax)
    throw new WardwatchError('RECORD_MALFORMED', `${format.name}: more than ${rowsMax} rows`)
  if (table.batches.length > 1)
    throw new WardwatchError('RECORD_MALFORMED', `${format.name}: more than one record batch`)
  const batch: Record<string, unknown> = { rowCount }
  schemaOf(format).fields.forEach((field, index) => {
    const c = format.spec[field.name]!
    batch[field.name] =
      data === undefined || rowCount === 0
        ? newStorage(c.kind, 0)
        : fromArrow(c, data.children[index]!, rowCount)
  })
  return batch as Batch<S>
}

function checkSchema(format: BatchFormat<BatchSpec>, schema: Schema): void {
  const version = schema.metadata.get('wardwatch.version')
  if (schema.metadata.get('wardwatch.batch') !== format.name) {
    throw new WardwatchError(
      'RECORD_MALFORMED',
      `expected a ${format.name}, got ${schema.metadata.get('wardwatch.batch') ?? 'no name'}`,
    )
  }
  if (version !== String(format.version)) {
    throw new WardwatchError(
      'RECORD_VERSION_UNKNOWN',
      `${format.name} version ${version ?? 'none'}; this program reads ${format.version}`,
    )
  }
  if (columnsOf(schema) !== columnsOf(schemaOf(format)))
    throw new WardwatchError(
      'RECORD_MALFORMED',
      `${format.name}: columns differ from version ${format.version}`,
    )
}

function columnsOf(schema: Schema): string {
  return schema.fields.map((f) => `${f.name}:${String(f.type)}`).join()
}
