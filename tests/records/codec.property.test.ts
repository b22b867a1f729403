import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBatch, encodeBatch } from '../../records/batch-codec.ts'
import { documentedSchema } from '../../records/batch-schema.ts'
import {
  type Batch,
  type BatchFormat,
  type BatchSpec,
  type ColumnSpec,
  createBatch,
  type DictionaryColumn,
  reserve,
  textAt,
} from '../../records/columns.ts'
import { decodeObservation, encodeObservation } from '../../records/codec.ts'
import { isWardwatchError } from '../../records/errors.ts'
import { createFlowBatch, flowBatchFormat } from '../../records/flow-batch.ts'
import { summaryBatchFormat } from '../../records/summary-batch.ts'
import { observation } from '../support/observation.ts'

const formats: { name: string; format: BatchFormat<BatchSpec> }[] = [
  { name: 'flow batch', format: flowBatchFormat },
  { name: 'summary batch', format: summaryBatchFormat },
]

describe.each(formats)('$name', ({ format }) => {
  test('comes back as it was sent, nulls included', () => {
    fc.assert(
      fc.property(rowsOf(format), (rows) => {
        const batch = batchOf(format, rows)
        expect(rowsIn(format, decodeBatch(format, encodeBatch(format, batch)))).toEqual(rows)
      }),
      { numRuns: 60 },
    )
  })

  test('keeps texts beyond ASCII whole, whatever stands beside them', () => {
    const texts = ['\ufeffmark', 'plain', '', 'é', '\ud83d\ude00', 'default|main|ip:10.0.0.1']
    const [name] = Object.entries(format.spec).find(([, c]) => c.kind === 'dictionary')!
    const batch = createBatch(format, texts.length)
    batch.rowCount = texts.length
    for (const [column, c] of Object.entries(format.spec)) {
      if (c.kind !== 'dictionary') continue
      const codes = Int32Array.from(texts, (_, row) => row)
      ;(batch as Record<string, unknown>)[column] = { codes, values: [...texts] }
    }
    const decoded = decodeBatch(format, encodeBatch(format, batch)) as Record<string, unknown>
    expect((decoded[name] as DictionaryColumn).values).toEqual(texts)
  })

  test('tells of every column its meaning and source, and of a nullable one what null means', () => {
    for (const field of documentedSchema(format).fields) {
      expect(field.metadata.get('meaning'), field.name).toBeTruthy()
      expect(field.metadata.get('source'), field.name).toBeTruthy()
      expect(field.metadata.has('null'), field.name).toBe(field.nullable)
      if (/Us$/.test(field.name)) expect(field.metadata.get('unit'), field.name).toMatch('µs')
      if (/Bytes$/.test(field.name)) expect(field.metadata.get('unit'), field.name).toBe('bytes')
    }
  })

  test('of another version is refused by name', () => {
    const later = { ...format, version: format.version + 1 }
    const bytes = encodeBatch(later, createBatch(later))
    expect(() => decodeBatch(format, bytes)).toThrow(
      expect.objectContaining({ code: 'RECORD_VERSION_UNKNOWN' }),
    )
  })
})

