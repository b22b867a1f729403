import { ArrowLeft } from 'lucide-react'
import { useMemo } from 'react'
import { type Alert, type DeviceDetail, deviceDetailSchema } from '../../api.ts'
import { newestFirst } from '../data/feed-state.ts'
import { goTo, hrefOf, type Params } from '../data/route.ts'
import { useJson } from '../data/use-json.ts'
import { Ago } from '../parts/ago.tsx'
import { AlertLinks } from '../parts/alert-links.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { DeviceHistory } from '../parts/device-history.tsx'
import { DeviceIdentity } from '../parts/device-identity.tsx'
import { DeviceLearning } from '../parts/device-learning.tsx'
import { DeviceTraffic } from '../parts/device-traffic.tsx'
import { LearningMark } from '../parts/learning-mark.tsx'
import { RelationTable } from '../parts/relation-table.tsx'
import { useKeys } from '../parts/use-keys.ts'
import { useOffers } from '../parts/use-offers.ts'

/** One device: who it is, what is usual for it, what it does, and what it did. */
export default function DevicePage(props: {
  readonly deviceKey: string
  readonly params: Params
  /** As the live feed tells them. */
  readonly alerts: ReadonlyMap<string, Alert>
}) {
  const { deviceKey, params, alerts } = props
  const live = useMemo(
    () => newestFirst(alerts).filter((alert) => alert.device.id === deviceKey),
    [alerts, deviceKey],
  )
  const version = live.map(({ id, status }) => `${id} ${status}`).join(' ')
  const path = `/api/devices/${encodeURIComponent(deviceKey)}`
  const [loaded, retry] = useJson(path, deviceDetailSchema, version)
  useKeys({ Escape: () => goTo(hrefOf({ page: 'devices' })) })
  switch (loaded.kind) {
    case 'loading':
      return <div className="skeleton page-body" aria-busy="true" aria-label="Loading device" />
    case 'missing':
      return (
        <div className="failed">
          <p>
            Nothing is known of a device with the key <span className="mono">{deviceKey}</span>. A
            device is known within a minute of its first packet; addresses outside the monitored
            networks are no devices.
          </p>
          <a href={hrefOf({ page: 'devices' })}>All devices</a>
        </div>
      )
    case 'failed':
      return (
        <div className="failed" role="alert">
          <p>The device could not be read: {loaded.reason}.</p>
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        </div>
      )
    case 'ready':
      return <Device detail={loaded.value} params={params} live={alerts} />
  }
}

function Device(props: {
  readonly detail: DeviceDetail
  readonly params: Params
  readonly live: ReadonlyMap<string, Alert>
}) {
  const { detail, params, live } = props
  const { device, baseline } = detail
  const { series, flows } = useOffers()
  // The feed knows the newest state of an alert.
  const current = (alerts: readonly Alert[]) => alerts.map((alert) => live.get(alert.id) ?? alert)
  const alerts = current(detail.alerts)
  const marks = alerts.map((alert) => ({ ms: Date.parse(alert.lastSeen), label: '' }))
  return (
    <div className="page-body device">
      <DeviceHead detail={detail} />
      <div className="device-columns">
        <div className="device-main">
          {series && <DeviceTraffic device={device} params={params} marks={marks.slice(0, 20)} />}
          {baseline !== null && <RelationTable baseline={baseline} />}
          {flows && <DeviceHistory device={device} params={params} />}
        </div>
        <div className="device-side">
          <section className="panel" aria-label="Alerts">
            <header className="panel-head">
              <h2>Alerts</h2>
              <span className="muted">{alerts.length}</span>
            </header>
            {alerts.length === 0 ? (
              <p className="muted">None of this device.</p>
            ) : (
              <AlertLinks alerts={alerts} />
            )}
            {detail.named.length > 0 && (
              <>
                <h3>Named as the other party</h3>
                <AlertLinks alerts={current(detail.named)} withDevice />
              </>
            )}
          </section>
          <DeviceLearning device={device} baseline={baseline} />
          <DeviceIdentity detail={detail} />
        </div>
      </div>
    </div>
  )
}

function DeviceHead({ detail }: { readonly detail: DeviceDetail }) {
  const { device } = detail
  const { name, address, mac, key, deviceClass, zone, vendor, site } = device
  const facts = [deviceClass, vendor, zone, site].filter((fact) => fact !== null)
  return (
    <header className="page-head">
      <a href={hrefOf({ page: 'devices' })} className="button" aria-label="All devices">
        <ArrowLeft size={16} aria-hidden="true" />
      </a>
      <div className="device-title">
        <h1>{name ?? address ?? mac ?? key}</h1>
        <p className="muted">
          {name !== null && address !== null && <span className="mono">{address} </span>}
          {facts.join(' · ')}
        </p>
      </div>
      <span className="spacer" />
      <LearningMark device={device} />
      <span className="muted">
        seen <Ago time={device.lastSeen} />
      </span>
      <CopyButton text={location.href} label="Copy link" />
    </header>
  )
}
