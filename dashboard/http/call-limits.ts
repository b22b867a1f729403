import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { limitGroupOf } from '../address.ts'
import { type Caller, Refusal } from './route.ts'

export interface CallLimits {
  /** Counts a call. @throws Refusal 429 when there were too many in a minute */
  count(caller: Caller | null, from: string): Promise<void>
}

/** How much one session may ask; and one address without a session, which asks little: the page, log-in, health. */
export function createCallLimits(config: { readonly callsPerMinute: number }): CallLimits {
  const { callsPerMinute } = config
  const sessions = new RateLimiterMemory({
    keyPrefix: 'session',
    points: callsPerMinute,
    duration: 60,
  })
  const addresses = new RateLimiterMemory({
    keyPrefix: 'address',
    points: Math.max(1, Math.ceil(callsPerMinute / 5)),
    duration: 60,
  })
  return {
    async count(caller, from) {
      try {
        if (caller === null) await addresses.consume(limitGroupOf(from))
        else await sessions.consume(caller.sessionHash)
      } catch (result) {
        // The library rejects with its result, which is no error.
        if (!(result instanceof RateLimiterRes)) throw result
        const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000))
        throw new Refusal(429, `too many calls: wait ${seconds} s`, seconds)
      }
    },
  }
}
