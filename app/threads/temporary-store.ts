import { mkdirSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Service } from '../../records/service.ts'

/** A file for state that nobody keeps: a database in memory cannot be shared by threads. */
export interface TemporaryStore extends Service {
  readonly path: string
}

/** A file in a folder that only this user can enter, gone when it is stopped. A process that is killed leaves it. */
export function createTemporaryStore(): TemporaryStore {
  const path = join(tmpdir(), `wardwatch-${randomUUID()}`, 'state.sqlite')
  return {
    path,
    start() {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      return Promise.resolve()
    },
    stop() {
      rmSync(dirname(path), { recursive: true, force: true })
      return Promise.resolve()
    },
  }
}
