import { ArrowUp, Pause, Play } from 'lucide-react'
import { useEffect, useMemo, useRef } from 'react'
import { severities } from '../../api.ts'
import { type FeedState, newestFirst } from '../data/feed-state.ts'
import type { HoldReason } from '../data/held-list.ts'
import { lineStateOf } from '../data/line-state.ts'
import { navigate } from '../data/route.ts'
import { useNowMs } from '../data/use-live.ts'
import { AlertRow } from '../parts/alert-row.tsx'
import { EmptyList } from '../parts/empty-list.tsx'
import { useHeldList } from '../parts/use-held-list.ts'
import { useKeys } from '../parts/use-keys.ts'

/** The live list: newest first, standing still while somebody reads it. */
export function AlertsPage(props: {
  readonly feed: FeedState
  readonly selectedId: string | null
}) {
  const { feed, selectedId } = props
  const newest = useMemo(() => newestFirst(feed.alerts), [feed.alerts])
  const { list, reasons, hold, release } = useHeldList(newest)
  const scroller = useRef<HTMLDivElement>(null)
  const { isStale } = lineStateOf(feed, useNowMs())
  useListKeys(scroller, list.rows, selectedId)
  const showWaiting = () => {
    release()
    scroller.current?.scrollTo({ top: 0 })
  }
  return (
    <section
      className="list"
      aria-label="Alerts"
      // The head belongs to it: on its way to "1 new" the pointer must not let the rows go.
      onPointerEnter={(event) => hold('hovered', event.pointerType === 'mouse')}
      onPointerLeave={() => hold('hovered', false)}
    >
      <ListHead
        feed={feed}
        waiting={list.waiting}
        reasons={reasons}
        onShowWaiting={showWaiting}
        onPause={(isPaused) => hold('paused', isPaused)}
      />
      {feed.line === 'lost' && (
        <p className="banner" role="alert">
          Not connected: what you see may be old. Trying again; nothing that happens meanwhile is
          lost.
        </p>
      )}
      <div
        ref={scroller}
        className={isStale ? 'list-body stale' : 'list-body'}
        onScroll={(event) => hold('scrolled', event.currentTarget.scrollTop > 0)}
      >
        {list.rows.length === 0 && list.waiting === 0 ? (
          <EmptyList feed={feed} />
        ) : (
          <ol className="rows">
            {list.rows.map((alert) => (
              <AlertRow key={alert.id} alert={alert} isSelected={alert.id === selectedId} />
            ))}
          </ol>
        )}
      </div>
    </section>
  )
}

function ListHead(props: {
  readonly feed: FeedState
  readonly waiting: number
  readonly reasons: ReadonlySet<HoldReason>
  readonly onShowWaiting: () => void
  readonly onPause: (isPaused: boolean) => void
}) {
  const { feed, waiting, reasons, onShowWaiting, onPause } = props
  const isPaused = reasons.has('paused')
  const Icon = isPaused ? Play : Pause
  return (
    <header className="list-head">
      <Totals feed={feed} />
      <span className="spacer" />
      {waiting > 0 && (
        <button type="button" className="pill" onClick={onShowWaiting}>
          <ArrowUp size={16} aria-hidden="true" />
          {waiting} new
        </button>
      )}
      <span className={reasons.size > 0 ? 'mode mode-held' : 'mode'}>
        {modeOf(reasons, feed.line)}
      </span>
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

/** How many alerts of each severity the list holds. */
function Totals({ feed }: { readonly feed: FeedState }) {
  const counts = useMemo(
    () => Object.groupBy(feed.alerts.values(), (alert) => alert.severity),
    [feed.alerts],
  )
  const total = feed.alerts.size
  return (
    <p className="totals">
      <span>{total === 1 ? '1 alert' : `${total} alerts`}</span>
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

/** j and k walk through the rows; with an alert open, the detail follows. */
function useListKeys(
  scroller: { readonly current: HTMLElement | null },
  rows: readonly { readonly id: string }[],
  selectedId: string | null,
): void {
  const step = (by: 1 | -1) => {
    const links = [...(scroller.current?.querySelectorAll<HTMLElement>('.row-link') ?? [])]
    const focused = links.findIndex((link) => link === document.activeElement)
    const selected = rows.findIndex((row) => row.id === selectedId)
    const from = focused >= 0 ? focused : selected
    const to = from < 0 ? 0 : Math.min(Math.max(from + by, 0), links.length - 1)
    links[to]?.focus()
    const row = rows[to]
    if (selectedId !== null && row !== undefined) navigate(row.id, { replace: true })
  }
  useKeys({ j: () => step(1), k: () => step(-1) })
  useEffect(() => {
    if (selectedId === null) return
    const link = scroller.current?.querySelector('.row-link[aria-current="true"]')
    link?.scrollIntoView({ block: 'nearest' })
  }, [scroller, selectedId])
}
