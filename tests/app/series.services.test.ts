import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, inject, test } from 'vitest'
import { stringify } from 'yaml'
import { temporaryFolder } from '../support/long-capture.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')

test('`wardwatch series setup` makes the bucket, changes its retention, and never shows the token', async () => {
  const { url, org, token } = inject('influxdb')
  const [bucket, config] = [`test-${randomUUID()}`, join(folder.path, 'wardwatch.yaml')]
  const tokenFile = join(folder.path, 'token')
  writeFileSync(tokenFile, `${token}\n`)
  const setUp = async (changes: object = {}) => {
    const series = { kind: 'influxdb', url, org, bucket, tokenFile, ...changes }
    writeFileSync(config, stringify({ series }))
    const own = { stdout: '', stderr: '', code: 0 }
    return promisify(execFile)(process.execPath, [
      main,
      'series',
      'setup',
      '--config',
      config,
    ]).then(
      (told) => ({ ...own, ...told }),
      (error: unknown) => ({ ...own, ...(error as typeof own) }),
    )
  }
  const told = [
    await setUp({ retentionDays: 30 }),
    await setUp({ retentionDays: 30 }),
    await setUp({ retentionDays: 60 }),
    await setUp({ org: 'nobody' }),
    await setUp({ tokenFile: join(folder.path, 'none') }),
  ]
  expect(told.map(({ stdout }) => stdout.trim()).slice(0, 3)).toEqual([
    `bucket ${bucket}: made, points are kept for 30 days`,
    `bucket ${bucket}: it was there, nothing to do, points are kept for 30 days`,
    `bucket ${bucket}: it was there, its retention has been changed, points are kept for 60 days`,
  ])
  expect(told.map(({ code }) => code)).toEqual([0, 0, 0, 1, 2])
  expect(told[3]!.stderr).toContain('no organisation nobody')
  expect(told[4]!.stderr).toContain('series.tokenFile')
  for (const { stdout, stderr } of told) expect(stdout + stderr).not.toContain(token)
})
