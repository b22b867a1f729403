import { createHash } from 'node:crypto'
import { z } from 'zod'

/** Names of behaviours: may be added to, never renamed (docs/decisions/0005). */
export const behaviours = [
  'host-scan',
  'irregular-destination',
  'login-after-burst',
  'login-burst',
  'new-device',
  'port-scan',
  'sensor-fault',
  'unauthorized-access',
] as const
export type Behaviour = (typeof behaviours)[number]

export const peerSchema = z.object({
  key: z.string().nullable().describe('host key; null when it has none'),
  address: z.string().nullable(),
  mac: z.string().nullable(),
  name: z.string().nullable().describe('registered domain, SNI or host name'),
  port: z.number().int().nullable().describe('port of the service'),
  protocol: z.string().nullable().describe('tcp, udp, icmp, arp'),
})
export type Peer = z.infer<typeof peerSchema>

/** What one detector saw. A later record of the same `id` is a revision with larger numbers and replaces it. */
export const anomalySchema = z.object({
  id: z.string(),
  behaviour: z.enum(behaviours),
  detector: z.string(),
  site: z.string(),
  viewKey: z
    .string()
    .describe('key of the owner: originator, target or self (design of the behaviour)'),
  objectGroup: z
    .string()
    .describe('what groups anomalies of one owner into one row: source, service, domain, segment'),
  score: z.number().min(0).max(1),
  oldestUs: z.number().describe('time of the oldest record counted'),
  timeUs: z.number().describe('time of the deciding record or timer'),
  count: z.number().int().min(1).describe('events counted in this anomaly so far'),
  summary: z.string().describe('the sentence a person reads'),
  why: z
    .record(z.string(), z.union([z.number(), z.string()]))
    .describe('the numbers: observed, threshold, window …'),
  device: z.object({
    address: z.string().nullable(),
    mac: z.string().nullable(),
    name: z.string().nullable(),
  }),
  peers: z.array(peerSchema).describe('counterparts, at most 32, in the order they were met'),
  attack: z.array(z.string()).describe('MITRE ATT&CK technique ids'),
  relations: z
    .array(z.string())
    .max(32)
    .describe('relations of the owner it was about: `approve` makes each usual; absent: none')
    .exactOptional(),
  /** Where it came from: what the alert stage has folded of a partition is skipped when it is sent again. */
  position: z.object({
    partition: z.number().int(),
    offset: z.number().int(),
    index: z.number().int(),
  }),
})
export type Anomaly = z.infer<typeof anomalySchema>

/** One message of the `anomalies` topic. `ended`: this partition has seen the end of the input of (sensor, run). */
export const anomalyMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('anomaly'), anomaly: anomalySchema }),
  z.object({
    kind: z.literal('ended'),
    site: z.string(),
    sensor: z.string(),
    run: z.string(),
    position: anomalySchema.shape.position,
    partitionCount: z.number().int(),
  }),
])
export type AnomalyMessage = z.infer<typeof anomalyMessageSchema>

/** Row key of docs/decisions/0005: (site, behaviour, view key, object group). */
export function rowKeyOf(
  a: Pick<Anomaly, 'site' | 'behaviour' | 'viewKey' | 'objectGroup'>,
): string {
  return JSON.stringify([a.site, a.behaviour, a.viewKey, a.objectGroup])
}

/** Id of an anomaly: hash of (row key, detector, time of the oldest record counted). */
export function anomalyId(rowKey: string, detector: string, oldestUs: number): string {
  return hash(JSON.stringify([rowKey, detector, oldestUs]))
}

/** Id of an alert: hash of (row key, start of the episode in event time). */
export function alertId(rowKey: string, episodeStartUs: number): string {
  return hash(JSON.stringify([rowKey, episodeStartUs]))
}

/** 128 bits of SHA-256, in hex. */
function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
