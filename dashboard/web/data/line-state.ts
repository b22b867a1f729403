import type { FeedState } from './feed-state.ts'
import { duration } from './numbers.ts'

export interface LineState {
  readonly level: 'good' | 'late' | 'broken'
  readonly text: string
  /** What the list shows may be old: grey it. */
  readonly isStale: boolean
}

/** The server speaks every second: after this long its silence is shown. */
const staleMs = 3000

/** Connection and data lag in a few words: green below 2 s, amber below 10 s, red beyond. */
export function lineStateOf(feed: FeedState, nowMs: number): LineState {
  const { line, heardMs, status } = feed
  if (line === 'lost') return { level: 'broken', text: 'disconnected', isStale: true }
  if (line === 'connecting' || heardMs === null) {
    return { level: 'late', text: 'connecting', isStale: false }
  }
  const silentMs = nowMs - heardMs
  if (silentMs > staleMs) {
    return { level: 'late', text: `silent for ${duration(silentMs)}`, isStale: true }
  }
  const lagMs = status?.lagMs ?? null
  if (lagMs === null) return { level: 'good', text: 'live', isStale: false }
  const level = lagMs < 2000 ? 'good' : lagMs < 10_000 ? 'late' : 'broken'
  const text = level === 'good' ? `live ${duration(lagMs)}` : `${duration(lagMs)} behind`
  return { level, text, isStale: false }
}
