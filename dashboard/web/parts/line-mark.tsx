import { Radio, WifiOff } from 'lucide-react'
import type { FeedState } from '../data/feed-state.ts'
import { lineStateOf } from '../data/line-state.ts'
import { useNowMs } from '../data/use-live.ts'

/** Connection state and data lag; always in sight. */
export function LineMark({ feed }: { readonly feed: FeedState }) {
  const { level, text } = lineStateOf(feed, useNowMs())
  const Icon = feed.line === 'lost' ? WifiOff : Radio
  return (
    <span className={`line line-${level}`} role="status">
      <Icon size={16} aria-hidden="true" />
      {text}
    </span>
  )
}
