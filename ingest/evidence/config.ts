import { z } from 'zod'

/** Keeping the packets of what raised an alert: nothing is kept unless somebody asks for it. */
export const evidenceConfigSchema = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe(
      'keep the packets of what raised an alert; payloads may hold what patients must not share',
    ),
  ringBytes: z
    .int()
    .min(4_000_000)
    .max(4_000_000_000)
    .default(64_000_000)
    .describe('memory for the newest packets: an anomaly is known seconds after its first packet'),
  diskBytes: z
    .int()
    .min(1_000_000)
    .default(1_000_000_000)
    .describe('disk for evidence of this sensor; the oldest files give way'),
  snapBytes: z
    .int()
    .min(64)
    .max(262_144)
    .default(256)
    .describe('bytes of each packet that are written; 262144 writes it whole'),
  packetsMax: z.int().min(1).default(2000).describe('packets kept of one anomaly'),
  bytesMax: z
    .int()
    .min(1000)
    .max(64_000_000)
    .default(4_000_000)
    .describe('bytes kept of one anomaly'),
  marginSeconds: z
    .number()
    .min(0)
    .default(5)
    .describe('seconds before the first and after the last record of an anomaly'),
  anomaliesMax: z.int().min(1).default(128).describe('anomalies followed at a time'),
})
export type EvidenceConfig = z.output<typeof evidenceConfigSchema>
