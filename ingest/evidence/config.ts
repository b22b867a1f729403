import { z } from 'zod'

/** Keeping the packets of what raised an alert: nothing is kept unless somebody asks for it. */
export const evidenceConfigSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe(
      'keep the packets of what raised an alert; payloads may hold what patients must not share',
    ),
  ringMegabytes: z
    .int()
    .min(4)
    .max(16_384)
    .default(64)
    .describe('memory for the newest packets: an anomaly is known seconds after its first packet'),
  diskMegabytes: z
    .int()
    .min(1)
    .default(1024)
    .describe('disk for evidence of this sensor; the oldest files give way'),
  snapLength: z
    .int()
    .min(64)
    .max(262_144)
    .default(256)
    .describe('bytes of each packet that are written; 262144 writes it whole'),
  packetsMax: z.int().min(1).default(2000).describe('packets kept of one anomaly'),
  kilobytesMax: z.int().min(1).max(65_536).default(4096).describe('kilobytes kept of one anomaly'),
  marginSeconds: z
    .number()
    .min(0)
    .default(5)
    .describe('seconds before the first and after the last record of an anomaly'),
  anomaliesMax: z.int().min(1).default(128).describe('anomalies followed at a time'),
})
export type EvidenceConfig = z.output<typeof evidenceConfigSchema>
