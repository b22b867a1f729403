import { z } from 'zod'
import { deliverySchema, receiverSchema } from './receiver-config.ts'

/** Settings of the alert stage; defaults are the contract of docs/decisions/0005. */
export const alertsConfigSchema = z.strictObject({
  group: z
    .string()
    .min(1)
    .default('alerts')
    .describe('consumer group: processes of one group share the work'),
  episodeGapSeconds: z
    .number()
    .positive()
    .default(3600)
    .describe(
      'event time in seconds without an anomaly after which the next one opens a new alert',
    ),
  episodeAnomaliesMax: z
    .number()
    .int()
    .min(1)
    .default(1000)
    .describe('anomalies one alert holds; the next one opens a new alert that names this one'),
  receivers: z
    .array(receiverSchema)
    .max(50)
    .refine((receivers) => new Set(receivers.map(({ name }) => name)).size === receivers.length, {
      error: 'two receivers have one name',
    })
    .default([])
    .describe('who is told of alerts, and how (docs/notifications.md)'),
  delivery: deliverySchema.describe('how deliveries are tried again').prefault({}),
})

export type AlertsConfig = z.infer<typeof alertsConfigSchema>
