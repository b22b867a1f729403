import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Config, loadConfig, parseConfig } from '../../app/config.ts'
import { createLogger } from '../../app/logger.ts'
import { changedKeys, createReloader } from '../../app/reload.ts'
import { WardwatchError } from '../../records/errors.ts'
import { temporaryFolder } from '../support/long-capture.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

/** A service that was started with `text`, and whose file can be written anew. */
function scene(text: string) {
  const file = join(folder.path, 'wardwatch.yaml')
  const write = (next: string) => writeFileSync(file, next)
  write(text)
  const logger = createQuietLogger()
  const levels: string[] = []
  const applied: string[] = []
  const reloader = createReloader(loadConfig(file), {
    read: () => loadConfig(file),
    appliers: {
      'log.level':
        ({ log }: Config) =>
        () =>
          void levels.push(log.level),
      'alerts.group': ({ alerts }: Config) => {
        if (alerts.group === 'impossible')
          throw new WardwatchError('CONFIG_INVALID', 'no such group')
        return () => void levels.push(alerts.group)
      },
    },
    applied: ({ log }) => applied.push(log.level),
    logger,
  })
  return { write, reloader, levels, applied, lines: logger.lines }
}

describe('reading the configuration again', () => {
  test('applies what can change at run time, once', () => {
    const { write, reloader, levels, applied, lines } = scene('log: { level: info }')
    write('log: { level: debug }')
    reloader.reload()
    reloader.reload()
    expect([levels, applied]).toEqual([['debug'], ['debug']])
    expect(lines.map(({ fields }) => fields)).toEqual([{ applied: ['log.level'] }, { applied: [] }])
    expect(reloader.counts()).toEqual({ accepted: 2, refused: 0 })
  })

  test('keeps everything when anything is wrong, and says where', () => {
    const { write, reloader, levels, lines } = scene('log: { level: info }')
    write('log:\n  level: debug\nanalyzer:\n  checkpointSeconds: 0\n')
    reloader.reload()
    expect(levels).toEqual([])
    expect(lines).toMatchObject([
      {
        level: 'error',
        fields: {
          err: { code: 'CONFIG_INVALID', message: expect.stringMatching(/:4: /) as string },
        },
        message: 'configuration refused, the running one stays',
      },
    ])
    expect(reloader.counts()).toEqual({ accepted: 0, refused: 1 })
  })

  test('applies nothing when a part cannot make ready what is asked of it', () => {
    const { write, reloader, levels } = scene('log: { level: info }')
    write('log: { level: debug }\nalerts: { group: impossible }')
    reloader.reload()
    expect(levels).toEqual([])
    expect(reloader.counts()).toEqual({ accepted: 0, refused: 1 })
    write('log: { level: debug }\nalerts: { group: possible }')
    reloader.reload()
    expect(levels).toEqual(['debug', 'possible'])
  })

  test('names what waits for a restart until it is taken back', () => {
    const { write, reloader, lines } = scene('{}')
    const warned = () => lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields)
    write('analyzer: { engine: { hostsMax: 100 } }\ndashboard: { port: 9999 }')
    reloader.reload()
    reloader.reload()
    const keys = ['analyzer.engine.hostsMax', 'dashboard.port']
    expect(warned()).toEqual([{ keys }, { keys }])
    write('{}')
    reloader.reload()
    expect(warned()).toHaveLength(2)
  })

  test('keeps the running configuration when the file has gone', () => {
    const reloader = createReloader(parseConfig({}), {
      read: () => loadConfig(join(folder.path, 'gone.yaml')),
      appliers: {},
      logger: createQuietLogger(),
    })
    reloader.reload()
    expect(reloader.counts()).toEqual({ accepted: 0, refused: 1 })
  })
})

test('keys are compared at every depth, lists as a whole', () => {
  const before = { a: 1, b: { c: [1, 2], d: null }, e: { f: 1 } }
  const after = { a: 1, b: { c: [1, 3], d: null }, e: null, g: 2 }
  expect(changedKeys(before, after)).toEqual(['b.c', 'e', 'g'])
})

test('a new log level holds for children that were made before', () => {
  const lines: string[] = []
  const logger = createLogger('warn', { write: (line) => lines.push(line) })
  const child = logger.child({ stage: 'ingest' })
  child.info({}, 'not wanted')
  logger.setLevel('info')
  child.info({}, 'wanted')
  logger.info({}, 'wanted too')
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    'wanted',
    'wanted too',
  ])
})
