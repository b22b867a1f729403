import type { DeliveryConfig } from './receiver-config.ts'

/**
 * Wait before the next attempt: exponential back-off with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015), so that receivers that come back are not met by everybody at once.
 * @param attempts made so far, at least 1
 * @param afterMs what the receiver asked for: never sooner
 * @param random uniform, 0–1
 */
export function waitMs(
  { retrySecondsBase, retrySecondsMax }: DeliveryConfig,
  attempts: number,
  afterMs: number,
  random: number,
): number {
  const baseMs = retrySecondsBase * 1000
  const topMs = Math.min(retrySecondsMax * 1000, baseMs * 2 ** Math.min(attempts - 1, 30))
  // Asked to wait, everybody would come at that moment: the jitter is added to it.
  return Math.ceil(afterMs + random * (afterMs > 0 ? baseMs : topMs))
}
