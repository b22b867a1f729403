import { useSyncExternalStore } from 'react'
import type { FeedState } from './feed-state.ts'
import type { LiveAlerts } from './live-alerts.ts'

/** The feed as React sees it. */
export function useFeed(live: LiveAlerts): FeedState {
  return useSyncExternalStore(live.subscribe, live.state)
}

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

/** One clock for the whole page, running while somebody looks at it. */
function subscribeSecond(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** A text made from the time of day: the component is drawn again only when the text changes. */
export function useTimeText(textAt: (nowMs: number) => string): string {
  return useSyncExternalStore(subscribeSecond, () => textAt(Date.now()))
}

/** The page's clock in ms, by the second. */
export function useNowMs(): number {
  return useSyncExternalStore(subscribeSecond, () => Math.floor(Date.now() / 1000) * 1000)
}
