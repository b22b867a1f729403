import { afterMsMax } from './notifier.ts'

/**
 * `Retry-After` in ms from now: seconds or an HTTP date (RFC 9110, section 10.2.3); 0 when there is none or it cannot be
 * read, an hour at most.
 */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0
  const text = header.trim()
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs
  return Number.isNaN(ms) ? 0 : Math.min(afterMsMax, Math.max(0, ms))
}
