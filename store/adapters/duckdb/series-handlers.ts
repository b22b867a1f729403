import { join } from 'node:path'
import { createLockedInstance, quoted } from './locked-instance.ts'
import type { ChildOptions, HandlerSet } from './requests.ts'
import { askSeries, askServices } from './series-questions.ts'
import type { SeriesRequests } from './series-requests.ts'
import { createSeriesTables, writeSeries } from './series-tables.ts'

/** Of the memory that DuckDB may take here: series are small rows, written in small batches. */
const memoryShare = 0.25

/** The child's side of the series: `series/series.duckdb` of the folder. */
export async function createSeriesHandlers(
  options: ChildOptions,
): Promise<HandlerSet<SeriesRequests>> {
  const folder = join(options.folder, 'series')
  const instance = await createLockedInstance({
    folder,
    memoryBytesMax: options.memoryBytesMax * memoryShare,
    threads: 1,
  })
  const writing = await instance.connect()
  await writing.run(`ATTACH ${quoted(join(folder, 'series.duckdb'))} AS series`)
  for (const statement of createSeriesTables) await writing.run(statement)
  const asking = await instance.connect()
  let written: Promise<unknown> = Promise.resolve()
  let asked: Promise<unknown> = Promise.resolve()

  return {
    handlers: {
      // One transaction after the other: two at once would refuse each other's rows.
      seriesWrite: (points) => {
        const result = written.then(() => writeSeries(writing, points).then(() => null))
        written = result.catch(() => undefined)
        return result
      },
      seriesAsk: (question) => {
        const result = asked.then(() => askSeries(asking, question))
        asked = result.catch(() => undefined)
        return result
      },
      seriesServices: (question) => {
        const result = asked.then(() => askServices(asking, question))
        asked = result.catch(() => undefined)
        return result
      },
    },
    async close() {
      await Promise.allSettled([written, asked])
      asking.closeSync()
      await writing.run('DETACH series')
      writing.closeSync()
      instance.closeSync()
    },
  }
}
