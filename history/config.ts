import { z } from 'zod'

const milliseconds = z.number().int().min(1)
const bytes = z.number().int().min(1)

/** Settings of the history: every flow record in Parquet files below `data`. */
export const historyConfigSchema = z.strictObject({
  group: z
    .string()
    .min(1)
    .default('historian')
    .describe('consumer group of the historian; an installation has one historian'),
  retentionDays: z
    .number()
    .positive()
    .default(365)
    .describe('days before the newest packet that are kept; older files are removed'),
  retentionBytesMax: bytes
    .default(200e9)
    .describe('bytes of all files together; beyond them the oldest files are removed'),
  segmentMinutes: z
    .number()
    .positive()
    .max(1440)
    .default(10)
    .describe('event time after which the newest records become a sorted file'),
  segmentRowsMax: z
    .number()
    .int()
    .min(1)
    .default(1_000_000)
    .describe('records after which they do so earlier'),
  flushMs: milliseconds
    .default(1_000)
    .describe(
      'wall time between two flushes: what a crash of the machine may cost on a bus in memory',
    ),
  unflushedBytesMax: bytes
    .default(32 * 1024 * 1024)
    .describe('bytes of messages held until they are flushed; beyond them the bus waits'),
  holdMs: milliseconds
    .default(5_000)
    .describe(
      'how long a full history makes a bus in memory wait; then its messages are left out, and the gap is recorded',
    ),
  maintainMs: milliseconds
    .default(60_000)
    .describe('wall time between two looks at which days can be merged and which files removed'),
  memoryBytesMax: bytes
    .default(1e9)
    .describe('memory that DuckDB may take in its process; larger sorts go to the disk'),
  workers: z.number().int().min(1).max(64).default(2).describe('threads that DuckDB may use'),
  answerMsMax: milliseconds
    .default(120_000)
    .describe('a history process that is silent for so long is killed and started anew'),
  restartMsMin: milliseconds
    .default(200)
    .describe('pause before a history process that ended is started anew; doubles each time'),
  restartMsMax: milliseconds.default(30_000).describe('longest such pause'),
})
export type HistoryConfig = z.infer<typeof historyConfigSchema>
