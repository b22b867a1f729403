import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig, parseConfig, storePath } from '../../app/config.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardwatch-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(text: string): string {
  const file = join(folder, 'wardwatch.yaml')
  writeFileSync(file, text)
  return file
}

describe('a configuration file', () => {
  test('may be empty: every key has a default', () => {
    const config = loadConfig(fileOf(''))
    expect(config.bus.kind).toBe('memory')
    expect(storePath(config)).toBe('data/state.sqlite')
    expect(config).toEqual(parseConfig({}))
  })

  test.each([
    { name: 'an unknown key', text: 'data: x\nbusses: 1\n', says: /wardwatch\.yaml:2: busses: / },
    {
      name: 'an unknown key inside',
      text: 'dashboard:\n  port: 80\n  prot: 81\n',
      says: /:3: dashboard\.prot: /,
    },
    { name: 'a wrong type', text: 'dashboard:\n  port: eighty\n', says: /:2: dashboard\.port: / },
    {
      name: 'a wrong item of a list',
      text: 'inventory:\n  monitoredNetworks:\n    - 10.0.0.0/8\n    - 10.0.0.0/99\n',
      says: /:4: inventory\.monitoredNetworks\.1: /,
    },
    { name: 'an open address', text: 'dashboard:\n  host: 0.0.0.0\n', says: /:2: .*127\.0\.0\.1/ },
    {
      name: 'an unknown detector',
      text: 'analyzer:\n  detectors:\n    port-skan: {}\n',
      says: /:3: analyzer\.detectors\.port-skan: no such behaviour/,
    },
    {
      name: 'a wrong threshold',
      text: 'analyzer:\n  detectors:\n    login-burst:\n      medical: 8\n',
      says: /:4: analyzer\.detectors\.login-burst/,
    },
    { name: 'broken YAML', text: 'data: [1\n', says: /wardwatch\.yaml:2: / },
    {
      name: 'a bomb of aliases',
      text: `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n`,
      says: /too many aliases/,
    },
  ])('with $name is refused, naming file and line', ({ text, says }) => {
    expect(() => loadConfig(fileOf(text))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(says) as string,
      }),
    )
  })

  test('that is not there is told by name', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'))).toThrow(
      expect.objectContaining({ code: 'INPUT_NOT_FOUND' }),
    )
  })

  test('cannot reach the prototype of objects', () => {
    expect(() => loadConfig(fileOf('__proto__:\n  polluted: 1\n'))).toThrow(/__proto__/)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
