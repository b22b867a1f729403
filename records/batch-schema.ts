import {
  Bool,
  Dictionary as ArrowDictionary,
  type DataType,
  Field,
  FixedSizeBinary,
  Float64,
  Int32,
  Schema,
  Uint16,
  Uint32,
  Uint8,
  Utf8,
} from 'apache-arrow'
import { type BatchFormat, type BatchSpec, bytesPerRow, type ColumnSpec } from './columns.ts'

/** Arrow schema of a format, with unit, meaning, source and the meaning of null in each field's metadata. */
export function schemaOf(format: BatchFormat<BatchSpec>): Schema {
  const known = schemas.get(format)
  if (known !== undefined) return known
  const fields = Object.entries(format.spec).map(([column, c], index) => {
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
      ['wardwatch.batch', format.name],
      ['wardwatch.version', String(format.version)],
    ]),
  )
  schemas.set(format, schema)
  return schema
}

const schemas = new WeakMap<BatchFormat<BatchSpec>, Schema>()

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
