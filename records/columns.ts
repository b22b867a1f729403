import {
  Bool,
  type Data,
  Dictionary as ArrowDictionary,
  type DataType,
  Field,
  FixedSizeBinary,
  Float64,
  Int32,
  makeData,
  makeVector,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  Uint16,
  Uint32,
  Uint8,
  Utf8,
} from 'apache-arrow'
import { WardwatchError } from './errors.ts'

/**
 * One column: what Arrow stores, what memory holds, and what a reader must know.
 * A column with `nullMeans` is nullable. In memory a null is NaN (f64), 0 (u8, u16, u32), −1 (dictionary code),
 * `null` (utf8) or all-zero bytes (ip, mac); in Arrow it is a null. So a nullable integer column never holds 0 as a value.
 */
export interface ColumnSpec {
  readonly kind: 'f64' | 'u32' | 'u16' | 'u8' | 'bool' | 'dictionary' | 'utf8' | 'ip' | 'mac'
  readonly unit?: string
  readonly meaning: string
  readonly source: string
  readonly nullMeans?: string
  /** Words for the codes 0, 1, 2 … of a u8 column. */
  readonly words?: readonly string[]
}

export type BatchSpec = Readonly<Record<string, ColumnSpec>>

/** `codes[row]` points into `values`; −1 is null. Rows past `rowCount` are stale. */
export interface DictionaryColumn {
  codes: Int32Array
  values: string[]
}

interface Storage {
  f64: Float64Array
  u32: Uint32Array
  u16: Uint16Array
  u8: Uint8Array
  bool: Uint8Array
  dictionary: DictionaryColumn
  utf8: (string | null)[]
  ip: Uint8Array
  mac: Uint8Array
}

/** Columns of equal length: typed arrays (16 bytes a row for ip, 6 for mac), length ≥ `rowCount`. */
export type Batch<S extends BatchSpec> = { rowCount: number } & {
  -readonly [C in keyof S]: Storage[S[C]['kind']]
}

/** Text of a dictionary column at `row`, or null. */
export function textAt(column: DictionaryColumn, row: number): string | null {
  const code = column.codes[row]!
  return code < 0 ? null : column.values[code]!
}

const bytesPerRow = { ip: 16, mac: 6 } as const

/** A name, a version and the columns: all that both sides of the bus must agree on. */
export interface BatchFormat<S extends BatchSpec> {
  readonly name: string
  readonly version: number
  readonly spec: S
  /** Arrow schema with unit, meaning, source and the meaning of null in each field's metadata. */
  readonly schema: Schema
}

export function defineBatch<S extends BatchSpec>(
  name: string,
  version: number,
  spec: S,
): BatchFormat<S> {
  const fields = Object.entries(spec).map(([column, c], index) => {
    const metadata = new Map<string, string>([
      ['meaning', c.meaning],
      ['source', c.source],
    ])
    if (c.unit !== undefined) metadata.set('unit', c.unit)
    if (c.nullMeans !== undefined) metadata.set('null', c.nullMeans)
    if (c.words !== undefined) metadata.set('words', c.words.join(' '))
    return new Field(column, arrowType(c.kind, index), c.nullMeans !== undefined, metadata)
  })
  const schema = new Schema(
    fields,
    new Map([
      ['wardwatch.batch', name],
      ['wardwatch.version', String(version)],
    ]),
  )
  return { name, version, spec, schema }
}

/** An empty batch with room for `capacity` rows. */
export function createBatch<S extends BatchSpec>(format: BatchFormat<S>, capacity = 256): Batch<S> {
  const batch: Record<string, unknown> = { rowCount: 0 }
  for (const [column, c] of Object.entries(format.spec))
    batch[column] = newStorage(c.kind, capacity)
  return batch as Batch<S>
}

