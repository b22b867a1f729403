import { version } from '@duckdb/node-api'
import { createHistoryHandlers } from './history-handlers.ts'
import type { HistoryRequests } from './history-requests.ts'
import type { ChildOptions, HandlerSet, ProcessRequests } from './requests.ts'
import { createSeriesHandlers } from './series-handlers.ts'
import type { SeriesRequests } from './series-requests.ts'

/** Everything the child answers: one line a topic. */
export type DuckdbRequests = ProcessRequests & HistoryRequests & SeriesRequests

/** Opens every topic, in this order. Runs in the child. */
export async function createHandlers(options: ChildOptions): Promise<HandlerSet<DuckdbRequests>> {
  const sets = [
    createProcessHandlers(),
    await createHistoryHandlers(options),
    await createSeriesHandlers(options),
  ]
  return {
    handlers: Object.assign({}, ...sets.map(({ handlers }) => handlers)) as never,
    async close() {
      for (const set of sets.toReversed()) await set.close()
    },
  }
}

function createProcessHandlers(): HandlerSet<ProcessRequests> {
  return {
    handlers: {
      process: () => {
        const { user, system } = process.cpuUsage()
        return Promise.resolve({
          pid: process.pid,
          duckdb: version(),
          residentBytes: process.memoryUsage.rss(),
          cpuMs: (user + system) / 1000,
        })
      },
    },
    close: () => Promise.resolve(),
  }
}
