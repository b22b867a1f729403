import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { seriesStatesContract } from '../contracts/series-states.contract.ts'
import { silentLogger } from '../support/silent-logger.ts'

seriesStatesContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-series-state-'))
  const config = {
    kind: 'sqlite',
    path: join(folder, 'state.sqlite'),
    busyTimeoutMs: 5_000,
  } as const
  return {
    create: () => createSqliteStore(config, { logger: silentLogger }),
    remove: () => rm(folder, { recursive: true }),
  }
})
