import { useState } from 'react'
import { type Alert, deviceSeriesSchema, flowAnswerSchema } from '../../api.ts'
import { deviceHref } from '../data/route.ts'
import { formatRange, stepMinutesFor, type TimeRange } from '../data/time-range.ts'
import { useJson } from '../data/use-json.ts'
import { FlowTable } from './flow-table.tsx'
import { TrafficChart } from './traffic-chart.tsx'
import { useOffers } from './use-offers.ts'

const hourMs = 3_600_000

/** What the device did in the day before, the alert marked; and the flows of the two parties around it. */
export function AlertTraffic({ alert }: { readonly alert: Alert }) {
  const { series, flows } = useOffers()
  const key = alert.device.id
  const firstMs = Date.parse(alert.firstSeen)
  const lastMs = Date.parse(alert.lastSeen)
  const range = { fromMs: firstMs - 23 * hourMs, toMs: lastMs + hourMs }
  return (
    <>
      {series && <BaselineChart deviceKey={key} range={range} firstMs={firstMs} />}
      {flows && (
        <PartyFlows
          // Another look-up for another alert.
          key={alert.id}
          alert={alert}
          range={{ fromMs: firstMs - hourMs / 4, toMs: lastMs + hourMs / 4 }}
        />
      )}
    </>
  )
}

function BaselineChart(props: {
  readonly deviceKey: string
  readonly range: TimeRange
  readonly firstMs: number
}) {
  const { deviceKey, range, firstMs } = props
  const query = new URLSearchParams({
    from: new Date(range.fromMs).toISOString(),
    to: new Date(range.toMs).toISOString(),
    stepMinutes: String(stepMinutesFor(range, 300)),
  })
  const path = `/api/devices/${encodeURIComponent(deviceKey)}/series?${query.toString()}`
  const [loaded] = useJson(path, deviceSeriesSchema)
  if (loaded.kind === 'ready' && loaded.value.traffic.length === 0) return null
  return (
    <section aria-label="Baseline">
      <h2>The day before</h2>
      {loaded.kind === 'loading' && <div className="chart-space-small skeleton" aria-busy="true" />}
      {loaded.kind === 'failed' && (
        <p className="warning">The traffic could not be read: {loaded.reason}.</p>
      )}
      {loaded.kind === 'ready' && (
        <TrafficChart
          series={loaded.value}
          height={130}
          isUtc={false}
          marks={[{ ms: firstMs, label: 'this alert' }]}
        />
      )}
      <p>
        <a
          href={`${deviceHref(deviceKey)}?${new URLSearchParams({ range: formatRange(range) }).toString()}`}
        >
          Look closer on the page of the device
        </a>
      </p>
    </section>
  )
}

/** Asked for by hand: every look-up of a history goes on record. */
function PartyFlows({ alert, range }: { readonly alert: Alert; readonly range: TimeRange }) {
  const [isAsked, setAsked] = useState(false)
  const peer = alert.peers.find(({ address }) => address !== null)?.address ?? null
  const isOne = new Set(alert.peers.map(({ address }) => address)).size === 1
  const query = new URLSearchParams({
    from: new Date(range.fromMs).toISOString(),
    to: new Date(range.toMs).toISOString(),
    limit: '50',
    ...(peer !== null && isOne ? { peer } : {}),
  })
  const path = `/api/devices/${encodeURIComponent(alert.device.id)}/flows?${query.toString()}`
  const [loaded] = useJson(isAsked ? path : null, flowAnswerSchema)
  return (
    <section aria-label="Flows">
      <h2>Flows</h2>
      {!isAsked && (
        <p>
          <button type="button" className="button" onClick={() => setAsked(true)}>
            {isOne ? 'Show the flows of these two' : 'Show the flows around it'}
          </button>{' '}
          <span className="muted">the look-up goes on record</span>
        </p>
      )}
      {isAsked && loaded.kind === 'loading' && (
        <div className="skeleton look-up-wait" aria-busy="true" aria-label="Looking up" />
      )}
      {loaded.kind === 'failed' && (
        <p className="warning" role="alert">
          The look-up failed: {loaded.reason}.
        </p>
      )}
      {loaded.kind === 'ready' && <FlowTable answer={loaded.value} isUtc={false} isNarrow />}
    </section>
  )
}
