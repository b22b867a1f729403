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

/** Sensors that capture now, of those known; what they lost on hover. */
export function SensorsMark({ feed }: { readonly feed: FeedState }) {
  const sensors = feed.status?.sensors ?? []
  if (sensors.length === 0) return null
  const liveCount = sensors.filter((s) => s.isLive).length
  const dropped = sensors.reduce((sum, s) => sum + s.dropped, 0)
  const details = sensors.map(
    (s) => `${s.site} ${s.sensor}: ${s.packets} packets, ${s.dropped} lost`,
  )
  return (
    <span className={dropped > 0 ? 'sensors sensors-lossy' : 'sensors'} title={details.join('\n')}>
      sensors {liveCount}/{sensors.length}
      {dropped > 0 ? ' · packets lost' : ''}
    </span>
  )
}
