import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HistoryFile } from '../../segment-store.ts'
import { isThere } from './sealed-files.ts'

/** Where things lie below the folder of the history. */
export interface HistoryFolder {
  readonly path: string
  livePath(number: number): string
  filePath(name: string): string
}

export function historyFolder(path: string): HistoryFolder {
  return {
    path,
    livePath: (number) => join(path, 'live', `${padded(number)}.duckdb`),
    filePath: (name) => join(path, 'files', name),
  }
}

export const segmentFileName = (number: number) => `segment-${padded(number)}.parquet`
export const dayFileName = (day: string, number: number) => `day-${day}-${padded(number)}.parquet`

function padded(number: number): string {
  return String(number).padStart(8, '0')
}

export interface CleanedFolder {
  /** Numbers of the live segments that are no file yet, oldest first. */
  readonly live: number[]
  /** Names of the manifest whose file is missing or cut short. */
  readonly lost: string[]
  readonly removed: number
  readonly setAside: string[]
}

/**
 * Makes folder and manifest agree again after a crash. What the manifest has known once and no longer names is removed,
 * and so is what was never finished. A whole file with a number the manifest has never reached is not ours to remove:
 * it is there when an older manifest was restored. It is moved to `unknown/`.
 * @param known highest number of a sealed segment, and of a merge, that the manifest has known.
 */
export async function cleanFolder(
  folder: HistoryFolder,
  manifest: readonly HistoryFile[],
  known: { readonly segment: number; readonly merge: number },
): Promise<CleanedFolder> {
  for (const name of ['live', 'files']) await mkdir(join(folder.path, name), { recursive: true })
  const live = await liveNumbers(folder)
  const names = new Set(manifest.map(({ name }) => name))
  const [setAside, remove]: [string[], string[]] = [[], []]
  for (const name of await readdir(join(folder.path, 'files'))) {
    if (names.has(name)) continue
    const [, kind, digits] = /^(segment|day)-(?:.*-)?(\d{8,})[.]parquet$/.exec(name) ?? []
    const number = Number(digits)
    const isOurs =
      name.endsWith('.part') ||
      (kind === 'segment' && (number <= known.segment || live.includes(number))) ||
      (kind === 'day' && number <= known.merge)
    ;(isOurs ? remove : setAside).push(name)
  }
  for (const name of remove) await rm(folder.filePath(name))
  for (const name of setAside) await moveAside(folder, folder.filePath(name), name)
  const sealed = live.filter((number) => number <= known.segment)
  for (const number of sealed) await removeLive(folder, number)
  const lost: string[] = []
  for (const { name, bytes } of manifest)
    if (!(await isThere(folder.filePath(name), bytes))) lost.push(name)
  return {
    live: live.filter((number) => number > known.segment),
    lost,
    removed: remove.length + sealed.length,
    setAside,
  }
}

export async function moveAside(folder: HistoryFolder, path: string, name: string): Promise<void> {
  await mkdir(join(folder.path, 'unknown'), { recursive: true })
  await rename(path, join(folder.path, 'unknown', name))
}

/** The database first: without it, its log of changes means nothing. */
export async function removeLive(folder: HistoryFolder, number: number): Promise<void> {
  await rm(folder.livePath(number), { force: true })
  await rm(`${folder.livePath(number)}.wal`, { force: true })
}

async function liveNumbers(folder: HistoryFolder): Promise<number[]> {
  const names = await readdir(join(folder.path, 'live'))
  const numbers = names.map((name) => /^(\d{8,})[.]duckdb$/.exec(name)?.[1])
  return numbers
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
}
