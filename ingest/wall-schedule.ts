import type { IngestConfig } from './config.ts'

/** What is due by wall time at a live sensor. */
export interface WallSchedule {
  /** Whether `liveFlushMs` have passed since the last flush; then the time is counted anew. */
  isFlushDue(): boolean
  /** The same for `livePunctuationMs`. */
  isPunctuationDue(): boolean
}

/** @param now wall time in ms */
export function createWallSchedule(config: IngestConfig, now: () => number): WallSchedule {
  return {
    isFlushDue: createInterval(config.liveFlushMs, now),
    isPunctuationDue: createInterval(config.livePunctuationMs, now),
  }
}

/** True at most once in `intervalMs`. */
function createInterval(intervalMs: number, now: () => number): () => boolean {
  let lastMs = now()
  return () => {
    const nowMs = now()
    // A clock that was set back must not hold anything up for that long.
    if (nowMs - lastMs < intervalMs && nowMs >= lastMs) return false
    lastMs = nowMs
    return true
  }
}

/** A sleep that can be cut short. */
export interface Sleep {
  for(waitMs: number): Promise<void>
  wake(): void
}

export function createSleep(): Sleep {
  let end: () => void = () => undefined
  return {
    for: (waitMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, waitMs)
        end = () => {
          clearTimeout(timer)
          resolve()
        }
      }),
    wake: () => end(),
  }
}
