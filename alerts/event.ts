import { alertToEcs } from '../records/ecs.ts'
import { formatTime } from '../records/time.ts'
import type { Notification } from './notifier.ts'

/** Body of a webhook: type, time and data as Standard Webhooks advises; `data` in ECS names (docs/notifications.md). */
export function eventOf({ kind, cause, key, dedupKey, alert, by, url, createdMs }: Notification) {
  return {
    type: `alert.${kind}`,
    timestamp: formatTime(createdMs * 1000),
    data: alertToEcs(alert, { action: kind, cause, by, url, key, dedupKey }),
  }
}