/** Makes room for at least `capacity` rows, doubling; every typed array of the batch may be replaced. */
export function reserve<S extends BatchSpec>(
  format: BatchFormat<S>,
  batch: Batch<S>,
  capacity: number,
): void {
  const columns = batch as Record<string, unknown>
  for (const [column, c] of Object.entries(format.spec)) {
    if (c.kind === 'utf8') continue
    const old =
      c.kind === 'dictionary'
        ? (columns[column] as DictionaryColumn).codes
        : (columns[column] as Uint8Array)
    const width = c.kind === 'ip' || c.kind === 'mac' ? bytesPerRow[c.kind] : 1
    if (old.length >= capacity * width) continue
    const grown = newStorage(c.kind, Math.max(capacity, (old.length / width) * 2))
    if (c.kind === 'dictionary') {
      const codes = (grown as DictionaryColumn).codes
      codes.set(old)
      ;(columns[column] as DictionaryColumn).codes = codes
    } else {
      ;(grown as Uint8Array).set(old)
      columns[column] = grown
    }
  }
}

/** Arrow IPC stream of rows `0 … rowCount − 1`. The result shares no memory with the batch. */
export function encodeBatch<S extends BatchSpec>(
  format: BatchFormat<S>,
  batch: Batch<S>,
): Uint8Array {
  const columns = batch as Record<string, unknown>
  const children = format.schema.fields.map((field) =>
    toArrow(format.spec[field.name]!, field.type as DataType, columns[field.name], batch.rowCount),
  )
  const struct = makeData({
    type: new Struct(format.schema.fields),
    length: batch.rowCount,
    nullCount: 0,
    children,
  })
  return tableToIPC(new Table(format.schema, [new RecordBatch(format.schema, struct)]), 'stream')
}

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
  if (table.batches.length > 1)
    throw new WardwatchError('RECORD_MALFORMED', `${format.name}: more than one record batch`)
  const batch: Record<string, unknown> = { rowCount }
  format.schema.fields.forEach((field, index) => {
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
  const want = format.schema.fields.map((f) => `${f.name}:${String(f.type)}`).join()
  if (got !== want)
    throw new WardwatchError(
      'RECORD_MALFORMED',
      `${format.name}: columns differ from version ${format.version}`,
    )
}

function arrowType(kind: ColumnSpec['kind'], dictionaryId: number): DataType {
  switch (kind) {
    case 'f64':
      return new Float64()
    case 'u32':
      return new Uint32()
    case 'u16':
      return new Uint16()
    case 'u8':
      return new Uint8()
    case 'bool':
      return new Bool()
    case 'dictionary':
      return new ArrowDictionary(new Utf8(), new Int32(), dictionaryId)
    case 'utf8':
      return new Utf8()
    case 'ip':
      return new FixedSizeBinary(bytesPerRow.ip)
    case 'mac':
      return new FixedSizeBinary(bytesPerRow.mac)
  }
}

function newStorage(kind: ColumnSpec['kind'], capacity: number): Storage[ColumnSpec['kind']] {
  switch (kind) {
    case 'f64':
      return new Float64Array(capacity)
    case 'u32':
      return new Uint32Array(capacity)
    case 'u16':
      return new Uint16Array(capacity)
    case 'u8':
      return new Uint8Array(capacity)
    case 'bool':
      return new Uint8Array(capacity)
    case 'dictionary':
      return { codes: new Int32Array(capacity), values: [] }
    case 'utf8':
      return []
    case 'ip':
      return new Uint8Array(capacity * bytesPerRow.ip)
    case 'mac':
      return new Uint8Array(capacity * bytesPerRow.mac)
  }
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
  const bitmap = data.nullCount > 0 ? (data.nullBitmap as Uint8Array) : null
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
      const dictionary = data.dictionary?.data[0]
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

const utf8Decoder = new TextDecoder()

function textsOf(data: Data, count: number): string[] {
  const offsets = data.valueOffsets as Int32Array
  const bytes = data.values as Uint8Array
  return Array.from({ length: count }, (_, row) =>
    utf8Decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])),
  )
}
