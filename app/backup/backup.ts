import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { WardwatchError } from '../../records/errors.ts'
import { createArchive } from './archive-writer.ts'
import { configurationName, isSafeName, stateName } from './manifest.ts'

export interface BackupOptions {
  /** The archive, which must not exist yet. */
  readonly path: string
  /** Folder of everything that is kept, and the database of the state. */
  readonly data: string
  readonly state: string
  /** The configuration file; null: none is used. */
  readonly configuration: string | null
  /** Wall time in ms. */
  readonly nowMs: number
}

export interface BackupResult {
  readonly files: number
  /** Of the manifest, which holds those of all files. */
  readonly sha256: string
  /** Files of the history and evidence that are not there, and sealed ones that are not what was sealed. */
  readonly missing: readonly string[]
  readonly damaged: readonly string[]
}

/** How often a backup begins anew because files of the history were merged or removed while it was copied. */
const attempts = 5

/**
 * A consistent copy of a data folder, also while the service runs: the state as of one moment, then the sealed files
 * that it names. Live segments of the history, series and sessions are not part of it (docs/operation.md).
 * @throws WardwatchError BAD_USAGE; STATE_STORE_FAILED.
 */
export async function backUp(options: BackupOptions): Promise<BackupResult> {
  const { path, state } = options
  if (existsSync(path)) throw new WardwatchError('BAD_USAGE', `${path}: there is a file already`)
  if (state === ':memory:' || !existsSync(state))
    throw new WardwatchError('BAD_USAGE', `${state}: there is no state to back up; name --data`)
  await mkdir(dirname(path), { recursive: true })
  const part = `${path}.part-${randomUUID()}`
  try {
    for (let attempt = 1; ; attempt++) {
      await rm(part, { force: true })
      try {
        const result = await writeArchive(part, options, attempt === attempts)
        await rename(part, path)
        await syncFolder(dirname(path))
        return result
      } catch (error) {
        if (!isGone(error) || attempt === attempts) throw error
      }
    }
  } finally {
    await rm(part, { force: true })
  }
}

/** @param isLast leave out what is not there: it was not merged away meanwhile, it is missing */
async function writeArchive(
  part: string,
  options: BackupOptions,
  isLast: boolean,
): Promise<BackupResult> {
  const { data, state, configuration, nowMs } = options
  const snapshot = `${part}.sqlite`
  const archive = await createArchive(part, Math.floor(nowMs / 1000))
  const [missing, damaged]: [string[], string[]] = [[], []]
  try {
    const { schemaVersion, history } = snapshotState(state, snapshot)
    const evidence = (await filesBelow(data, 'evidence')).map((name) => ({ name, sealed: null }))
    await archive.add(stateName, snapshot)
    for (const { name, sealed } of [...history, ...evidence]) {
      try {
        const sha256 = await archive.add(name, join(data, name))
        if (sealed !== null && sealed !== sha256) damaged.push(name)
      } catch (error) {
        if (!isGone(error) || !isLast) throw error
        missing.push(name)
      }
    }
    if (configuration !== null) await archive.add(configurationName, configuration)
    const created = new Date(nowMs).toISOString()
    const { files, sha256 } = await archive.end({ created, schemaVersion })
    return { files, sha256, missing, damaged }
  } finally {
    await archive.close()
    await rm(snapshot, { force: true })
  }
}

/**
 * The state as of one moment, in a file of its own: one read transaction, which holds up nobody who writes. Sessions and
 * set-up links are left out: what was revoked since must not come back.
 */
function snapshotState(state: string, snapshot: string) {
  const source = new DatabaseSync(state, { readOnly: true, timeout: 10_000 })
  try {
    source.prepare('VACUUM INTO ?').run(snapshot)
  } catch (cause) {
    throw new WardwatchError('STATE_STORE_FAILED', `${state}: the state cannot be copied`, {
      cause,
    })
  } finally {
    source.close()
  }
  const copy = new DatabaseSync(snapshot)
  try {
    for (const table of ['session', 'set_up_link']) copy.exec(`DELETE FROM ${table}`)
    const version = copy.prepare('SELECT version FROM schema_version').get()
    const history = copy.prepare('SELECT name, sha256 FROM history_file ORDER BY name').all()
    return {
      schemaVersion: Number(version?.['version']),
      history: history.map(({ name, sha256 }) => ({
        name: `history/files/${String(name)}`,
        sealed: String(sha256),
      })),
    }
  } finally {
    copy.close()
  }
}

/** Plain files of a folder and the folders in it, as names below `root`. */
async function filesBelow(root: string, folder: string): Promise<string[]> {
  if (!existsSync(join(root, folder))) return []
  const found = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))
    .map(checkedName)
    .sort()
}

function checkedName(name: string): string {
  if (isSafeName(name)) return name
  throw new WardwatchError('BAD_USAGE', `${name}: is no file of Wardwatch; move it elsewhere`)
}

/** A file that the state names was merged with others, or is past its retention. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
