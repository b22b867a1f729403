import { useMemo, useRef } from 'react'
import type { Alert } from '../../api.ts'
import { defaultQuery, matches, parseQuery } from '../data/alert-query.ts'
import { type FeedState, newestFirst } from '../data/feed-state.ts'
import { lineStateOf } from '../data/line-state.ts'
import { alertHref, goTo, type Params } from '../data/route.ts'
import { presets } from '../data/time-range.ts'
import { useNowMs } from '../data/use-live.ts'
import { AlertRow } from '../parts/alert-row.tsx'
import { EmptyList } from '../parts/empty-list.tsx'
import { FilterBar } from '../parts/filter-bar.tsx'
import { ListHead } from '../parts/list-head.tsx'
import { PickedBar } from '../parts/picked-bar.tsx'
import { TeachingBanner } from '../parts/teaching-banner.tsx'
import { useHeldList } from '../parts/use-held-list.ts'
import { useListKeys } from '../parts/use-list-keys.ts'
import { usePicked } from '../parts/use-picked.ts'

/** The live list: newest first, filtered by what the address says, standing still while somebody reads it. */
export function AlertsPage(props: {
  readonly feed: FeedState
  readonly selectedId: string | null
  readonly params: Params
}) {
  const { feed, selectedId, params } = props
  const query = params['q'] ?? defaultQuery
  const range = params['t'] ?? ''
  const newest = useFiltered(feed.alerts, query, range)
  const { list, reasons, hold, release } = useHeldList(newest, feed.alerts)
  const scroller = useRef<HTMLDivElement>(null)
  const { isStale } = lineStateOf(feed, useNowMs())
  const picked = usePicked(list.rows)
  useListKeys({ scroller, rows: list.rows, selectedId, params, picked })
  const showWaiting = () => {
    release()
    scroller.current?.scrollTo({ top: 0 })
  }
  const isFiltered = newest.length < feed.alerts.size
  return (
    <section
      className="list"
      aria-label="Alerts"
      // The head belongs to it: on its way to "1 new" the pointer must not let the rows go.
      onPointerEnter={(event) => hold('hovered', event.pointerType === 'mouse')}
      onPointerLeave={() => hold('hovered', false)}
    >
      <div className="list-top">
        <FilterBar query={query} range={range} />
        {picked.alerts.length > 0 ? (
          <PickedBar alerts={picked.alerts} onClear={picked.clear} />
        ) : (
          <ListHead
            alerts={newest}
            line={feed.line}
            waiting={list.waiting}
            reasons={reasons}
            onShowWaiting={showWaiting}
            onPause={(isPaused) => hold('paused', isPaused)}
          />
        )}
      </div>
      {feed.line === 'lost' && (
        <p className="banner" role="alert">
          Not connected: what you see may be old. Trying again; nothing that happens meanwhile is
          lost.
        </p>
      )}
      {feed.line !== 'lost' && <TeachingBanner status={feed.status} />}
      <div
        ref={scroller}
        className={isStale ? 'list-body stale' : 'list-body'}
        onScroll={(event) => hold('scrolled', event.currentTarget.scrollTop > 0)}
      >
        {list.rows.length === 0 && list.waiting === 0 ? (
          <EmptyList
            feed={feed}
            onShowAll={isFiltered ? () => goTo(alertHref(selectedId, { q: '' })) : null}
          />
        ) : (
          <ol className="rows">
            {list.rows.map((alert) => (
              <AlertRow
                key={alert.id}
                alert={alert}
                isSelected={alert.id === selectedId}
                isPicked={picked.ids.has(alert.id)}
                params={params}
              />
            ))}
          </ol>
        )}
      </div>
    </section>
  )
}

/** What meets the query and lies in the time range, newest first. The range moves on once a minute. */
function useFiltered(
  alerts: ReadonlyMap<string, Alert>,
  query: string,
  range: string,
): readonly Alert[] {
  const minute = Math.floor(useNowMs() / 60_000)
  const preset = presets[range]
  const sinceMs = preset === undefined ? -Infinity : minute * 60_000 - preset.ms
  return useMemo(() => {
    const terms = parseQuery(query)
    return newestFirst(alerts).filter(
      (alert) =>
        (sinceMs === -Infinity || Date.parse(alert.lastSeen) >= sinceMs) && matches(alert, terms),
    )
  }, [alerts, query, sinceMs])
}
