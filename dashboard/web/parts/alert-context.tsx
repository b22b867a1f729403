import { type Alert, relatedSchema } from '../../api.ts'
import { useJson } from '../data/use-json.ts'
import { verdictWords } from '../data/words.ts'
import { Ago } from './ago.tsx'
import { AlertLinks } from './alert-links.tsx'

const shownMax = 8

/** Other alerts of this device and of its peers, and what came of those that were alike. */
export function AlertContext(props: { readonly alert: Alert; readonly version: string }) {
  const { alert, version } = props
  const path = `/api/alerts/${encodeURIComponent(alert.id)}/related`
  const [loaded] = useJson(path, relatedSchema, version)
  if (loaded.kind === 'failed')
    return <p className="warning">Related alerts could not be read: {loaded.reason}.</p>
  if (loaded.kind !== 'ready') return null
  const { ofDevice, ofPeers } = loaded.value
  const precedents = ofDevice.filter(
    (other) => other.behaviour === alert.behaviour && other.status === 'closed',
  )
  return (
    <>
      {ofDevice.length + ofPeers.length > 0 && (
        <section aria-label="Related alerts">
          <h2>
            Related alerts <span className="muted">{ofDevice.length + ofPeers.length}</span>
          </h2>
          {ofDevice.length > 0 && <h3>Of this device</h3>}
          <AlertLinks alerts={ofDevice.slice(0, shownMax)} />
          {ofPeers.length > 0 && <h3>Of its peers</h3>}
          <AlertLinks alerts={ofPeers.slice(0, shownMax)} withDevice />
        </section>
      )}
      {precedents.length > 0 && (
        <section aria-label="Precedent">
          <h2>Precedent</h2>
          <ul className="precedents">
            {precedents.slice(0, shownMax).map((other) => (
              <li key={other.id}>
                Closed as{' '}
                {other.verdict === undefined
                  ? 'closed'
                  : verdictWords[other.verdict].name.toLowerCase()}{' '}
                by {other.statusBy ?? 'somebody'}{' '}
                {other.statusAt !== undefined && (
                  <span className="muted">
                    <Ago time={other.statusAt} /> ago
                  </span>
                )}
                {other.reason !== undefined && <span className="under">“{other.reason}”</span>}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  )
}
