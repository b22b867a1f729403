import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ChildHost, createChildHost } from '../../store/adapters/duckdb/child-host.ts'
import { createDuckdbSeriesStore } from '../../store/adapters/duckdb-series.ts'
import type { SeriesRequests } from '../../store/adapters/duckdb/series-requests.ts'
import { type DuckdbSeriesConfig, duckdbSeriesConfigSchema } from '../../store/series-config.ts'
import type { SeriesStore } from '../../store/series-store.ts'
import { silentLogger } from './silent-logger.ts'

/** Series in a folder of their own; each store starts and stops a child process of its own. */
export async function testDuckdbSeries() {
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-series-'))
  return {
    create: (overrides: Partial<DuckdbSeriesConfig> = {}) => withHost(folder, overrides),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function withHost(
  folder: string,
  overrides: Partial<DuckdbSeriesConfig>,
): SeriesStore & { readonly host: ChildHost<SeriesRequests> } {
  const host = createChildHost<SeriesRequests>(
    {
      folder,
      memoryBytesMax: 512_000_000,
      threads: 1,
      queueBytesMax: 50_000_000,
      answerMsMax: 60_000,
      restartMsMin: 10,
      restartMsMax: 1_000,
    },
    { logger: silentLogger, main: join(import.meta.dirname, 'series-child.ts') },
  )
  const config = { ...duckdbSeriesConfigSchema.parse({ kind: 'duckdb' }), ...overrides }
  const store = createDuckdbSeriesStore(config, { host })
  return {
    ...store,
    host,
    start: async () => {
      await host.start()
      await store.start()
    },
    stop: async () => {
      await store.stop()
      await host.stop()
    },
  }
}
