import { hash, verify } from '@node-rs/argon2'
import type { Passwords } from '../access/passwords.ts'
import { Refusal } from '../http/route.ts'

/**
 * OWASP Password Storage Cheat Sheet, argon2id: 46 MiB, one pass, one lane. The package's default algorithm is argon2id
 * (its enum cannot be named under `isolatedModules`).
 */
const cost = { memoryCost: 47_104, timeCost: 1, parallelism: 1 }

/** At a time, so that a storm of log-ins holds 92 MiB and half of Node's threads at most; and those that may wait. */
const runningMax = 2
const waitingMax = 64

/** argon2id, computed off the main thread, a few at a time. */
export function createArgon2Passwords(): Passwords {
  let running = 0
  const waiting: (() => void)[] = []
  /** Compared with where there is no user; its password is known to nobody. */
  const decoy = hash(crypto.randomUUID(), cost)
  // Whoever needs it gets the fault; until then it must not end the process.
  decoy.catch(() => undefined)

  async function inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (running >= runningMax) {
      if (waiting.length >= waitingMax) throw new Refusal(503, 'too many log-ins at a time', 5)
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await task()
    } finally {
      // The place goes to who waits, uncounted in between, so that nobody slips past.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }

  const plain = (password: string) => password.normalize('NFKC')
  return {
    hash: (password) => inTurn(() => hash(plain(password), cost)),
    verify: (known, password) =>
      inTurn(async () => {
        const isRight = await verify(known ?? (await decoy), plain(password))
        return isRight && known !== null
      }),
  }
}
