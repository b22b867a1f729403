import type { Alert } from '../../api.ts'
import { deviceName, directions, peerName, serviceOf } from '../data/words.ts'

/** The device the alert is about, by every name there is. */
export function DevicePanel({ alert }: { readonly alert: Alert }) {
  const { device } = alert
  return (
    <section aria-label="Device">
      <h2>Device</h2>
      <dl className="pairs">
        <div>
          <dt>Name</dt>
          <dd>{deviceName(device)}</dd>
        </div>
        {device.addresses.length > 0 && (
          <div>
            <dt>Address</dt>
            <dd className="mono">{device.addresses.join(', ')}</dd>
          </div>
        )}
        {device.mac !== null && (
          <div>
            <dt>MAC</dt>
            <dd>
              <span className="mono">{device.mac}</span>{' '}
              <span className="muted">{device.vendor ?? 'maker unknown'}</span>
            </dd>
          </div>
        )}
        <div>
          <dt>Site</dt>
          <dd>{alert.site}</dd>
        </div>
      </dl>
    </section>
  )
}

const headings = { outward: 'Peers', inward: 'Sources', none: 'Other parties' } as const

/** The other parties, at most 32, in the order they were met. */
export function PeersPanel({ alert }: { readonly alert: Alert }) {
  if (alert.peers.length === 0) return null
  const heading = headings[directions[alert.behaviour]]
  return (
    <section aria-label={heading}>
      <h2>
        {heading} <span className="muted">{alert.peers.length}</span>
      </h2>
      <ul className="peers">
        {alert.peers.map((peer, index) => (
          // Parties may be equal in all that is shown of them; their order never changes.
          <li key={index}>
            <span className="mono">{peerName(peer)}</span>
            <span className="muted">
              {[serviceOf(peer), peer.name === null ? null : peer.address, peer.mac]
                .filter((part) => part !== null)
                .join(' · ')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
