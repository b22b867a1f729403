import { ShieldCheck } from 'lucide-react'
import type { FeedState } from '../data/feed-state.ts'
import { formatNumber, localTime, utcTime } from '../data/numbers.ts'

/** Says what "nothing found" rests on: what is watched, since when, and what was lost. */
export function EmptyList(props: {
  readonly feed: FeedState
  /** Takes the filters away; null where none hides anything. */
  readonly onShowAll: (() => void) | null
}) {
  const { feed, onShowAll } = props
  const status = feed.status
  if (!feed.isLoaded || status === null) return <Skeleton />
  const { sensors } = status
  const startsUs = sensors.map((s) => s.startedUs).filter((us) => us > 0)
  const sinceMs = startsUs.length > 0 ? Math.min(...startsUs) / 1000 : status.startedMs
  const packets = sensors.reduce((sum, s) => sum + s.packets, 0)
  const dropped = sensors.reduce((sum, s) => sum + s.dropped, 0)
  return (
    <div className="empty">
      <ShieldCheck size={24} aria-hidden="true" />
      <h2>{onShowAll === null ? 'No alerts' : 'No alerts match'}</h2>
      {onShowAll !== null && (
        <button type="button" className="button" onClick={onShowAll}>
          Show all {feed.alerts.size}
        </button>
      )}
      <p>
        Watching {sensorsInWords(sensors.length)} since{' '}
        <time dateTime={new Date(sinceMs).toISOString()} title={utcTime(sinceMs)}>
          {localTime(sinceMs)}
        </time>
        .
      </p>
      {sensors.length > 0 && (
        <p className="muted">
          {formatNumber(packets)} packets seen, {formatNumber(dropped)} lost.
          {dropped > 0 ? ' What was lost could not be judged.' : ''}
        </p>
      )}
    </div>
  )
}

function sensorsInWords(count: number): string {
  if (count === 0) return 'for alerts'
  return count === 1 ? '1 sensor' : `${count} sensors`
}

/** Keeps the layout while the first answer is on its way. */
function Skeleton() {
  return (
    <div className="skeleton" aria-busy="true" aria-label="Loading alerts">
      {[1, 2, 3, 4, 5, 6].map((row) => (
        <div key={row} className="skeleton-row" />
      ))}
    </div>
  )
}
