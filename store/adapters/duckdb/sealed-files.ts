import type { DuckDBConnection } from '@duckdb/node-api'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { WardwatchError } from '../../../records/errors.ts'
import type { HistoryFile } from '../../segment-store.ts'
import { sealedFormat, sealedOrder } from './history-columns.ts'
import { quoted } from './locked-instance.ts'

/**
 * Writes the rows of `select` as a sorted Parquet file. The file has its name only when it is whole and on the disk.
 * @returns null when there are no rows: no file is written then.
 * @throws DuckDB's and the disk's errors; a file without its name may be left behind.
 */
export async function writeSealed(
  connection: DuckDBConnection,
  options: {
    readonly select: string
    readonly path: string
    readonly file: Pick<HistoryFile, 'name' | 'kind' | 'number'>
  },
): Promise<HistoryFile | null> {
  const { select, path, file } = options
  const part = `${path}.part`
  await connection.run(
    `COPY (SELECT * FROM (${select}) ${sealedOrder}) TO ${quoted(part)} ${sealedFormat}`,
  )
  const counted = await connection.runAndReadAll(
    `SELECT count(*)::DOUBLE, min(flowLastUs)::DOUBLE, max(flowLastUs)::DOUBLE FROM read_parquet(${quoted(part)})`,
  )
  const [rows, fromUs, toUs] = counted.getRows()[0] as [number, number | null, number | null]
  if (fromUs === null || toUs === null) {
    await rm(part)
    return null
  }
  await sync(part)
  const { bytes, sha256 } = await fingerprint(part)
  await rename(part, path)
  await sync(dirname(path))
  return { ...file, fromUs, toUs, rows, bytes, sha256 }
}

/** Size and SHA-256 of a file, read in pieces. */
export async function fingerprint(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer)
    bytes += (chunk as Buffer).length
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** @throws WardwatchError DUCKDB_FAILED with the name in `fields.file` when the file is not what the manifest says. */
export async function checkWhole(path: string, file: HistoryFile): Promise<void> {
  const { bytes, sha256 } = await fingerprint(path)
  if (bytes === file.bytes && sha256 === file.sha256) return
  throw new WardwatchError('DUCKDB_FAILED', `${path}: damaged, its checksum differs`, {
    fields: { file: file.name },
  })
}

/** Whether a file is there and as long as the manifest says. */
export async function isThere(path: string, bytes: number): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  })
  return found?.size === bytes
}

/** To the disk, a folder's entries included. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
