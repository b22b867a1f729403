import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { silentLogger } from '../support/silent-logger.ts'

// The process is killed (-9) between every two steps of an obligation's life, around the sending twice, and started again
// each time until it is done. What receivers were told is read off a journal outside the database.

const worker = join(import.meta.dirname, '..', 'support', 'outbox-worker.ts')
const steps = [
  'before-fold',
  'after-fold',
  'before-claim',
  'after-claim',
  'before-send',
  'after-send',
  'before-settle',
  'after-settle',
  'before-change',
  'after-change',
]

interface Entry {
  readonly told?: string
  readonly key?: string
  readonly dedupKey?: string
  readonly kind?: string
  readonly alertId?: string
  readonly opened?: string
  readonly done?: true
}

/** Lives of the worker, each killed at its point, the last one not; returns how each ended. */
async function play(folder: string, points: readonly string[]): Promise<(string | null)[]> {
  const ends: (string | null)[] = []
  for (const [life, point] of [...points, 'never:1'].entries()) {
    const args = [worker, join(folder, 'state.db'), join(folder, 'journal'), point, String(life)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
    expect(code === 0 || signal === 'SIGKILL', log).toBe(true)
    ends.push(signal)
  }
  return ends
}

test('killed between every two steps, each obligation is delivered at least once under one key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-outbox-'))
  try {
    await writeFile(join(folder, 'journal'), '')
    // A life ends where it is told, or gets on: every step of every stage of the work is met by some life.
    const ends = await play(folder, [...steps.map((step) => `${step}:1`), 'after-send:2'])
    expect(ends.filter((end) => end === 'SIGKILL').length).toBeGreaterThanOrEqual(steps.length)
    expect(ends.at(-1)).toBeNull()

    const lines = (await readFile(join(folder, 'journal'), 'utf8')).trim().split('\n')
    const entries = lines.map((line) => JSON.parse(line) as Entry)
    const told = entries.filter((entry) => entry.told !== undefined)
    const alerts = new Set(entries.flatMap(({ opened }) => (opened === undefined ? [] : [opened])))
    expect(alerts.size).toBe(3)

    const store = createSqliteStore(
      { kind: 'sqlite', path: join(folder, 'state.db'), busyTimeoutMs: 5_000 },
      { logger: silentLogger },
    )
    await store.start()
    for (const alertId of alerts) {
      const owed = await store.outbox.ofAlert(alertId)
      // Page, acknowledgement and resolve for each of two receivers, written once, whatever was killed.
      expect(owed.map(({ receiver, kind }) => `${receiver} ${kind}`).sort()).toEqual(
        ['mail', 'pager'].flatMap((receiver) =>
          ['acknowledge', 'resolve', 'trigger'].map((kind) => `${receiver} ${kind}`),
        ),
      )
      expect(owed.map(({ state }) => state)).toEqual(owed.map(() => 'delivered'))
      for (const obligation of owed) {
        const own = told.filter(({ key }) => key === obligation.key)
        expect(own.length).toBeGreaterThanOrEqual(1)
        expect(new Set(own.map(({ dedupKey }) => dedupKey))).toEqual(new Set([obligation.dedupKey]))
      }
      for (const receiver of ['pager', 'mail']) {
        const kinds = told
          .filter((one) => one.alertId === alertId && one.told === receiver)
          .map(({ kind }) => kind)
        expect([...new Set(kinds)]).toEqual(['trigger', 'acknowledge', 'resolve'])
      }
    }
    const owedKeys = (await Promise.all([...alerts].map((id) => store.outbox.ofAlert(id)))).flat()
    await store.stop()
    expect(new Set(told.map(({ key }) => key))).toEqual(new Set(owedKeys.map(({ key }) => key)))
    // Some were told twice: killed after sending and before that was written down.
    expect(told.length).toBeGreaterThan(owedKeys.length)
  } finally {
    await rm(folder, { recursive: true })
  }
}, 120_000)
