import { z } from 'zod'

/** Settings of the dashboard. */
export const dashboardConfigSchema = z.strictObject({
  host: z
    .literal('127.0.0.1', {
      error: 'must be 127.0.0.1: there is no log-in yet, so nobody else may reach the dashboard',
    })
    .default('127.0.0.1')
    .describe('address to listen on'),
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('TCP port to listen on; 0 takes a free one'),
  group: z
    .string()
    .min(1)
    .default('dashboard')
    .describe('consumer group for wake-ups: each dashboard process needs one of its own'),
  clientsMax: z
    .number()
    .int()
    .min(1)
    .default(200)
    .describe('live connections at a time; more are refused with 503'),
  snapshotRows: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(500)
    .describe('newest alerts a page starts with'),
})

export type DashboardConfig = z.infer<typeof dashboardConfigSchema>
