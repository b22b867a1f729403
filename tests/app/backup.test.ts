import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readArchive } from '../../app/backup/archive-reader.ts'
import { createArchive } from '../../app/backup/archive-writer.ts'
import { backUp } from '../../app/backup/backup.ts'
import { isSafeName } from '../../app/backup/manifest.ts'
import { restore } from '../../app/backup/restore.ts'
import { readTarHeader, tarHeader } from '../../app/backup/tar.ts'
import { parseConfig } from '../../app/config.ts'
import { createWardwatch } from '../../app/wire.ts'
import { sampleInventory } from '../../simulator/sample-capture.ts'
import { until } from '../contracts/bus.contract.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { playThrough } from '../support/play-through.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { stateDump } from '../support/state-dump.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

const at = (...parts: string[]) => join(folder.path, ...parts)

describe('the archive', () => {
  test('is a tar that names of every allowed length survive', () => {
    const name = fc
      .array(fc.stringMatching(/^[a-z0-9%_-][a-z0-9%_.-]{0,40}$/), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('/'))
      .filter((text) => text.length <= 100 || text.lastIndexOf('/') >= text.length - 101)
    fc.assert(
      fc.property(name, fc.integer({ min: 0, max: 2 ** 45 }), (text, bytes) => {
        expect(readTarHeader(tarHeader({ name: text, bytes }, 1_700_000_000))).toEqual({
          name: text,
          bytes,
        })
      }),
    )
  })

  test.each(['/etc/passwd', '../x', 'a/../../x', '.hidden', 'a/.ssh/key', 'a//b', 'a\\b', ''])(
    'never takes a name that leads out of the folder: %s',
    (name) => {
      expect(isSafeName(name)).toBe(false)
    },
  )
})

