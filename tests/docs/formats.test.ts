import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { alertSchema } from '../../records/alert.ts'
import { anomalyMessageSchema, anomalySchema } from '../../records/anomaly.ts'
import { schemaOf } from '../../records/batch-schema.ts'
import { encodeObservation } from '../../records/codec.ts'
import type { BatchFormat, BatchSpec, ColumnSpec } from '../../records/columns.ts'
import { controlCommandSchema } from '../../records/control.ts'
import { flowBatchFormat } from '../../records/flow-batch.ts'
import type { CaptureGap, CaptureHealth, ObservationMessage } from '../../records/observation.ts'
import { summaryBatchFormat } from '../../records/summary-batch.ts'
import { observation } from '../support/observation.ts'
import { read, root, table, withTable } from './generated.ts'
import { alternatives, jsonSchemaOf, type Node } from './json-schema.ts'

/** Columns as a table; types as Arrow names them. */
function columnTable(format: BatchFormat<BatchSpec>): string {
  const types = new Map(schemaOf(format).fields.map((field) => [field.name, String(field.type)]))
  const rows = Object.entries(format.spec).map(([name, column]) => [
    `\`${name}\``,
    `\`${types.get(name)!}\``,
    column.unit ?? '',
    meaningOf(column),
    column.nullMeans ?? '',
    column.source,
  ])
  return table(['column', 'Arrow type', 'unit', 'meaning', 'null', 'source'], rows)
}

/** The meaning with the words for its codes, where it does not tell them itself; code 0 without a word is null. */
function meaningOf({ meaning, words = [] }: ColumnSpec): string {
  const coded = words.map((word, code) => `${code} ${word}`).filter((text) => !text.endsWith(' '))
  const list = coded.join(', ')
  return meaning.includes(list) ? meaning : `${meaning}. ${list}`
}

/** Paths of all fields a schema may hold, `a.b` and `a[].b`, deeper ones after their parent. */
function fieldsOf(node: Node, path = ''): string[] {
  const fields = alternatives(node).flatMap((one) => {
    if (one.items !== undefined) return fieldsOf(one.items, `${path}[]`)
    return Object.entries(one.properties ?? {}).flatMap(([name, child]) => {
      const below = path === '' ? name : `${path}.${name}`
      return [below, ...fieldsOf(child, below)]
    })
  })
  return [...new Set(fields)]
}

/** First cells of the page's table that is headed `field`. */
function fieldsTold(page: string): string[] {
  const lines = page.split('\n')
  const from = lines.findIndex((line) => line.startsWith('| field |')) + 2
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'))
  return lines.slice(from, from + length).map((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? line)
}

/** Every JSON line within the page's code blocks. */
function examplesOf(page: string): unknown[] {
  return [...page.matchAll(/```jsonl?\n(.*?)```/gs)]
    .flatMap((block) => block[1]!.trim().split('\n'))
    .map((line): unknown => JSON.parse(line))
}

describe('the page of a batch', () => {
  test.each([
    ['docs/formats/flow-batch.md', flowBatchFormat],
    ['docs/formats/summary-batch.md', summaryBatchFormat],
  ] as const)('%s lists every column as the code has it', async (page, format) => {
    const expected = withTable(read(page), 'column', columnTable(format))
    await expect(expected).toMatchFileSnapshot(join(root, page))
    expect(expected).toContain(`Version ${format.version}.`)
  })
})

describe('the page of a JSON format', () => {
  const formats: [string, z.ZodType, z.ZodType][] = [
    ['alert', alertSchema, alertSchema],
    ['anomaly', anomalySchema, anomalyMessageSchema],
    ['control', controlCommandSchema, controlCommandSchema],
  ]

  test.each(formats)('%s.md tells every field and no other', (name, fields) => {
    const told = fieldsTold(read(`docs/formats/${name}.md`))
    expect(told.toSorted()).toEqual(fieldsOf(jsonSchemaOf(fields)).toSorted())
  })

  test.each(formats)('%s.md shows examples that can be read', (name, _fields, message) => {
    const examples = examplesOf(read(`docs/formats/${name}.md`))
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) {
      const parsed = message.safeParse(example)
      expect(parsed.error).toBeUndefined()
      expect(Object.keys(parsed.data as object)).toEqual(
        expect.arrayContaining(Object.keys(example as object)),
      )
    }
  })

  test('control.md shows every command that people write', () => {
    const kinds = examplesOf(read('docs/formats/control.md')).map(
      (example) => controlCommandSchema.parse(example).kind,
    )
    expect(new Set(kinds)).toEqual(new Set(['approve', 'unapprove', 'same-device']))
  })
})

describe('the page of the observation', () => {
  const page = read('docs/formats/observation.md')
  const kinds = { data: 0, clock: 0, recording: 0, end: 0, control: 0 } satisfies Record<
    ObservationMessage['kind'],
    number
  >

  test('tells where the parts of a message lie', () => {
    const bytes = Buffer.from(encodeObservation(observation()))
    const rows = [...page.matchAll(/^\| (\d+) \| 4 \| `(\w+)`/gm)].map((row) => [
      Number(row[1]),
      row[2],
    ])
    expect(rows).toEqual([
      [0, 'WWO1'],
      [8, 'h'],
      [12, 'f'],
      [16, 's'],
    ])
    expect(bytes.toString('latin1', 0, 4)).toBe('WWO1')
    expect(20 + bytes.readUInt32LE(8) + bytes.readUInt32LE(12) + bytes.readUInt32LE(16)).toBe(
      bytes.length,
    )
    const header = JSON.parse(bytes.toString('utf8', 20, 20 + bytes.readUInt32LE(8))) as unknown
    expect(header).toHaveProperty('kind', 'data')
  })

  test('tells every field of the header and no other', () => {
    const header = Object.keys(observation()).filter(
      (name) => !['flows', 'summaries'].includes(name),
    )
    const optional = ['recording', 'recording.name', 'recording.teaches', 'command']
    const gap: CaptureGap = { fromUs: 1, toUs: 2, cause: 'ended' }
    const capture: CaptureHealth = { downSinceUs: null, gaps: 1, gapUs: 1, lastGap: gap }
    optional.push(
      'health.capture',
      ...Object.keys(capture).map((name) => `health.capture.${name}`),
      ...Object.keys(gap).map((name) => `health.capture.lastGap.${name}`),
    )
    const sent = header.concat(
      Object.keys(observation().health).map((name) => `health.${name}`),
      optional,
    )
    expect(fieldsTold(page).toSorted()).toEqual([...new Set(sent)].toSorted())
  })

  test.each(Object.keys(kinds))('tells what a message of kind %s is', (kind) => {
    expect(page).toMatch(new RegExp(`^\\| \`${kind}\` \\|`, 'm'))
  })
})
