import {
  type Data,
  type DataType,
  makeData,
  makeVector,
  RecordBatch,
  type Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
} from 'apache-arrow'
import {
  type Batch,
  type BatchFormat,
  type BatchSpec,
  bytesPerRow,
  type ColumnSpec,
  type DictionaryColumn,
  newStorage,
  type Storage,
} from './columns.ts'
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
  const got = schema.fields.map((f) => `${f.name}:${String(f.type)}`).join()
  const want = schemaOf(format)
    .fields.map((f) => `${f.name}:${String(f.type)}`)
    .join()
  if (got !== want)
    throw new WardwatchError(
      'RECORD_MALFORMED',
      `${format.name}: columns differ from version ${format.version}`,
    )
}

function toArrow(c: ColumnSpec, type: DataType, storage: unknown, rowCount: number): Data {
  const nulls = c.nullMeans === undefined ? noNulls : nullBitmap(c, storage, rowCount)
  const common = { type: type as never, length: rowCount, ...nulls }
  switch (c.kind) {
    case 'f64':
    case 'u32':
    case 'u16':
    case 'u8':
      return makeData({ ...common, data: (storage as Uint8Array).subarray(0, rowCount) } as never)
    case 'ip':
    case 'mac':
      return makeData({
        ...common,
        data: (storage as Uint8Array).subarray(0, rowCount * bytesPerRow[c.kind]),
      } as never)
    case 'bool':
      return makeData({
        ...common,
        data: packBits(rowCount, (row) => (storage as Uint8Array)[row] !== 0).bits,
      } as never)
    case 'utf8':
      return utf8Data(storage as (string | null)[], rowCount, nulls)
    case 'dictionary': {
      const { codes, values } = storage as DictionaryColumn
      const dictionary = makeVector(utf8Data(values, values.length, noNulls))
      return makeData({ ...common, data: codes.subarray(0, rowCount), dictionary } as never)
    }
  }
}

const noNulls = { nullCount: 0 }
const utf8Encoder = new TextEncoder()

function utf8Data(
  texts: readonly (string | null)[],
  rowCount: number,
  nulls: { nullCount: number; nullBitmap?: Uint8Array },
): Data {
  const valueOffsets = new Int32Array(rowCount + 1)
  const parts: Uint8Array[] = []
  let length = 0
  for (let row = 0; row < rowCount; row++) {
    const text = texts[row]
    if (text !== null && text !== undefined) {
      const part = utf8Encoder.encode(text)
      parts.push(part)
      length += part.length
    }
    valueOffsets[row + 1] = length
  }
  const data = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    data.set(part, at)
    at += part.length
  }
  return makeData({ type: new Utf8(), length: rowCount, valueOffsets, data, ...nulls } as never)
}

function nullBitmap(
  c: ColumnSpec,
  storage: unknown,
  rowCount: number,
): { nullCount: number; nullBitmap?: Uint8Array } {
  const { bits, set } = packBits(rowCount, (row) => !isNull(c.kind, storage, row))
  return set === rowCount ? noNulls : { nullCount: rowCount - set, nullBitmap: bits }
}

function isNull(kind: ColumnSpec['kind'], storage: unknown, row: number): boolean {
  switch (kind) {
    case 'f64':
      return Number.isNaN((storage as Float64Array)[row])
    case 'u32':
    case 'u16':
    case 'u8':
    case 'bool':
      return (storage as Uint8Array)[row] === 0
    case 'dictionary':
      return (storage as DictionaryColumn).codes[row]! < 0
    case 'utf8':
      return ((storage as (string | null)[])[row] ?? null) === null
    case 'ip':
    case 'mac': {
      const bytes = storage as Uint8Array
      const width = bytesPerRow[kind]
      for (let i = row * width; i < (row + 1) * width; i++) if (bytes[i] !== 0) return false
      return true
    }
  }
}

function packBits(
  rowCount: number,
  isSet: (row: number) => boolean,
): { bits: Uint8Array; set: number } {
  const bits = new Uint8Array((rowCount + 7) >> 3)
  let set = 0
  for (let row = 0; row < rowCount; row++) {
    if (!isSet(row)) continue
    bits[row >> 3]! |= 1 << (row & 7)
    set++
  }
  return { bits, set }
}

function fromArrow(c: ColumnSpec, data: Data, rowCount: number): Storage[ColumnSpec['kind']] {
  const bitmap = data.nullCount > 0 ? data.nullBitmap : null
  checkLengths(c, data, rowCount)
  const isValid = (row: number) => bitmap === null || (bitmap[row >> 3]! & (1 << (row & 7))) !== 0
  switch (c.kind) {
    case 'f64': {
      const values = data.values as Float64Array
      if (bitmap !== null)
        for (let row = 0; row < rowCount; row++) if (!isValid(row)) values[row] = NaN
      return values
    }
    case 'u32':
    case 'u16':
    case 'u8':
    case 'ip':
    case 'mac':
      return data.values as Uint8Array
    case 'bool': {
      const bits = data.values as Uint8Array
      return Uint8Array.from({ length: rowCount }, (_, row) => (bits[row >> 3]! >> (row & 7)) & 1)
    }
    case 'utf8':
      return textsOf(data, rowCount).map((text, row) => (isValid(row) ? text : null))
    case 'dictionary': {
      const codes = data.values as Int32Array
      const dictionary = data.dictionary?.data[0] as Data | undefined
      const values = dictionary === undefined ? [] : textsOf(dictionary, dictionary.length)
      for (let row = 0; row < rowCount; row++) {
        if (!isValid(row)) codes[row] = -1
        else if (codes[row]! < 0 || codes[row]! >= values.length) {
          throw new WardwatchError('RECORD_MALFORMED', 'dictionary code out of range', {
            fields: { row },
          })
        }
      }
      return { codes, values }
    }
  }
}

/** Arrow believes the lengths a message claims; a column that ends early is told here, not read as undefined. */
function checkLengths(c: ColumnSpec, data: Data, rowCount: number): void {
  const width = c.kind === 'ip' || c.kind === 'mac' ? bytesPerRow[c.kind] : 1
  const needed = c.kind === 'bool' ? (rowCount + 7) >> 3 : rowCount * width
  const isShort =
    c.kind === 'utf8'
      ? (data.valueOffsets as Int32Array).length <= rowCount
      : (data.values as Uint8Array).length < needed
  if (data.length !== rowCount || isShort)
    throw new WardwatchError('RECORD_MALFORMED', 'a column is shorter than its batch')
}

const utf8Decoder = new TextDecoder()

function textsOf(data: Data, count: number): string[] {
  const offsets = data.valueOffsets as Int32Array
  const bytes = data.values as Uint8Array
  return Array.from({ length: count }, (_, row) =>
    utf8Decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])),
  )
}