// Several plays of a capture: on a busy machine they take their time.
describe('a backup', { timeout: 120_000 }, () => {
  let capture: string
  let archive: string
  let undisturbed: string
  let told: string
  const data = at('data')
  const storeOf = (path: string) => ({ data: path, store: { path: join(path, 'state.sqlite') } })
  const dumpOf = (path: string) =>
    playThrough([capture], storeOf(path), ({ states }) => stateDump(states.alerts))

  beforeAll(async () => {
    capture = writeLongCapture(folder.path, 6)
    undisturbed = await dumpOf(at('undisturbed'))
    archive = at('backup.tar')
    await backUpUnderLoad()
  }, 180_000)

  /** The service plays the capture; the backup is taken when it has written its first alerts. */
  async function backUpUnderLoad(): Promise<void> {
    mkdirSync(join(data, 'evidence', 'main.sensor-1'), { recursive: true })
    writeFileSync(join(data, 'evidence', 'main.sensor-1', 'a.pcap'), 'packets')
    writeFileSync(at('wardwatch.yaml'), '{}\n')
    const config = parseConfig({
      ...storeOf(data),
      inventory: sampleInventory,
      analyzer: { checkpointSeconds: 0.001 },
    })
    const input = { kind: 'captures', learn: [], files: [capture], repeat: false } as const
    const wardwatch = createWardwatch(config, {
      roles: ['ingest', 'analyzer', 'alerts'],
      recordings: [],
      threads: { input, analyzers: 1 },
      logger: createQuietLogger(),
      now: Date.now,
      failed: (error) => {
        throw error
      },
    })
    await wardwatch.start()
    await until(() => (wardwatch.alerts?.counters().folded ?? 0) > 0)
    const { sha256 } = await backUp({
      path: archive,
      data,
      state: join(data, 'state.sqlite'),
      configuration: at('wardwatch.yaml'),
      nowMs: Date.UTC(2026, 0, 2),
    })
    told = sha256
    await wardwatch.stop()
  }

  test('taken under load is restored, and the service goes on with the same alerts', async () => {
    const manifest = await restore(archive, at('restored'))
    expect(manifest).toMatchObject({ created: '2026-01-02T00:00:00.000Z' })
    expect(manifest.files.map(({ name }) => name)).toEqual([
      'state.sqlite',
      'evidence/main.sensor-1/a.pcap',
      'configuration.yaml',
    ])
    expect(readFileSync(at('restored', 'evidence', 'main.sensor-1', 'a.pcap'), 'utf8')).toBe(
      'packets',
    )
    expect(statSync(at('restored')).mode & 0o777).toBe(0o700)
    expect(await dumpOf(at('restored'))).toBe(undisturbed)
  })

  test('can be read by tar, and by nobody else on this machine', () => {
    expect(execFileSync('tar', ['tf', archive], { encoding: 'utf8' }).trim().split('\n')).toEqual([
      'state.sqlite',
      'evidence/main.sensor-1/a.pcap',
      'configuration.yaml',
      'manifest.json',
    ])
    expect(statSync(archive).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder.path).filter((name) => name.includes('.part-'))).toEqual([])
  })

  test('holds no session: what was revoked since does not come back', async () => {
    const source = at('sessions')
    copyTree(data, source)
    const database = new DatabaseSync(join(source, 'state.sqlite'))
    database.exec(
      `INSERT INTO session (hash, account_id, created_ms, active_ms, "from", agent) VALUES ('h', 'a', 1, 1, 'f', 'x')`,
    )
    database.close()
    const path = at('sessions.tar')
    const state = join(source, 'state.sqlite')
    await backUp({ path, data: source, state, configuration: null, nowMs: 0 })
    await restore(path, at('sessions-restored'))
    const restored = new DatabaseSync(at('sessions-restored', 'state.sqlite'))
    expect(restored.prepare('SELECT count(*) AS n FROM session').get()).toEqual({ n: 0 })
    restored.close()
  })

  test('holds the sealed files that the state names, and tells what is missing or damaged', async () => {
    const source = at('with-history')
    copyTree(data, source)
    const state = join(source, 'state.sqlite')
    const database = new DatabaseSync(state)
    const insert = database.prepare(
      'INSERT INTO history_file (name, kind, number, from_us, to_us, rows, bytes, sha256) VALUES (?, ?, ?, 0, 1, 1, 6, ?)',
    )
    const sha256 = createHash('sha256').update('sealed').digest('hex')
    for (const [i, name] of ['whole', 'rotten', 'lost'].entries())
      insert.run(`segment-${name}.parquet`, 'segment', i, sha256)
    database.close()
    mkdirSync(join(source, 'history', 'files'), { recursive: true })
    mkdirSync(join(source, 'history', 'live'))
    const file = (name: string) => join('history', 'files', `segment-${name}.parquet`)
    writeFileSync(join(source, file('whole')), 'sealed')
    writeFileSync(join(source, file('rotten')), 'rotten')
    writeFileSync(join(source, file('unnamed')), 'not ours')
    writeFileSync(join(source, 'history', 'live', '00000001.duckdb'), 'live')
    const path = at('history.tar')
    expect(
      await backUp({ path, data: source, state, configuration: null, nowMs: 0 }),
    ).toMatchObject({ files: 3, missing: [file('lost')], damaged: [file('rotten')] })
    const { files } = await restore(path, at('history-restored'))
    expect(files.map(({ name }) => name)).toEqual(['state.sqlite', file('rotten'), file('whole')])
    expect(readFileSync(at('history-restored', file('whole')), 'utf8')).toBe('sealed')
  })

  test('refuses to overwrite a file, or to back up what is not there', async () => {
    const options = { data, state: join(data, 'state.sqlite'), configuration: null, nowMs: 0 }
    await expect(backUp({ ...options, path: archive })).rejects.toMatchObject({ code: 'BAD_USAGE' })
    await expect(
      backUp({ ...options, path: at('none.tar'), state: at('none.sqlite') }),
    ).rejects.toMatchObject({ code: 'BAD_USAGE' })
    expect(existsSync(at('none.tar'))).toBe(false)
  })

  test('is not restored into a folder that holds something', async () => {
    const before = readdirSync(data)
    await expect(restore(archive, data)).rejects.toMatchObject({ code: 'BAD_USAGE' })
    expect(readdirSync(data)).toEqual(before)
  })

  test('that is cut or changed anywhere is refused, and nothing is left of it', async () => {
    const whole = readFileSync(archive)
    const target = at('refused')
    const path = at('damaged.tar')
    // Every header, the state's first page, the manifest, and places between them.
    const places = [0, 130, 600, 5_000, whole.length >> 1, whole.length - 1_100, whole.length - 600]
    const damages = [
      ...places.map((place) => ({ name: `cut at ${place}`, bytes: whole.subarray(0, place) })),
      ...places.map((place) => {
        const bytes = Buffer.from(whole)
        bytes[place] = bytes[place]! ^ 0x01
        return { name: `changed at ${place}`, bytes }
      }),
    ]
    for (const { name, bytes } of damages) {
      writeFileSync(path, bytes)
      const outcome = await restore(path, target).then(
        () => 'restored',
        (error: unknown) => (error as { code?: string }).code,
      )
      expect(outcome, name).toBe('BACKUP_DAMAGED')
      expect(existsSync(target), name).toBe(false)
    }
    expect(readdirSync(folder.path).filter((name) => name.includes('restoring'))).toEqual([])
  })

  test('with a name that leads out of the folder is refused', async () => {
    const path = at('evil.tar')
    const evil = await createArchive(path, 0)
    await evil.addText('../evil', 'x')
    await evil.end({ created: '', schemaVersion: 1 })
    await evil.close()
    await expect(restore(path, at('victim'))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' })
    expect(existsSync(at('evil'))).toBe(false)
  })

  test('of a newer program is refused', async () => {
    const path = at('newer.tar')
    const newer = await createArchive(path, 0)
    await newer.add('state.sqlite', join(data, 'state.sqlite'))
    await newer.end({ created: '', schemaVersion: 10_000 })
    await newer.close()
    await expect(restore(path, at('older'))).rejects.toMatchObject({ code: 'STATE_INCOMPATIBLE' })
    expect(existsSync(at('older'))).toBe(false)
  })

  test('is verified without being restored', async () => {
    const before = readdirSync(folder.path)
    const { manifest, sha256 } = await readArchive(archive, null)
    expect(manifest.files).toHaveLength(3)
    expect(sha256).toBe(told)
    await expect(readArchive(at('missing.tar'), null)).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
    })
    expect(readdirSync(folder.path)).toEqual(before)
  })
})

function copyTree(from: string, to: string): void {
  mkdirSync(to)
  copyFileSync(join(from, 'state.sqlite'), join(to, 'state.sqlite'))
}
