import type { ReaderTraffic } from '../../bus/metered.ts'
import type { PartState } from '../parts.ts'

/** A thread that has told nothing for so long is taken to hang, in ms. */
export const silenceMsMax = 30_000

/** What can be asked of a process without disturbing it. */
export interface HealthFacts {
  readonly parts: Readonly<Record<string, PartState>>
  readonly readers: readonly Pick<ReaderTraffic, 'topic' | 'group' | 'wasAssigned' | 'hasFailed'>[]
  /** Threads by name, with the wall time of their last word in ms; null before the first. */
  readonly threads: Readonly<Record<string, number | null>>
  readonly nowMs: number
}

export interface Verdict {
  readonly isGood: boolean
  /** Names of what is not as it should be, in a fixed order. */
  readonly missing: readonly string[]
}

/** Alive: this process answers, and each of its threads has told something lately. A restart is the remedy. */
export function healthOf({ threads, nowMs }: HealthFacts): Verdict {
  const silent = Object.entries(threads).filter(
    ([, heardMs]) => heardMs !== null && nowMs - heardMs > silenceMsMax,
  )
  return verdict(silent.map(([name]) => `thread ${name}`))
}

/**
 * Ready: every part runs (the store is open, the bus is connected, the feed listens), every subscription has been given
 * partitions at least once and none has failed. Until then others should send it nothing.
 */
export function readinessOf(facts: HealthFacts): Verdict {
  const parts = Object.entries(facts.parts)
    .filter(([, state]) => state !== 'running')
    .map(([name, state]) => `${name} ${state}`)
  const readers = facts.readers
    .filter(({ wasAssigned, hasFailed }) => !wasAssigned || hasFailed)
    .map(
      ({ topic, hasFailed }) => `subscription to ${topic} ${hasFailed ? 'failed' : 'not assigned'}`,
    )
  return verdict([...new Set([...parts, ...readers, ...healthOf(facts).missing])])
}

function verdict(missing: readonly string[]): Verdict {
  return { isGood: missing.length === 0, missing }
}
