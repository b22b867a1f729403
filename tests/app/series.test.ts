import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../app/config.ts'
import { influxdbAccess } from '../../store/adapters/influxdb/access.ts'
import { influxdbSeriesConfigSchema } from '../../store/series-config.ts'
import { temporaryFolder } from '../support/long-capture.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
const influxdb = { kind: 'influxdb', url: 'http://127.0.0.1:8086', org: 'hospital' } as const

describe('the token of InfluxDB', () => {
  const access = (fields: object, environment = {}) =>
    influxdbAccess(influxdbSeriesConfigSchema.parse({ ...influxdb, ...fields }), environment).token

  test('comes from the configuration, a file, or the environment', () => {
    const tokenFile = join(folder.path, 'token')
    writeFileSync(tokenFile, ' from-file\n')
    const environment = { WARDWATCH_SERIES_TOKEN: 'from-environment' }
    expect(access({ token: 'given' }, environment)).toBe('given')
    expect(access({ tokenFile }, environment)).toBe('from-file')
    expect(access({}, environment)).toBe('from-environment')
  })

  test.each([
    { name: 'nowhere', fields: {} },
    { name: 'in a file that is not there', fields: { tokenFile: '/nowhere/token' } },
  ])('is missed where it is $name', ({ fields }) => {
    expect(() => access(fields)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
    )
  })

  test('is not told twice', () => {
    const series = { ...influxdb, token: 'a', tokenFile: 'b' }
    expect(() => parseConfig({ series })).toThrow(/either the token or its file/)
  })

  test('is in no dump of the configuration', async () => {
    const file = join(folder.path, 'wardwatch.yaml')
    writeFileSync(file, JSON.stringify({ series: { ...influxdb, token: 'tell-nobody' } }))
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...[main, 'check', '--dump', '--config', file],
    ])
    expect(stdout).toContain('org: hospital')
    expect(stdout).not.toContain('tell-nobody')
  })
})
