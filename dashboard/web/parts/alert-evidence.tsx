import { Download } from 'lucide-react'
import { useState } from 'react'
import { evidenceSchema } from '../../api.ts'
import { formatNumber, utcTime } from '../data/numbers.ts'
import { useJson } from '../data/use-json.ts'
import { useOffers } from './use-offers.ts'

const linesAtFirst = 12

/** The packets that a sensor has kept of the alert; asked for by hand, since looking at them goes on record. */
export function AlertEvidence({ alertId }: { readonly alertId: string }) {
  const { evidence } = useOffers()
  const [isAsked, setAsked] = useState(false)
  const path = `/api/alerts/${encodeURIComponent(alertId)}/evidence`
  const [loaded, retry] = useJson(isAsked ? path : null, evidenceSchema)
  if (!evidence) return null
  return (
    <section aria-label="Packets">
      <h2>Packets</h2>
      {!isAsked && (
        <p>
          <button type="button" className="button" onClick={() => setAsked(true)}>
            Show the packets that were kept
          </button>{' '}
          <span className="muted">the look-up goes on record</span>
        </p>
      )}
      {isAsked && loaded.kind === 'loading' && (
        <div className="skeleton look-up-wait" aria-busy="true" aria-label="Reading packets" />
      )}
      {(loaded.kind === 'failed' || loaded.kind === 'missing') && (
        <p className="warning" role="alert">
          The packets could not be read
          {loaded.kind === 'failed' ? `: ${loaded.reason}` : ''}.{' '}
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        </p>
      )}
      {loaded.kind === 'ready' && loaded.value.packetCount === 0 && (
        <p className="muted">No packets of this alert were kept.</p>
      )}
      {loaded.kind === 'ready' && loaded.value.packetCount > 0 && (
        <>
          <ol className="packets">
            {loaded.value.packets.slice(0, linesAtFirst).map((packet, index) => (
              <li key={index}>
                <span className="mono">{utcTime(Date.parse(packet.time)).slice(11, 19)}</span>{' '}
                <span className="mono">
                  {packet.source} → {packet.destination}
                </span>{' '}
                <span className="muted">
                  {packet.protocol} {packet.bytes} B {packet.info}
                </span>
              </li>
            ))}
          </ol>
          <p>
            <a className="button" href={`${path}.pcap`} download>
              <Download size={16} aria-hidden="true" />
              All {formatNumber(loaded.value.packetCount)} as a capture file
            </a>
          </p>
        </>
      )}
    </section>
  )
}
