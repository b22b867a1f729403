import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildPage } from '../support/ward.ts'

/** Bytes, compressed: design of the dashboard. */
const firstLoadMax = 300_000

let folder: string
beforeAll(async () => {
  folder = await buildPage(await mkdtemp(join(tmpdir(), 'weight-')))
}, 60_000)
afterAll(() => rm(folder, { recursive: true }))

test('the first load is light, and the chart is no part of it', async () => {
  const html = await readFile(join(folder, 'index.html'), 'utf8')
  const files = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map((match) => match[1]!)
  expect(files.length).toBeGreaterThanOrEqual(2)
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file))))
  const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, gzipSync(html).length)
  expect(bytes).toBeLessThan(firstLoadMax)
  const chart = (await readdir(join(folder, 'assets'))).filter((name) => name.startsWith('chart'))
  expect(chart).toHaveLength(1)
  expect(files.some((file) => file.includes('chart'))).toBe(false)
})
