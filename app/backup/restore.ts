import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { WardwatchError } from '../../records/errors.ts'
import { schemaVersion } from '../../store/sql.ts'
import { type ArchiveTaker, readArchive } from './archive-reader.ts'
import { type Manifest, stateName } from './manifest.ts'

/**
 * Restores an archive into a folder that does not exist or is empty. Everything is written beside it and checked there;
 * only a whole archive becomes the folder.
 * @throws WardwatchError BAD_USAGE, BACKUP_DAMAGED, STATE_INCOMPATIBLE, INPUT_NOT_FOUND: nothing has changed then.
 */
export async function restore(path: string, data: string): Promise<Manifest> {
  const folder = resolve(data)
  if (existsSync(folder) && (await readdir(folder)).length > 0)
    throw new WardwatchError('BAD_USAGE', `${data}: is not empty; name a new folder`)
  const beside = `${folder}.restoring-${randomUUID()}`
  try {
    await mkdir(beside, { recursive: true, mode: 0o700 })
    const { manifest } = await readArchive(path, createFolderTaker(beside))
    checkState(path, join(beside, stateName), manifest)
    if (existsSync(folder)) await rmdir(folder)
    await rename(beside, folder)
    await syncFolder(dirname(folder))
    return manifest
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

function checkState(path: string, state: string, manifest: Manifest): void {
  if (manifest.schemaVersion > schemaVersion) {
    throw new WardwatchError(
      'STATE_INCOMPATIBLE',
      `${path}: its state has version ${manifest.schemaVersion}, this program reads up to ${schemaVersion}: restore it with the newer program`,
    )
  }
  const damaged = new WardwatchError('BACKUP_DAMAGED', `${path}: its state is damaged`)
  if (!existsSync(state)) throw damaged
  const database = new DatabaseSync(state)
  try {
    const result = database.prepare('PRAGMA integrity_check').get()
    if (result?.['integrity_check'] !== 'ok') throw damaged
  } finally {
    database.close()
  }
}

/** Writes what it is given below `folder`, each file safe on disk before the next. */
function createFolderTaker(folder: string): ArchiveTaker {
  let file: FileHandle | null = null
  return {
    async begin(name) {
      await mkdir(dirname(join(folder, name)), { recursive: true, mode: 0o700 })
      file = await open(join(folder, name), 'wx', 0o600)
    },
    async chunk(bytes) {
      await file!.writeFile(bytes)
    },
    async end() {
      await file!.sync()
      await file!.close()
      file = null
    },
    async close() {
      await file?.close()
    },
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
