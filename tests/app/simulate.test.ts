import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadConfig } from '../../app/config.ts'
import { temporaryFolder } from '../support/long-capture.ts'

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
const folder = temporaryFolder()
const scenario = ['--scenario', 'attacked-ward', '--days', '0.01', '--seed', '4']
afterAll(folder.remove)

/** The command as a user runs it. */
const wardwatch = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [main, ...args], {
    cwd: folder.path,
    maxBuffer: 64 * 1024 * 1024,
  })
const bytesOf = (file: string) => readFileSync(join(folder.path, file))
const linesOf = (file: string) => bytesOf(file).toString().trimEnd().split('\n')

beforeAll(async () => {
  const extras = ['--labels', 'labels.jsonl', '--inventory', 'ward.yaml']
  await Promise.all([
    wardwatch('simulate', ...scenario, '--out', 'ward.pcap', ...extras),
    wardwatch('simulate', ...scenario, '--out', 'again.pcap.gz', '--labels', 'again.jsonl'),
    wardwatch('simulate', ...scenario, '--out', 'records.jsonl', '--records'),
  ])
}, 60_000)

describe('simulate', () => {
  test('writes the same packets for the same seed, zipped where the name says so', () => {
    expect(gunzipSync(bytesOf('again.pcap.gz')).equals(bytesOf('ward.pcap'))).toBe(true)
    expect(bytesOf('again.jsonl').equals(bytesOf('labels.jsonl'))).toBe(true)
  })

  test('labels who did what to whom, and when', () => {
    const party = z.strictObject({ ip: z.ipv4(), mac: z.string() })
    const label = z.strictObject({
      behaviour: z.string(),
      variant: z.string(),
      offender: party,
      victim: party.nullable(),
      from: z.iso.datetime(),
      to: z.iso.datetime(),
      isNotified: z.boolean(),
    })
    const labels = linesOf('labels.jsonl').map((line) => label.parse(JSON.parse(line)))
    expect(new Set(labels.map(({ behaviour }) => behaviour)).size).toBe(7)
  })

  test('writes the records that flows and summaries print of its packets', async () => {
    const printed = await Promise.all([
      wardwatch('flows', 'ward.pcap'),
      wardwatch('summaries', 'ward.pcap'),
    ])
    const expected = printed.flatMap(({ stdout }) => stdout.trimEnd().split('\n'))
    expect(linesOf('records.jsonl').sort()).toEqual(expected.sort())
  })

  test('writes a configuration that declares the ward', () => {
    const { inventory } = loadConfig(join(folder.path, 'ward.yaml'))
    expect(inventory.devices.map(({ name }) => name)).toContain('Pump-1-1')
  })
})