test('a hostile observation is a WardwatchError, never a crash or endless allocation', () => {
  const flows = createFlowBatch(4)
  flows.rowCount = 3
  flows.host = { codes: new Int32Array(4), values: ['a|b|ip:10.0.0.1'] }
  flows.peer = { codes: new Int32Array(4).fill(-1), values: [] }
  flows.service = { codes: new Int32Array(4).fill(-1), values: [] }
  const good = encodeObservation(observation({ flows }))
  const mutations = fc.array(fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) }), {
    minLength: 1,
    maxLength: 8,
  })
  fc.assert(
    fc.property(mutations, fc.nat(good.length), (changes, cut) => {
      const bytes = good.slice(0, cut < 40 ? cut : good.length)
      for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte
      try {
        decodeObservation(bytes)
      } catch (error) {
        if (!isWardwatchError(error)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})

type Row = Record<string, unknown>

/** Rows as plain objects: what a batch means, whatever it is stored in. */
function rowsOf(format: BatchFormat<BatchSpec>): fc.Arbitrary<Row[]> {
  const columns = Object.entries(format.spec).map(([name, c]) => [name, valueOf(c)] as const)
  return fc.array(fc.record(Object.fromEntries(columns)), { maxLength: 20 })
}

function valueOf(c: ColumnSpec): fc.Arbitrary<unknown> {
  const nullable = (value: fc.Arbitrary<unknown>) =>
    c.nullMeans === undefined ? value : fc.option(value)
  const least = c.nullMeans === undefined ? 0 : 1
  switch (c.kind) {
    case 'f64':
      return nullable(fc.nat())
    case 'u32':
      return nullable(fc.integer({ min: least, max: 0xffffffff }))
    case 'u16':
      return nullable(fc.integer({ min: least, max: 0xffff }))
    case 'u8':
      return nullable(fc.integer({ min: least, max: 0xff }))
    case 'bool':
      return fc.boolean()
    case 'dictionary':
      return nullable(fc.constantFrom('a', 'ü', 'default|main|ip:10.0.0.1', ''))
    case 'utf8':
      return nullable(fc.string({ unit: 'grapheme' }))
    case 'ip':
      return nullable(fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 16, maxLength: 16 }))
    case 'mac':
      return nullable(fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 6, maxLength: 6 }))
  }
}

function batchOf(format: BatchFormat<BatchSpec>, rows: Row[]): Batch<BatchSpec> {
  const batch = createBatch(format, 1)
  reserve(format, batch, rows.length)
  batch.rowCount = rows.length
  const columns = batch as Record<string, unknown>
  rows.forEach((row, at) => {
    for (const [name, c] of Object.entries(format.spec)) write(c, columns[name], at, row[name])
  })
  return batch
}

function write(c: ColumnSpec, storage: unknown, at: number, value: unknown): void {
  switch (c.kind) {
    case 'dictionary': {
      const { codes, values } = storage as DictionaryColumn
      if (value !== null && !values.includes(value as string)) values.push(value as string)
      codes[at] = value === null ? -1 : values.indexOf(value as string)
      return
    }
    case 'utf8':
      ;(storage as unknown[])[at] = value
      return
    case 'ip':
    case 'mac':
      if (value !== null)
        (storage as Uint8Array).set(value as number[], at * (value as number[]).length)
      return
    case 'f64':
      ;(storage as Float64Array)[at] = value === null ? NaN : (value as number)
      return
    default:
      ;(storage as Uint32Array)[at] = Number(value ?? 0)
  }
}

function rowsIn(format: BatchFormat<BatchSpec>, batch: Batch<BatchSpec>): Row[] {
  const columns = batch as Record<string, unknown>
  return Array.from({ length: batch.rowCount }, (_, at) =>
    Object.fromEntries(
      Object.entries(format.spec).map(([name, c]) => [name, read(c, columns[name], at)]),
    ),
  )
}

function read(c: ColumnSpec, storage: unknown, at: number): unknown {
  const width = c.kind === 'ip' ? 16 : 6
  switch (c.kind) {
    case 'dictionary':
      return textAt(storage as DictionaryColumn, at)
    case 'utf8':
      return (storage as unknown[])[at]
    case 'bool':
      return (storage as Uint8Array)[at] === 1
    case 'f64': {
      const value = (storage as Float64Array)[at]!
      return Number.isNaN(value) ? null : value
    }
    case 'ip':
    case 'mac': {
      const bytes = [...(storage as Uint8Array).subarray(at * width, (at + 1) * width)]
      return c.nullMeans !== undefined && bytes.every((b) => b === 0) ? null : bytes
    }
    default: {
      const value = (storage as Uint32Array)[at]!
      return c.nullMeans !== undefined && value === 0 ? null : value
    }
  }
}
