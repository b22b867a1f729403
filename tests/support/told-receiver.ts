import type { Notification, Notifier, Outcome } from '../../alerts/notifier.ts'

/** What a receiver does with an attempt: an outcome, `hang` until it is cut off, or `crash`. */
export type Reaction = Outcome | 'hang' | 'deaf' | 'crash'

/** A receiver that writes down what it is told; `react` says what it does, attempts counted from 1. */
export function createToldReceiver(
  react: (notification: Notification, attempt: number) => Reaction,
) {
  const attempts: Notification[] = []
  const taken: Notification[] = []
  let open = 0
  let openMax = 0
  const notifier: Notifier = {
    async send(notification, signal) {
      attempts.push(notification)
      const attempt = attempts.filter(({ key }) => key === notification.key).length
      const reaction = react(notification, attempt)
      openMax = Math.max(openMax, ++open)
      try {
        if (reaction === 'crash') throw new Error('fault')
        if (reaction === 'deaf') return await new Promise<never>(() => undefined)
        if (reaction === 'hang') return await untilCut(signal)
        if (reaction.result === 'delivered') taken.push(notification)
        return reaction
      } finally {
        open--
      }
    },
    close: () => Promise.resolve(),
  }
  return {
    notifier,
    /** Every attempt, in order. */
    attempts,
    /** What it has taken, repetitions included. */
    taken,
    /** Most attempts under way at a time. */
    openMax: () => openMax,
  }
}

function untilCut(signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const cut = () => resolve({ result: 'retry', reason: 'no answer in time' })
    if (signal.aborted) cut()
    signal.addEventListener('abort', cut)
  })
}

/** Numbers of a seed, uniform in 0–1 (mulberry32): tests that fail can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
