import { z } from 'zod'
import { verdicts } from './alert-action.ts'
import { behaviours, peerSchema } from './anomaly.ts'

export const severities = ['low', 'medium', 'high', 'critical'] as const
export type Severity = (typeof severities)[number]

/** `record` is below any severity: kept, not shown as an alert. */
export function severityOf(score: number): Severity | 'record' {
  if (score >= 0.85) return 'critical'
  if (score >= 0.75) return 'high'
  if (score >= 0.6) return 'medium'
  return score >= 0.3 ? 'low' : 'record'
}

/** Whether `a` is above `b`; any severity is above `record`. */
export function isAbove(a: Severity | 'record', b: Severity | 'record'): boolean {
  return rankOf(a) > rankOf(b)
}

function rankOf(severity: Severity | 'record'): number {
  return severity === 'record' ? -1 : severities.indexOf(severity)
}

/** Notify level is medium and above. */
export function isNotifyLevel(severity: Severity): boolean {
  return severity !== 'low'
}

export const alertStatuses = ['new', 'acknowledged', 'in progress', 'closed'] as const

/** An alert as it leaves the system: CLI, API, live feed. Times are RFC 3339 in UTC. */
export const alertSchema = z.object({
  id: z.string(),
  behaviour: z.enum(behaviours),
  severity: z.enum(severities),
  score: z.number(),
  site: z.string(),
  device: z.object({
    id: z.string().describe('key of the owner'),
    name: z.string().nullable(),
    addresses: z.array(z.string()),
    mac: z.string().nullable(),
    vendor: z.string().nullable().describe('maker of the network card, from the IEEE OUI list'),
  }),
  peers: z.array(peerSchema.omit({ key: true })),
  firstSeen: z.string(),
  lastSeen: z.string(),
  count: z.number().int(),
  summary: z.string(),
  why: z.record(z.string(), z.union([z.number(), z.string()])),
  attack: z.array(z.string()),
  status: z.enum(alertStatuses),
  statusBy: z.string().describe('who changed the status last; absent: nobody has').exactOptional(),
  statusAt: z.string().describe('when, by the wall clock').exactOptional(),
  verdict: z.enum(verdicts).describe('what it was; only where it is closed').exactOptional(),
  reason: z.string().describe('why, in a line; only where it is closed').exactOptional(),
})
export type Alert = z.infer<typeof alertSchema>
