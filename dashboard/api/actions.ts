import { z } from 'zod'
import { alertSchema, alertStatuses } from '../../records/alert.ts'
import { historyActions, verdicts } from '../../records/alert-action.ts'

// What people do to alerts.
//
//   POST /api/alerts/:id/actions   alertActionSchema → actionResultSchema; 409 with actionConflictSchema
//   GET  /api/alerts/:id/history   alertHistorySchema

export {
  type AlertAction,
  alertActionSchema,
  type Verdict,
  verdicts,
} from '../../records/alert-action.ts'

export const actionResultSchema = z.object({
  revision: z.number().int().describe('of the row, after the action'),
  alert: alertSchema,
  approved: z.array(z.string()).describe('relations that are usual from now on'),
  unapproved: z.array(z.string()).describe('relations whose approval is taken back'),
})

/** One change of an alert's status. */
export const alertChangeSchema = z.object({
  atMs: z.number().describe('wall clock, ms since the epoch'),
  by: z.string(),
  action: z.enum(historyActions),
  from: z.enum(alertStatuses),
  to: z.enum(alertStatuses),
  verdict: z.enum(verdicts).nullable(),
  reason: z.string().nullable(),
})
export type AlertChange = z.infer<typeof alertChangeSchema>

export const actionConflictSchema = z.object({
  error: z.string(),
  entry: alertChangeSchema
    .nullable()
    .describe('what somebody else did first; null: the status does not allow the action'),
  alert: alertSchema.nullable(),
})

export const alertHistorySchema = z.object({
  changes: z.array(alertChangeSchema).describe('oldest first'),
})
