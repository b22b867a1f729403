import type { Alert } from '../../api.ts'
import { deviceHref, hrefOf } from '../data/route.ts'
import { directions, partiesOf, type Party, peerName } from '../data/words.ts'

/** The device the alert is about, by every name there is. */
export function DevicePanel({ alert }: { readonly alert: Alert }) {
  const { device } = alert
  return (
    <section aria-label="Device">
      <h2>Device</h2>
      <dl className="pairs">
        <div>
          <dt>Name</dt>
          <dd>
            <a href={deviceHref(device.id)}>{device.name ?? device.addresses[0] ?? device.id}</a>
          </dd>
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

/** The other parties in the order they were met; an alert names at most 32 of their services. */
export function PeersPanel({ alert }: { readonly alert: Alert }) {
  if (alert.peers.length === 0) return null
  const heading = headings[directions[alert.behaviour]]
  const parties = partiesOf(alert.peers)
  return (
    <section aria-label={heading}>
      <h2>
        {heading} <span className="muted">{parties.length}</span>
      </h2>
      <ul className="peers">
        {parties.map((party, index) => (
          // Their order never changes.
          <PartyLine key={index} party={party} />
        ))}
      </ul>
    </section>
  )
}

/** Leads to the devices of that address: it may be one that is watched. */
function PartyName({ peer }: Pick<Party, 'peer'>) {
  const className = peer.name === null ? 'mono' : ''
  const known = peer.address ?? peer.mac
  if (known === null) return <span className={className}>{peerName(peer)}</span>
  return (
    <a href={hrefOf({ page: 'devices' }, { q: known })} className={className}>
      {peerName(peer)}
    </a>
  )
}

/** By name where there is one, with its addresses; then what was met of it. */
function PartyLine({ party: { peer, services } }: { readonly party: Party }) {
  const addresses = [peer.address, peer.mac].filter((text) => text !== null)
  const others = addresses.filter((text) => text !== peerName(peer))
  return (
    <li>
      <span>
        <PartyName peer={peer} />
        {others.length > 0 && <span className="mono muted party-address">{others.join(' ')}</span>}
      </span>
      <span className="muted">{services.join(', ')}</span>
    </li>
  )
}
