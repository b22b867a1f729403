import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

/**
 * A DuckDB in memory that reaches the files below `folder` and nothing else: no network, no extension, no other file,
 * whatever a query says; and nobody can change that any more. Databases of the folder are attached to it.
 */
export async function createLockedInstance(options: {
  readonly folder: string
  readonly memoryBytesMax: number
  readonly threads: number
}): Promise<DuckDBInstance> {
  const { folder, memoryBytesMax, threads } = options
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary, { recursive: true })
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${Math.round(memoryBytesMax / 1e6)}MB`,
    threads: String(threads),
  })
  const connection = await instance.connect()
  for (const statement of [
    `SET allowed_directories = [${quoted(`${folder}/`)}]`,
    `SET temp_directory = ${quoted(temporary)}`,
    `SET TimeZone = 'UTC'`,
    // Each checkpoint stops the appending; at DuckDB's own 16 MB that would be twice a second at full rate.
    `SET wal_autocheckpoint = '128MB'`,
    // Letting go of a database would write all of its log into it, for a file that is removed next.
    'PRAGMA disable_checkpoint_on_shutdown',
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ]) {
    await connection.run(statement)
  }
  connection.closeSync()
  return instance
}

/** A text as an SQL literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
