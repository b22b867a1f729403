import { z } from 'zod'

/** What a live sensor knows of its capture: records/observation.ts. */
export const captureStatusSchema = z.object({
  downSinceUs: z.number().nullable().describe('since when it captures nothing'),
  gaps: z.number().describe('times it captured nothing, that have ended'),
  gapUs: z.number().describe('sum of these, in µs'),
  lastGap: z.object({ fromUs: z.number(), toUs: z.number(), cause: z.string() }).nullable(),
})

/** What is known of one sensor; times in µs since the epoch, counters since the start of its run. */
export const sensorStatusSchema = z.object({
  site: z.string(),
  sensor: z.string(),
  clockUs: z.number().describe('its capture clock: the newest it has told of'),
  startedUs: z.number().describe('its capture clock at its first packet'),
  heardMs: z.number().describe('wall clock when it was last heard of, ms since the epoch'),
  teaching: z
    .number()
    .min(0)
    .max(1)
    .exactOptional()
    .describe('share of the history that it is being taught by; absent: it watches'),
  isLive: z.boolean().describe('it captures now: its clock can be compared with ours'),
  packets: z.number(),
  bytes: z.number(),
  flows: z.number(),
  dropped: z.number().describe('packets that the kernel or the limits of the tables dropped'),
  rejects: z.record(z.string(), z.number()).describe('packets and records refused, by cause'),
  duplicates: z.number(),
  clamped: z.number().describe('time stamps that went back or jumped'),
  oneWayFlows: z.number().describe('flows of which one direction only was seen'),
  judgedFlows: z.number().describe('flows of which that could be told'),
  capture: captureStatusSchema.exactOptional().describe('only of a sensor that captures live'),
})
export type SensorStatus = z.infer<typeof sensorStatusSchema>

/** With its speed over the last ten seconds; null before there are two looks at it. */
export const ratedSensorSchema = sensorStatusSchema.extend({
  packetsPerSecond: z.number().nullable(),
  bytesPerSecond: z.number().nullable(),
  droppedPerSecond: z.number().nullable(),
})
export type RatedSensor = z.infer<typeof ratedSensorSchema>
