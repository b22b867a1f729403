import { DatabaseSync } from 'node:sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import type { AuditEntry } from '../../store/audit-store.ts'
import { sqliteStoreConfigSchema } from '../../store/config.ts'
import type { StateStore } from '../../store/state-store.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

let folder: string
let states: StateStore

const open = async () => {
  const config = sqliteStoreConfigSchema.parse({ path: join(folder, 'state.sqlite') })
  const store = createSqliteStore(config, { logger: createQuietLogger() })
  await store.start()
  return store
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-'))
  states = await open()
})
afterEach(async () => {
  await states.stop()
  await rm(folder, { recursive: true })
})

const entry = (object: string, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  atMs: 1_772_438_500_000,
  by: 'ada',
  from: '10.0.0.1',
  action: 'alert.close',
  object,
  details: { verdict: 'benign' },
  ...changes,
})
const record = async (count: number) => {
  for (let step = 1; step <= count; step++) await states.audit.record(entry(`alert-${step}`))
}
/** Writes past the store, as somebody with the file could. */
const tamper = (...statements: readonly string[]) => {
  const database = new DatabaseSync(join(folder, 'state.sqlite'))
  for (const statement of statements) database.exec(statement)
  database.close()
}

describe('the audit log', () => {
  test('is empty and whole at first', async () => {
    expect(await states.audit.verify()).toEqual({ count: 0, lastHash: '0'.repeat(64), fault: null })
  })

  test('tells newest first, in pages, by action', async () => {
    await record(5)
    await states.audit.record(entry('ada', { action: 'session.open' }))
    const [newest, second] = await states.audit.list({ limit: 2 })
    expect([newest?.object, second?.object]).toEqual(['ada', 'alert-5'])
    const before = await states.audit.list({ limit: 2, before: second!.sequence })
    expect(before.map(({ object }) => object)).toEqual(['alert-4', 'alert-3'])
    const opened = await states.audit.list({ limit: 10, action: 'session.open' })
    expect(opened).toMatchObject([{ ...entry('ada'), action: 'session.open', sequence: 6 }])
  })

  test.each([
    { name: 'changed', statement: `update audit_log set "by" = 'eve' where sequence = 3`, at: 3 },
    {
      name: 'changed with its hash',
      statement: `update audit_log set object = 'x', hash = '${'a'.repeat(64)}' where sequence = 3`,
      at: 3,
    },
    { name: 'taken out', statement: 'delete from audit_log where sequence = 3', at: 3 },
    { name: 'first taken out', statement: 'delete from audit_log where sequence = 1', at: 1 },
    { name: 'cut off at the end', statement: 'delete from audit_log where sequence > 3', at: 4 },
    { name: 'all taken out', statement: 'delete from audit_log', at: 1 },
  ])('shows where it was $name', async ({ statement, at }) => {
    await record(5)
    tamper(statement)
    expect((await states.audit.verify()).fault?.sequence).toBe(at)
  })

  test('shows that two entries were exchanged, and one put in between', async () => {
    await record(5)
    tamper(
      'update audit_log set sequence = 99 where sequence = 2',
      'update audit_log set sequence = 2 where sequence = 3',
      'update audit_log set sequence = 3 where sequence = 99',
    )
    expect((await states.audit.verify()).fault?.sequence).toBe(2)
    expect(await states.audit.list({ limit: 10 })).toHaveLength(5)
  })

  test('stays readable where somebody wrote no JSON', async () => {
    await record(2)
    tamper(`update audit_log set details_json = 'oops' where sequence = 1`)
    expect((await states.audit.list({ limit: 10 })).at(-1)?.details).toEqual({ unreadable: 'oops' })
    expect((await states.audit.verify()).fault).toEqual({ sequence: 1, reason: 'was changed' })
  })

  test('is one chain, whoever writes to it', async () => {
    const second = await open()
    try {
      await Promise.all(
        Array.from({ length: 40 }, (_, step) =>
          (step % 2 === 0 ? states : second).audit.record(entry(`alert-${step}`)),
        ),
      )
      expect(await second.audit.verify()).toMatchObject({ count: 40, fault: null })
    } finally {
      await second.stop()
    }
  })

  test('keeps any text so that it can be verified', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 700 })
    await fc.assert(
      fc.asyncProperty(text, text, text, fc.json(), async (by, from, object, json) => {
        await states.audit.record({ atMs: 1, by, from, action: 'test', object, details: { json } })
        expect((await states.audit.verify()).fault).toBeNull()
      }),
      { numRuns: 60 },
    )
  })

  test('bounds what an entry holds, and says so', async () => {
    await states.audit.record(entry('o'.repeat(10_000), { details: { long: 'd'.repeat(20_000) } }))
    const [row] = await states.audit.list({ limit: 1 })
    expect(row?.object).toHaveLength(512)
    expect(row?.details).toEqual({ leftOutBytes: 20_011 })
  })
})
