import { z } from 'zod'

const milliseconds = z.number().int().min(1)

const count = z.number().int().min(1)

/** Bounds of what makes the points, whichever store takes them. */
const limits = {
  countersMax: count
    .default(500_000)
    .describe(
      'counters of open minutes (device × service × direction) in one partition; rows beyond are counted and left out',
    ),
  devicesMax: count
    .default(50_000)
    .describe('devices of one partition whose peers are remembered, so that new ones are known'),
  waitingPointsMax: count
    .default(500_000)
    .describe(
      'points that wait in memory for a store that takes none; on a bus in memory the oldest go then, and are counted',
    ),
}

/** Series in the DuckDB process that keeps the history. */
export const duckdbSeriesConfigSchema = z.strictObject({
  kind: z.literal('duckdb').describe('in the data folder, kept by the process of the history'),
  minuteDays: z
    .number()
    .int()
    .min(1)
    .default(90)
    .describe('days that single minutes are kept, counted back from the newest; hours stay'),
  hourDays: z
    .number()
    .int()
    .min(1)
    .default(1_830)
    .describe('days that hours are kept, counted back from the newest'),
  ...limits,
})
export type DuckdbSeriesConfig = z.infer<typeof duckdbSeriesConfigSchema>

/** Series in InfluxDB 2. */
export const influxdbSeriesConfigSchema = z
  .strictObject({
    kind: z.literal('influxdb').describe('an InfluxDB 2 server'),
    url: z
      .url({ protocol: /^https?$/ })
      .describe('where the server answers, such as `https://influx.example:8086`'),
    org: z.string().min(1).describe('name of the organisation that the bucket belongs to'),
    bucket: z
      .string()
      .min(1)
      .default('wardwatch')
      .describe('name of the bucket; `wardwatch series setup` makes it'),
    token: z
      .string()
      .min(1)
      .optional()
      .describe('token that may write and read the bucket; better in `tokenFile`'),
    tokenFile: z
      .string()
      .min(1)
      .optional()
      .describe('file with the token; else the environment’s `WARDWATCH_SERIES_TOKEN`'),
    retentionDays: z
      .number()
      .int()
      .min(0)
      .default(1_830)
      .describe('days that `wardwatch series setup` tells the bucket to keep; 0: for ever'),
    batchPoints: z
      .number()
      .int()
      .min(1)
      .max(50_000)
      .default(5_000)
      .describe('points written with one request'),
    timeoutMs: milliseconds.default(15_000).describe('for the server to answer a request'),
    retryDelayMs: milliseconds
      .default(1_000)
      .describe('before a failed write is tried again; doubles from one to the next'),
    retryDelayMsMax: milliseconds
      .default(60_000)
      .describe('longest pause between two attempts; a `Retry-After` of the server goes before'),
    spoolBytesMax: z
      .number()
      .int()
      .min(1_000_000)
      .default(1_000_000_000)
      .describe(
        'disk for points that the server has not taken; beyond it the oldest go, and are counted',
      ),
    ...limits,
  })
  .refine(({ token, tokenFile }) => token === undefined || tokenFile === undefined, {
    path: ['tokenFile'],
    message: 'name either the token or its file',
  })
export type InfluxdbSeriesConfig = z.infer<typeof influxdbSeriesConfigSchema>

/** The `series` section of the configuration. */
export const seriesConfigSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none').describe('no series are kept') }),
    duckdbSeriesConfigSchema,
    influxdbSeriesConfigSchema,
  ])
  .describe('where one-minute series of devices are kept')
  .prefault({ kind: 'duckdb' })
export type SeriesConfig = z.infer<typeof seriesConfigSchema>
