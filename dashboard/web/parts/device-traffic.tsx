import { type Device, deviceSeriesSchema } from '../../api.ts'
import { formatBytes, formatNumber, localTime, utcTime } from '../data/numbers.ts'
import { type Params, setParams } from '../data/route.ts'
import { servicesOf } from '../data/series.ts'
import { formatRange, parseRange, presets, stepMinutesFor } from '../data/time-range.ts'
import { useJson } from '../data/use-json.ts'
import { useNowMs } from '../data/use-live.ts'
import type { ChartMark } from './chart-canvas.tsx'
import { TrafficChart } from './traffic-chart.tsx'

/** A device silent for longer is shown up to where it was last seen: a recording of last year is no empty chart. */
const recentMs = 3_600_000
const servicesMax = 8

/** Traffic over a long time; brushing over it looks closer. */
export function DeviceTraffic(props: {
  readonly device: Device
  readonly params: Params
  readonly marks: readonly ChartMark[]
}) {
  const { device, params, marks } = props
  const endMs = useEndMs(device)
  const range = parseRange(params['range'], '24h', endMs)
  const isUtc = params['tz'] === 'utc'
  const stepMinutes = stepMinutesFor(range)
  const query = new URLSearchParams({
    from: new Date(range.fromMs).toISOString(),
    to: new Date(range.toMs).toISOString(),
    stepMinutes: String(stepMinutes),
  })
  const path = `/api/devices/${encodeURIComponent(device.key)}/series?${query.toString()}`
  const [loaded, retry] = useJson(path, deviceSeriesSchema)
  const time = isUtc ? utcTime : localTime
  const chosen = params['range'] ?? '24h'
  return (
    <section className="panel" aria-label="Traffic">
      <header className="panel-head">
        <h2>Traffic</h2>
        <span className="muted range-words">
          {time(range.fromMs)} – {time(range.toMs)}
        </span>
        <span className="spacer" />
        <div className="segments" role="group" aria-label="Time range">
          {['1h', '24h', '7d', '30d'].map((id) => (
            <button
              key={id}
              type="button"
              aria-pressed={chosen === id}
              onClick={() => setParams({ range: id })}
            >
              {presets[id]!.label}
            </button>
          ))}
        </div>
        <div className="segments" role="group" aria-label="Time zone">
          <button type="button" aria-pressed={!isUtc} onClick={() => setParams({ tz: null })}>
            local
          </button>
          <button type="button" aria-pressed={isUtc} onClick={() => setParams({ tz: 'utc' })}>
            UTC
          </button>
        </div>
      </header>
      {loaded.kind === 'loading' && <div className="chart-space skeleton" aria-busy="true" />}
      {loaded.kind === 'failed' && (
        <p className="warning" role="alert">
          The traffic could not be read: {loaded.reason}.{' '}
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        </p>
      )}
      {loaded.kind === 'ready' && (
        <>
          <TrafficChart
            series={loaded.value}
            height={200}
            isUtc={isUtc}
            marks={marks}
            onZoom={(zoomed) => setParams({ range: formatRange(zoomed) })}
          />
          <ol className="services" aria-label="Services">
            {servicesOf(loaded.value)
              .slice(0, servicesMax)
              .map(({ service, ipBytes, flows }) => (
                <li key={service}>
                  <strong>{service}</strong> {formatBytes(ipBytes)}{' '}
                  <span className="muted">{formatNumber(flows)} flows</span>
                </li>
              ))}
          </ol>
        </>
      )}
    </section>
  )
}

/** Where presets end: now, or where an old recording ends. By the minute, so that a chart is not drawn every second. */
export function useEndMs(device: Pick<Device, 'lastSeen'>): number {
  const nowMs = Math.ceil(useNowMs() / 60_000) * 60_000
  const seenMs = Math.ceil(Date.parse(device.lastSeen) / 60_000) * 60_000
  return nowMs - seenMs > recentMs ? seenMs : nowMs
}
