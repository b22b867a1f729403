import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import type { DeviceSeries } from '../../api.ts'
import { formatBytes, localTime, utcTime } from '../data/numbers.ts'
import { chartDataOf, totalsOf } from '../data/series.ts'
import type { TimeRange } from '../data/time-range.ts'
import type { ChartMark } from './chart-canvas.tsx'
import { PanelGuard } from './panel-guard.tsx'

const ChartCanvas = lazy(() => import('./chart-canvas.tsx'))

interface CursorAt {
  readonly ms: number
  readonly sent: number
  readonly received: number
}

/** Traffic of one device with its totals; what lies under the pointer is told below. */
export function TrafficChart(props: {
  readonly series: DeviceSeries
  readonly height: number
  readonly isUtc: boolean
  readonly marks: readonly ChartMark[]
  readonly onZoom?: (range: TimeRange) => void
}) {
  const { series, height, isUtc, marks, onZoom } = props
  const data = useMemo(() => chartDataOf(series), [series])
  const totals = useMemo(() => totalsOf(series), [series])
  const holder = useRef<HTMLDivElement>(null)
  const [cursor, setCursor] = useState<CursorAt | null>(null)
  useEffect(() => {
    const element = holder.current
    const onCursor = (event: Event) => setCursor((event as CustomEvent<CursorAt | null>).detail)
    element?.addEventListener('chart-cursor', onCursor)
    return () => element?.removeEventListener('chart-cursor', onCursor)
  }, [])
  const words = `sent ${formatBytes(totals.sentBytes)}, received ${formatBytes(totals.receivedBytes)}, at most ${formatBytes(totals.peak)}/s`
  return (
    <div ref={holder} className="traffic">
      <div role="img" aria-label={`Traffic over time: ${words}`}>
        <PanelGuard name="The chart">
          <Suspense fallback={<div className="chart skeleton" style={{ height }} />}>
            <ChartCanvas
              data={data}
              height={height}
              isUtc={isUtc}
              marks={marks}
              {...(onZoom === undefined ? {} : { onZoom })}
            />
          </Suspense>
        </PanelGuard>
      </div>
      <p className="chart-caption">
        <span className="key key-sent">sent</span>
        <span className="key key-received">received</span>
        <span className="muted">
          {cursor === null
            ? words
            : `${isUtc ? utcTime(cursor.ms) : localTime(cursor.ms)}: sent ${formatBytes(cursor.sent)}/s, received ${formatBytes(cursor.received)}/s`}
        </span>
      </p>
    </div>
  )
}
