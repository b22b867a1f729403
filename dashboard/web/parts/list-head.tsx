import { ArrowUp, Pause, Play } from 'lucide-react'
import { useMemo } from 'react'
import { type Alert, severities } from '../../api.ts'
import type { FeedState } from '../data/feed-state.ts'
import type { HoldReason } from '../data/held-list.ts'

/** How many alerts there are, whether the list moves, and what waits to be shown. */
export function ListHead(props: {
  readonly alerts: readonly Alert[]
  readonly line: FeedState['line']
  readonly waiting: number
  readonly reasons: ReadonlySet<HoldReason>
  readonly onShowWaiting: () => void
  readonly onPause: (isPaused: boolean) => void
}) {
  const { alerts, line, waiting, reasons, onShowWaiting, onPause } = props
  const isPaused = reasons.has('paused')
  const Icon = isPaused ? Play : Pause
  return (
    <header className="list-head">
      <Totals alerts={alerts} />
      <span className="spacer" />
      {waiting > 0 && (
        <button type="button" className="pill" onClick={onShowWaiting}>
          <ArrowUp size={16} aria-hidden="true" />
          {waiting} new
        </button>
      )}
      <span className={reasons.size > 0 ? 'mode mode-held' : 'mode'}>{modeOf(reasons, line)}</span>
      <button type="button" className="button" onClick={() => onPause(!isPaused)}>
        <Icon size={16} aria-hidden="true" />
        {isPaused ? 'Go live' : 'Pause'}
      </button>
    </header>
  )
}

function modeOf(reasons: ReadonlySet<HoldReason>, line: FeedState['line']): string {
  if (reasons.has('paused')) return 'Paused'
  if (line !== 'live') return 'Not live'
  return reasons.size > 0 ? 'Held while you read' : 'Live'
}

/** How many alerts of each severity the list shows. */
function Totals({ alerts }: { readonly alerts: readonly Alert[] }) {
  const counts = useMemo(() => Object.groupBy(alerts, (alert) => alert.severity), [alerts])
  return (
    <p className="totals">
      <span>{alerts.length === 1 ? '1 alert' : `${alerts.length} alerts`}</span>
      {severities.toReversed().map((severity) => {
        const count = counts[severity]?.length ?? 0
        return count === 0 ? null : (
          <span key={severity} className={`total total-${severity}`}>
            {count} {severity}
          </span>
        )
      })}
    </p>
  )
}
