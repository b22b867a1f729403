import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { schemaVersion } from '../../store/sql.ts'
import { alertChangeStoreContract } from '../contracts/alert-change-store.contract.ts'
import { outboxStoreContract } from '../contracts/outbox-store.contract.ts'
import { deviceStoreContract } from '../contracts/device-store.contract.ts'
import { anomaly, stateStoreContract } from '../contracts/state-store.contract.ts'
import { firstStateSchema } from '../support/first-state-schema.ts'
import { silentLogger } from '../support/silent-logger.ts'

const create = (path: string, busyTimeoutMs = 5_000) =>
  createSqliteStore({ kind: 'sqlite', path, busyTimeoutMs }, { logger: silentLogger })

const openSqlite = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-sqlite-'))
  return {
    create: () => create(join(folder, 'data', 'state.db')),
    remove: () => rm(folder, { recursive: true }),
  }
}
stateStoreContract('sqlite', openSqlite)
deviceStoreContract('sqlite', openSqlite)
alertChangeStoreContract('sqlite', openSqlite)
outboxStoreContract('sqlite', openSqlite)

describe('sqlite', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wardwatch-sqlite-'))
    path = join(folder, 'state.db')
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('refuses a file that is no database and says so', async () => {
    await writeFile(path, 'x'.repeat(4_096))
    await expect(create(path).start()).rejects.toMatchObject({
      code: 'STATE_INCOMPATIBLE',
      retryable: false,
    })
  })

  test('refuses a folder that cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(create(join(folder, 'file', 'state.db')).start()).rejects.toMatchObject({
      code: 'STATE_STORE_FAILED',
    })
  })

  test('refuses what a newer version has written, and leaves it as it is', async () => {
    const store = create(path)
    await store.start()
    await store.stop()
    change(path, 'UPDATE schema_version SET version = 99')
    await expect(create(path).start()).rejects.toMatchObject({
      code: 'STATE_INCOMPATIBLE',
      fields: { version: 99 },
    })
    expect(ask(path, 'SELECT version FROM schema_version')).toEqual([{ version: 99 }])
  })

  test('brings a database of version 1 up, and knows the score and the owner of its rows', async () => {
    const leading = { ...anomaly(10), score: 0.7 }
    const owner = [leading.site, leading.behaviour, leading.viewKey, leading.objectGroup]
    change(path, firstStateSchema)
    change(
      path,
      `INSERT INTO alert_row VALUES ('x', '${JSON.stringify(owner)}', 1, 'new', 1, 2, 1,
        '${JSON.stringify(leading)}', '[]', NULL)`,
    )
    const store = create(path)
    await store.start()
    const ids = async (rows: Promise<readonly { id: string }[]>) => (await rows).map(({ id }) => id)
    expect(await ids(store.alerts.list({ limit: 1, scoreMin: 0.7 }))).toEqual(['x'])
    expect(await ids(store.alerts.list({ limit: 1, scoreMin: 0.71 }))).toEqual([])
    const options = { limit: 1, scoreMin: 0.3 }
    expect(await ids(store.devices.alertsOf(leading.viewKey, options))).toEqual(['x'])
    await store.stop()
    expect(ask(path, 'SELECT version FROM schema_version')).toEqual([{ version: schemaVersion }])
  })

  test('refuses a row that somebody else has written', async () => {
    const store = create(path)
    await store.start()
    change(
      path,
      `INSERT INTO alert_row (id, row_key, revision, status, first_seen_us, last_seen_us, count, leading_json, peers_json)
        VALUES ('x', 'k', 1, 'new', 1, 1, 1, '{"not":"an anomaly"}', '[]')`,
    )
    await expect(store.alerts.get('x')).rejects.toMatchObject({ code: 'STATE_INCOMPATIBLE' })
    await store.stop()
  })

  test('says that a retry can help when another process holds the file for too long', async () => {
    const store = create(path, 20)
    await store.start()
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.partitions.acquire(0)).rejects.toMatchObject({
      code: 'STATE_STORE_FAILED',
      retryable: true,
    })
    await expect(
      store.alerts.commit({ anomalies: [], rows: [], moves: [], ended: [] }),
    ).rejects.toMatchObject({ code: 'ALERT_STORE_FAILED', retryable: true })
    other.exec('ROLLBACK')
    other.close()
    expect((await store.partitions.acquire(0)).epoch).toBe(1)
    await store.stop()
  })

  test('lets processes that start at the same moment create the tables once', async () => {
    const stores = Array.from({ length: 4 }, () => create(path))
    await Promise.all(stores.map((store) => store.start()))
    expect(
      await Promise.all(
        stores.map((store) => store.partitions.acquire(0).then((row) => row.epoch)),
      ),
    ).toEqual([1, 2, 3, 4])
    await Promise.all(stores.map((store) => store.stop()))
  })

  test(
    'keeps every acknowledged commit of a process that is killed, and half of none',
    { timeout: 60_000 },
    async () => {
      const store = create(path)
      await store.start()
      for (let kill = 0; kill < 5; kill++) {
        const acknowledged = await killWhileCommitting(path, 20 + kill * 7)
        const { nextOffset, epoch, state } = await store.partitions.acquire(0)
        const sections = await store.partitions.load(0)
        expect(nextOffset).toBeGreaterThanOrEqual(acknowledged)
        // Each commit of the child writes its number into the row and into each of 300 sections.
        expect(
          new Set(
            sections.map(({ value }) => new DataView(value.buffer, value.byteOffset).getUint32(0)),
          ),
        ).toEqual(new Set([nextOffset]))
        expect(sections).toHaveLength(300)
        await store.partitions.commit({
          row: { partition: 0, epoch, nextOffset, state: state! },
          sections: [],
          removedHosts: [],
          progress: [],
        })
      }
      await store.stop()
      expect(ask(path, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
    },
  )
})

/** Runs a process that commits without pause, kills it after `commits` acknowledgements; returns the last one it told. */
async function killWhileCommitting(path: string, commits: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, '..', 'support', 'commit-forever.ts'),
      path,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const exited = once(child, 'exit')
  const last = await acknowledgements(child, commits)
  await exited
  return last
}

async function acknowledgements(child: ChildProcess, commits: number): Promise<number> {
  let last = 0
  let count = 0
  for await (const line of createInterface({ input: child.stdout! })) {
    last = Number(line)
    if (++count === commits) child.kill('SIGKILL')
  }
  expect(count).toBeGreaterThanOrEqual(commits)
  return last
}

function ask(path: string, sql: string): unknown[] {
  const database = new DatabaseSync(path)
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  } finally {
    database.close()
  }
}

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}
