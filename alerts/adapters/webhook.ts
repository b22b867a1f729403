import { createHmac } from 'node:crypto'
import { WardwatchError } from '../../records/errors.ts'
import { eventOf } from '../event.ts'
import type { Notifier } from '../notifier.ts'
import { post } from './http-post.ts'

/** The answer may change without anybody touching the event: too early, too much, or the receiver's own fault. */
const retryableStatuses = [408, 425, 429]

/**
 * Posts events to an HTTP endpoint, signed as Standard Webhooks 1.0 says (https://www.standardwebhooks.com).
 * Receivers are named by the operator, so any address may be one, private ones too; redirects are not followed.
 * @param secret `whsec_` and 24 to 64 bytes in base64
 * @throws WardwatchError CONFIG_INVALID when the secret is none
 */
export function createWebhook(
  config: { readonly name: string; readonly url: string; readonly secret: string },
  deps: { readonly now: () => number },
): Notifier {
  const key = keyOf(config.name, config.secret)
  return {
    send(notification, signal) {
      const nowMs = deps.now()
      const body = JSON.stringify(eventOf(notification))
      const id = `msg_${notification.key}`
      const timestamp = String(Math.floor(nowMs / 1000))
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signatureOf(key, id, timestamp, body),
      }
      const isRetryable = (status: number) => status >= 500 || retryableStatuses.includes(status)
      return post({ url: config.url, headers, body, signal, nowMs, isRetryable })
    },
    close: () => Promise.resolve(),
  }
}

function signatureOf(key: Buffer, id: string, timestamp: string, body: string): string {
  const signed = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return `v1,${signed}`
}

const secretPrefix = 'whsec_'

function keyOf(name: string, secret: string): Buffer {
  const text = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : ''
  const key = Buffer.from(text, 'base64')
  // What base64 leaves out would be signed with another key than the receiver's.
  if (key.toString('base64') === text && key.length >= 24 && key.length <= 64) return key
  throw new WardwatchError(
    'CONFIG_INVALID',
    `alerts.receivers: the secret of ${name} must be whsec_ and 24 to 64 bytes in base64: echo whsec_$(openssl rand -base64 32)`,
  )
}
