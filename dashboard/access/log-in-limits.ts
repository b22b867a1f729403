import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { limitGroupOf } from '../address.ts'

export interface LogInLimits {
  /**
   * Counts a try before the password is looked at, so that parallel tries count too.
   * @param isKnown the name has logged in from this address: it is let in although others are trying the name
   * @returns seconds to wait, 0 when the try may go on
   */
  take(name: string, from: string, isKnown: boolean): Promise<number>
  /** The pair begins anew, and the try is taken off the others. `isKnown` as it was given to `take`. */
  succeeded(name: string, from: string, isKnown: boolean): Promise<void>
}

const minuteSeconds = 60
/** Longest wait of one name from one address. */
const waitSecondsMax = 15 * minuteSeconds
const nameSeconds = 15 * minuteSeconds
/** How long earlier waits are remembered: each makes the next one twice as long. */
const strikeSeconds = 24 * 3600

/**
 * Tries of log-in: per name and address, per address, and per name. The first two wait longer each time. The last one
 * cannot lock anybody out: an address from which the name has logged in before is exempt. Kept in memory: a restart
 * forgets, which costs an attacker more than it gains.
 */
export function createLogInLimits(config: {
  readonly logInTriesPerMinute: number
  readonly logInTriesPerAddress: number
  readonly logInTriesPerName: number
}): LogInLimits {
  const pairs = createGrowing('pair', config.logInTriesPerMinute)
  const addresses = createGrowing('address', config.logInTriesPerAddress)
  const names = new RateLimiterMemory({
    keyPrefix: 'name',
    points: config.logInTriesPerName,
    duration: nameSeconds,
  })
  const pairOf = (name: string, from: string) => `${name}\n${limitGroupOf(from)}`
  return {
    async take(name, from, isKnown) {
      const waits = [
        await pairs.take(pairOf(name, from)),
        await addresses.take(limitGroupOf(from)),
        isKnown ? 0 : waitOf(await outcomeOf(names.consume(name)), config.logInTriesPerName),
      ]
      return Math.max(...waits)
    },
    async succeeded(name, from, isKnown) {
      await pairs.forget(pairOf(name, from))
      await addresses.reward(limitGroupOf(from))
      if (!isKnown) await names.reward(name)
    },
  }
}

/** So many tries a minute; whoever goes on is shut out for a minute, then two, four … */
function createGrowing(keyPrefix: string, points: number) {
  const tries = new RateLimiterMemory({ keyPrefix, points, duration: minuteSeconds })
  const strikes = new RateLimiterMemory({
    keyPrefix: `${keyPrefix}-strike`,
    points: Number.MAX_SAFE_INTEGER,
    duration: strikeSeconds,
  })
  return {
    async take(key: string): Promise<number> {
      const before = await tries.get(key)
      // Already shut out: trying again makes it no longer, or nobody who forgot a password would ever get in.
      if (before !== null && before.consumedPoints > points) return secondsLeft(before)
      const now = await outcomeOf(tries.consume(key))
      if (now.consumedPoints <= points) return 0
      // Of tries in parallel only the first one too many counts as a strike.
      if (now.consumedPoints > points + 1) return secondsLeft(now)
      const { consumedPoints: strike } = await strikes.consume(key)
      const wait = Math.min(minuteSeconds * 2 ** (strike - 1), waitSecondsMax)
      await tries.block(key, wait)
      return wait
    },
    async forget(key: string): Promise<void> {
      await tries.delete(key)
      await strikes.delete(key)
    },
    async reward(key: string): Promise<void> {
      await tries.reward(key)
    },
  }
}

/** The library rejects with its result when there are too many, which is no error. */
async function outcomeOf(consumed: Promise<RateLimiterRes>): Promise<RateLimiterRes> {
  try {
    return await consumed
  } catch (result) {
    if (result instanceof RateLimiterRes) return result
    throw result
  }
}

function waitOf(result: RateLimiterRes, points: number): number {
  return result.consumedPoints > points ? secondsLeft(result) : 0
}

function secondsLeft(result: RateLimiterRes): number {
  return Math.max(1, Math.ceil(result.msBeforeNext / 1000))
}
