import type { Severity } from '../../records/alert.ts'
import type { Notification, Notifier } from '../notifier.ts'
import { post } from './http-post.ts'

/** PagerDuty's words (Events API v2, PD-CEF `severity`). */
const severityWords: Readonly<Record<Severity, string>> = {
  low: 'info',
  medium: 'warning',
  high: 'error',
  critical: 'critical',
}

/** Characters of a summary; PagerDuty cuts what is longer. */
const summaryMax = 1024

/**
 * PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview): 202 is taken; 429 and 5xx may
 * be tried again; any other answer says that the event will never be taken: a wrong key, or a field it does not know.
 */
export function createPagerDuty(
  config: { readonly url: string; readonly routingKey: string },
  deps: { readonly now: () => number },
): Notifier {
  return {
    send(notification, signal) {
      const body = JSON.stringify({
        routing_key: config.routingKey,
        ...pagerDutyEvent(notification),
      })
      const headers = { 'content-type': 'application/json' }
      const isRetryable = (status: number) => status === 429 || status >= 500
      return post({ url: config.url, headers, body, signal, nowMs: deps.now(), isRetryable })
    },
    close: () => Promise.resolve(),
  }
}

/** The event without its key. Acknowledging and resolving need no more than which alert it is. */
export function pagerDutyEvent(notification: Notification) {
  const { kind, dedupKey, alert, url } = notification
  const common = { event_action: kind, dedup_key: dedupKey }
  if (kind !== 'trigger') return common
  const { device, severity, behaviour } = alert
  return {
    ...common,
    client: 'Wardwatch',
    client_url: url,
    links: [{ href: url, text: 'Open the alert' }],
    payload: {
      summary: `${severity}: ${alert.summary}`.slice(0, summaryMax),
      source: device.name ?? device.addresses[0] ?? device.mac ?? device.id,
      severity: severityWords[severity],
      timestamp: alert.lastSeen,
      component: device.id,
      group: alert.site,
      class: behaviour,
      custom_details: {
        alert: alert.id,
        count: alert.count,
        first_seen: alert.firstSeen,
        last_seen: alert.lastSeen,
        score: alert.score,
        why: alert.why,
        peers: alert.peers.slice(0, 8),
        attack: alert.attack,
        cause: notification.cause,
      },
    },
  }
}
