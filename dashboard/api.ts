import { z } from 'zod'
import { alertSchema, severities } from '../records/alert.ts'
import { anomalySchema, behaviours } from '../records/anomaly.ts'
import { ratedSensorSchema } from './api/sensors.ts'

export * from './api/access.ts'
export * from './api/actions.ts'
export * from './api/devices.ts'
export * from './api/evidence.ts'
export * from './api/history.ts'
export * from './api/offers.ts'
export * from './api/sensors.ts'

// What crosses between server and page, in both directions. Each side checks what it receives by these schemas.
//
//   GET /api/alerts?limit=N    alertListSchema: the newest alerts
//   GET /api/alerts/:id        alertDetailSchema, or 404 with errorSchema
//   GET /api/alerts/:id/related  relatedSchema
//   GET /api/devices?text&sort&order&limit&offset  deviceListSchema
//   GET /api/devices/:key      deviceDetailSchema
//   GET /api/status            statusSchema
//   WS  /api/live              server → page: serverMessageSchema; page → server: clientMessageSchema

export const statusSchema = z.object({
  revision: z.number().int().min(0).describe('last change of any row'),
  nowMs: z.number().describe('wall clock of the server, ms since the epoch'),
  startedMs: z.number().describe('wall clock when the dashboard started'),
  lagMs: z
    .number()
    .nullable()
    .describe('how far the slowest live sensor is behind the wall clock; null without one'),
  sensors: z.array(ratedSensorSchema),
})
export type Status = z.infer<typeof statusSchema>

export const alertListSchema = z.object({
  revision: z.number().int().min(0),
  alerts: z.array(alertSchema).describe('newest last seen first'),
})

/** What the dashboard shows of a device's learning. */
export const learningSchema = z.object({
  state: z.enum(['observing', 'provisional', 'established']),
  isApproved: z.boolean(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  daysSeen: z.number(),
  activeHours: z.number(),
  relations: z.number(),
})
export type Learning = z.infer<typeof learningSchema>

export const sightingSchema = anomalySchema
  .pick({ id: true, detector: true, score: true, count: true, summary: true, why: true })
  .extend({ firstSeen: z.string(), lastSeen: z.string() })
export type Sighting = z.infer<typeof sightingSchema>

export const alertDetailSchema = z.object({
  revision: z.number().int(),
  alert: alertSchema,
  previousId: z.string().nullable().describe('the earlier alert of the same parties and behaviour'),
  objectGroup: z.string(),
  sightings: z.array(sightingSchema).describe('its anomalies, newest first, at most 100'),
  sightingCount: z.number().int(),
  learning: learningSchema.nullable().describe('null when nothing is learned of the device'),
})
export type AlertDetail = z.infer<typeof alertDetailSchema>

export const errorSchema = z.object({ error: z.string() })

/**
 * `snapshot` replaces all the page knows. `delta` is one row in its newest state, numbered by `revision`; rows changed
 * since a page's last revision are sent again after `resume`. `status` comes every second and proves the line is alive;
 * its `revision` is the number up to which this page has been sent everything.
 */
export const serverMessageSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('snapshot'),
    revision: z.number().int().min(0),
    alerts: z.array(alertSchema),
  }),
  z.object({ type: z.literal('delta'), revision: z.number().int().min(1), alert: alertSchema }),
  z.object({ type: z.literal('status'), ...statusSchema.shape }),
])
export type ServerMessage = z.infer<typeof serverMessageSchema>

/** The page's first word: the last revision it has; 0 asks for a snapshot. */
export const clientMessageSchema = z.strictObject({
  type: z.literal('resume'),
  revision: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
})
export type ClientMessage = z.infer<typeof clientMessageSchema>

export { behaviours, severities }
export type { Alert, Severity } from '../records/alert.ts'
export type { Behaviour, Peer } from '../records/anomaly.ts'
