import { z } from 'zod'

/** How this process is watched by machines. */
export const operationConfigSchema = z.strictObject({
  port: z
    .int()
    .min(0)
    .max(65_535)
    .nullable()
    .default(null)
    .describe('port of /healthz, /readyz and /metrics; 0 takes a free one, null: none'),
  host: z.string().min(1).default('127.0.0.1').describe('address that port listens on'),
  token: z
    .string()
    .min(16)
    .nullable()
    .default(null)
    .describe('bearer token for /metrics from other machines; null: this machine only'),
})
export type OperationConfig = z.infer<typeof operationConfigSchema>
