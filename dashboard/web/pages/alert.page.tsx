import { ArrowLeft, X } from 'lucide-react'
import type { AlertDetail } from '../../api.ts'
import { type DetailState, useAlertDetail } from '../data/use-alert-detail.ts'
import { formatNumber } from '../data/numbers.ts'
import { hashOf } from '../data/route.ts'
import { techniqueName, titles } from '../data/words.ts'
import { type WhyLine, whyLines } from '../data/why.ts'
import { Ago, Moment } from '../parts/ago.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { LearningPanel } from '../parts/learning-panel.tsx'
import { DevicePanel, PeersPanel } from '../parts/parties.tsx'
import { SeverityMark } from '../parts/severity-mark.tsx'
import { SightingsPanel } from '../parts/sightings.tsx'

/** One alert: the sentence, why now, the parties, and what it rests on. `version` changes when the feed tells of news. */
export function AlertPage(props: {
  readonly id: string
  readonly version: string
  readonly onClose: () => void
}) {
  const [state, retry] = useAlertDetail(props.id, props.version)
  return (
    <aside className="detail" aria-label="Alert">
      <div className="detail-bar">
        <button type="button" className="button" onClick={props.onClose}>
          <ArrowLeft size={16} aria-hidden="true" className="narrow-only" />
          <X size={16} aria-hidden="true" className="wide-only" />
          <span className="narrow-only">Back</span>
          <span className="wide-only">Close</span>
        </button>
        {state.kind === 'ready' && (
          <CopyButton text={new URL(hashOf(props.id), location.href).href} label="Copy link" />
        )}
      </div>
      <Body state={state} onRetry={retry} />
    </aside>
  )
}

function Body({ state, onRetry }: { readonly state: DetailState; readonly onRetry: () => void }) {
  switch (state.kind) {
    case 'loading':
      return <div className="skeleton detail-body" aria-busy="true" aria-label="Loading alert" />
    case 'missing':
      return (
        <p className="failed">There is no such alert. It may belong to another installation.</p>
      )
    case 'failed':
      return (
        <div className="failed" role="alert">
          <p>The alert could not be read: {state.reason}.</p>
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        </div>
      )
    case 'ready':
      return <Detail detail={state.detail} />
  }
}

function Detail({ detail }: { readonly detail: AlertDetail }) {
  const { alert } = detail
  const json = JSON.stringify(alert, null, 2)
  return (
    <div className="detail-body">
      <p className="detail-kind">
        <SeverityMark severity={alert.severity} />
        <span>{titles[alert.behaviour]}</span>
        <span className="muted">
          {alert.status} · <Ago time={alert.lastSeen} />
        </span>
      </p>
      <h1 className="sentence">{alert.summary}</h1>
      <Why detail={detail} />
      <DevicePanel alert={alert} />
      <PeersPanel alert={alert} />
      <LearningPanel learning={detail.learning} />
      <SightingsPanel detail={detail} />
      <details className="raw">
        <summary>As JSON</summary>
        <CopyButton text={json} label="Copy JSON" />
        <pre className="mono">{json}</pre>
      </details>
    </div>
  )
}

function Why({ detail }: { readonly detail: AlertDetail }) {
  const { alert, previousId } = detail
  const lines = whyLines(alert.why)
  const settings = lines.filter((line) => line.isSetting)
  return (
    <section aria-label="Why now">
      <h2>Why now</h2>
      <dl className="pairs">
        <Pairs lines={lines.filter((line) => !line.isSetting)} />
        <div>
          <dt>Events</dt>
          <dd>{formatNumber(alert.count)}</dd>
        </div>
        <div>
          <dt>First seen</dt>
          <dd>
            <Moment time={alert.firstSeen} />
          </dd>
        </div>
        <div>
          <dt>Last seen</dt>
          <dd>
            <Moment time={alert.lastSeen} />
          </dd>
        </div>
        {alert.attack.length > 0 && (
          <div>
            <dt>ATT&CK</dt>
            <dd>
              {alert.attack.map((id) => (
                <span key={id} className="technique">
                  <span className="mono">{id}</span> {techniqueName(id)}
                </span>
              ))}
            </dd>
          </div>
        )}
        {previousId !== null && (
          <div>
            <dt>Seen before</dt>
            <dd>
              <a href={hashOf(previousId)}>the earlier alert of these parties</a>
            </dd>
          </div>
        )}
      </dl>
      <details className="settings">
        <summary>Score and limits</summary>
        <dl className="pairs">
          <Pairs lines={settings} />
          <div>
            <dt>Score</dt>
            <dd>{alert.score.toFixed(2)}</dd>
          </div>
        </dl>
      </details>
    </section>
  )
}

function Pairs({ lines }: { readonly lines: readonly WhyLine[] }) {
  return lines.map(({ label, value }) => (
    <div key={label}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  ))
}
