import { z } from 'zod'
import { openHttpReceiver } from './http-receiver.ts'

// A stand-in, written from the published contract of PagerDuty's Events API v2 (developer.pagerduty.com: "Send an event to
// PagerDuty" and "Events API v2 Overview"). No event of these tests has met PagerDuty itself.

const event = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: z.string().length(32),
    event_action: z.literal('trigger'),
    dedup_key: z.string().min(1).max(255),
    client: z.string().optional(),
    client_url: z.url().optional(),
    links: z.array(z.strictObject({ href: z.url(), text: z.string() })).optional(),
    payload: z.strictObject({
      summary: z.string().min(1).max(1024),
      source: z.string().min(1),
      severity: z.enum(['info', 'warning', 'error', 'critical']),
      timestamp: z.iso.datetime(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
  z.strictObject({
    routing_key: z.string().length(32),
    event_action: z.enum(['acknowledge', 'resolve']),
    dedup_key: z.string().min(1).max(255),
  }),
])

export type PagerDutyEvent = z.infer<typeof event>

/** Bytes of an event; larger ones are refused with 413. */
const eventBytesMax = 512 * 1024

/** Takes events as PagerDuty's documentation says: 202, or 400 for what is invalid. */
export async function openPagerDutyStandIn(routingKey: string) {
  const events: PagerDutyEvent[] = []
  const receiver = await openHttpReceiver(({ body, headers }) => {
    if (Buffer.byteLength(body) > eventBytesMax) return 413
    if (headers['content-type'] !== 'application/json') return 400
    const parsed = event.safeParse(JSON.parse(body))
    if (!parsed.success || parsed.data.routing_key !== routingKey) return 400
    events.push(parsed.data)
    return 202
  })
  /** What an operator sees: the state of each incident. */
  const incidents = () => {
    const states = new Map<string, 'triggered' | 'acknowledged' | 'resolved'>()
    for (const { event_action: action, dedup_key: key } of events) {
      const state = states.get(key)
      if (action === 'trigger') {
        if (state !== 'acknowledged') states.set(key, 'triggered')
      } else if (state !== undefined && state !== 'resolved') {
        states.set(key, action === 'resolve' ? 'resolved' : 'acknowledged')
      }
    }
    return states
  }
  return { ...receiver, events, incidents }
}
