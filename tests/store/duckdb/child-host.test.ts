import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ChildHost, createChildHost } from '../../../store/adapters/duckdb/child-host.ts'
import { silentLogger } from '../../support/silent-logger.ts'
import type { ProbeRequests } from './probe-child.ts'

const probe = join(import.meta.dirname, 'probe-child.ts')
const settings = {
  memoryBytesMax: 64e6,
  threads: 1,
  queueBytesMax: 1_000_000,
  answerMsMax: 20_000,
  restartMsMin: 5,
  restartMsMax: 50,
}

describe('the child host', () => {
  let folder: string
  let host: ChildHost<ProbeRequests>
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wardwatch-child-'))
    host = create({})
  })
  afterEach(async () => {
    await host.stop()
    await rm(folder, { recursive: true })
  })
  const create = (over: Partial<typeof settings>): ChildHost<ProbeRequests> =>
    createChildHost({ folder, ...settings, ...over }, { logger: silentLogger, main: probe })

  test('answers requests with what the child makes of them, bytes included', async () => {
    await host.start()
    const bytes = new Uint8Array(new Uint8Array([9, 1, 2, 3]).buffer, 1)
    expect(await host.request('echo', { bytes })).toEqual({ bytes: Uint8Array.of(1, 2, 3) })
  })

  test('keeps the order of requests', async () => {
    await host.start()
    const numbers = Array.from({ length: 50 }, (_, i) => i)
    expect(await Promise.all(numbers.map(() => host.request('count', {})))).toEqual(
      numbers.map((i) => i + 1),
    )
  })

  test('rejects with the error of the handler, code and fields included', async () => {
    await host.start()
    await expect(host.request('fail', { coded: true })).rejects.toMatchObject({
      code: 'STATE_INCOMPATIBLE',
      fields: { version: 9 },
    })
    await expect(host.request('fail', { coded: false })).rejects.toMatchObject({
      code: 'DUCKDB_FAILED',
      message: 'disk is full',
    })
  })

  test('starts another child when one ends; what was under way is rejected, what waited is answered', async () => {
    await host.start()
    const first = host.health().pid!
    const underWay = host.request('never', {})
    const outcome = expect(underWay).rejects.toMatchObject({
      code: 'DUCKDB_UNAVAILABLE',
      retryable: true,
    })
    process.kill(first, 'SIGKILL')
    await outcome
    expect(await host.request('count', {})).toBe(1)
    expect(host.health()).toMatchObject({ state: 'ready', crashes: 1 })
    expect(host.health().pid).not.toBe(first)
  })

  test('kills a child that hangs', async () => {
    await host.start()
    const first = host.health().pid!
    await expect(host.request('spin', {}, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'DUCKDB_UNAVAILABLE',
    })
    expect(await host.request('count', {})).toBe(1)
    expect(host.health().pid).not.toBe(first)
  })

  test('holds callers back when the queue is full, and refuses those that do not want to wait', async () => {
    await host.start()
    const slow = host.request('never', {}, { bytes: 900_000 })
    const failed = slow.catch((error: unknown) => error)
    await expect(
      host.request('count', {}, { bytes: 200_000, whenFull: 'refuse' }),
    ).rejects.toMatchObject({ code: 'DUCKDB_UNAVAILABLE' })
    await expect(
      host.request('count', {}, { bytes: 200_000, timeoutMs: 10 }),
    ).rejects.toMatchObject({ code: 'DUCKDB_UNAVAILABLE' })
    expect(host.health()).toMatchObject({ refused: 2, queueBytes: 900_000 })
    const waits = host.request('count', {}, { bytes: 200_000 })
    process.kill(host.health().pid!, 'SIGKILL')
    expect(await waits).toBe(1)
    await failed
    expect(host.health().queueBytes).toBe(0)
  })

  test('goes on trying when a child cannot begin, and rejects in time what it cannot send', async () => {
    await writeFile(join(folder, 'refuse'), '')
    await host.start()
    expect(host.health()).toMatchObject({ lastFailure: 'told to refuse' })
    await expect(host.request('count', {}, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'DUCKDB_UNAVAILABLE',
    })
    await rm(join(folder, 'refuse'))
    expect(await host.request('count', {})).toBe(1)
  })

  test('stop lets the child close its files, and refuses what comes later', async () => {
    await host.start()
    await host.stop()
    expect(existsSync(join(folder, 'closed'))).toBe(true)
    await expect(host.request('count', {})).rejects.toMatchObject({ code: 'DUCKDB_UNAVAILABLE' })
    await host.stop()
  })
})
