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

export interface Storage {
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

/** Width of the fixed-size columns. */
export const bytesPerRow = { ip: 16, mac: 6 } as const

/** A name, a version and the columns: all that both sides of the bus must agree on. */
export interface BatchFormat<S extends BatchSpec> {
  readonly name: string
  readonly version: number
  readonly spec: S
}

export function defineBatch<S extends BatchSpec>(
  name: string,
  version: number,
  spec: S,
): BatchFormat<S> {
  return { name, version, spec }
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

/** Room for `capacity` values of one column. */
export function newStorage(
  kind: ColumnSpec['kind'],
  capacity: number,
): Storage[ColumnSpec['kind']] {
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
