import { z } from 'zod'

/** State in one SQLite file. `:memory:` keeps nothing: for replays that need no restart. */
export const sqliteStoreConfigSchema = z.strictObject({
  kind: z.literal('sqlite').default('sqlite').describe('one SQLite file'),
  path: z.string().min(1).describe('file of the database; `:memory:` for none'),
  busyTimeoutMs: z
    .number()
    .int()
    .min(0)
    .default(5_000)
    .describe('how long a call waits for another process that writes to the same file'),
})
export type SqliteStoreConfig = z.infer<typeof sqliteStoreConfigSchema>
