import { join } from 'node:path'
import { Ajv } from 'ajv'
import { format, resolveConfig } from 'prettier'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig } from '../../app/config.ts'
import { configurationPage } from './configuration-page.ts'
import { configurationSchema, undescribed } from './configuration-schema.ts'
import { read, root } from './generated.ts'

const schemaFile = join(root, 'docs/wardwatch.schema.json')

/** The YAML examples of the page, as values. */
function examples(): unknown[] {
  const blocks = configurationPage().matchAll(/```yaml\n(.*?)```/gs)
  return [...blocks].map((block): unknown => parse(block[1]!) ?? {})
}

describe('the configuration', () => {
  test('has a description at every key', () => {
    expect(undescribed(configurationSchema())).toEqual([])
  })

  test('is told key by key on its page', async () => {
    await expect(configurationPage()).toMatchFileSnapshot(join(root, 'docs/configuration.md'))
  })

  test('has a JSON schema for editors', async () => {
    const style = await resolveConfig(schemaFile)
    const text = await format(JSON.stringify(configurationSchema()), { ...style, parser: 'json' })
    await expect(text).toMatchFileSnapshot(schemaFile)
  })

  test('has examples on its page that are valid', () => {
    for (const example of examples()) expect(() => parseConfig(example as object)).not.toThrow()
    expect(examples()).toHaveLength(2)
  })
})

describe('the JSON schema', () => {
  const isValid = new Ajv({ strict: false, validateFormats: false }).compile(configurationSchema())

  test.each([
    { name: 'the defaults', value: {} },
    {
      name: 'the containers’ configuration',
      value: parse(read('deploy/wardwatch.yaml')) as unknown,
    },
    {
      name: 'one threshold of one class',
      value: { analyzer: { detectors: { 'login-burst': { medical: { failuresMin: 5 } } } } },
    },
  ])('takes $name', ({ value }) => {
    expect(isValid(value)).toBe(true)
    expect(() => parseConfig(value as object)).not.toThrow()
  })

  test.each([
    { name: 'an unknown key', value: { dashboard: { prot: 1 } } },
    { name: 'a wrong type', value: { dashboard: { port: 'eighty' } } },
    { name: 'an unknown behaviour', value: { analyzer: { detectors: { 'port-skan': {} } } } },
    {
      name: 'an unknown threshold',
      value: { analyzer: { detectors: { 'login-burst': { medical: { failuresMax: 5 } } } } },
    },
    {
      name: 'a threshold out of range',
      value: { analyzer: { detectors: { 'new-device': { scoreClinical: 2 } } } },
    },
  ])('refuses $name, as the program does', ({ value }) => {
    expect(isValid(value)).toBe(false)
    expect(() => parseConfig(value as object)).toThrow()
  })
})
