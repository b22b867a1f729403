import type { AlertDetail } from '../../api.ts'
import { formatNumber } from '../data/numbers.ts'
import { Ago } from './ago.tsx'

/** The anomalies that the alert counts, newest first. One alone says nothing that is not above. */
export function SightingsPanel({ detail }: { readonly detail: AlertDetail }) {
  const { sightings, sightingCount } = detail
  if (sightingCount < 2) return null
  const hidden = sightingCount - sightings.length
  return (
    <section aria-label="Anomalies">
      <h2>
        Anomalies <span className="muted">{formatNumber(sightingCount)}</span>
      </h2>
      <ol className="sightings">
        {sightings.map((sighting) => (
          <li key={sighting.id}>
            <span>{sighting.summary}</span>
            <span className="muted">
              ×{formatNumber(sighting.count)} · score {sighting.score.toFixed(2)} ·{' '}
              <Ago time={sighting.lastSeen} />
            </span>
          </li>
        ))}
      </ol>
      {hidden > 0 && <p className="muted">{formatNumber(hidden)} older ones are not shown.</p>}
    </section>
  )
}
