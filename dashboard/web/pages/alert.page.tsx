import { ArrowLeft, X } from 'lucide-react'
import { type Alert, type AlertDetail, alertDetailSchema } from '../../api.ts'
import { alertHref } from '../data/route.ts'
import { type Loaded, useJson } from '../data/use-json.ts'
import { statusInBrief, titles } from '../data/words.ts'
import { Ago } from '../parts/ago.tsx'
import { AlertButtons } from '../parts/alert-buttons.tsx'
import { AlertContext } from '../parts/alert-context.tsx'
import { AlertEvidence } from '../parts/alert-evidence.tsx'
import { AlertHistory } from '../parts/alert-history.tsx'
import { AlertTraffic } from '../parts/alert-traffic.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { LearningPanel } from '../parts/learning-panel.tsx'
import { DevicePanel, PeersPanel } from '../parts/parties.tsx'
import { SeverityMark } from '../parts/severity-mark.tsx'
import { SightingsPanel } from '../parts/sightings.tsx'
import { WhyPanel } from '../parts/why-panel.tsx'

/** One alert: the sentence, why now, what was usual, the flows, what else there is, and what it rests on. */
export function AlertPage(props: {
  readonly id: string
  /** The alert as the list shows it; null when the list does not hold it. */
  readonly shown: Alert | null
  readonly onClose: () => void
}) {
  const { id, shown, onClose } = props
  const path = `/api/alerts/${encodeURIComponent(id)}`
  const [loaded, retry] = useJson(path, alertDetailSchema, versionOf(shown))
  return (
    <aside className="detail" aria-label="Alert">
      <div className="detail-bar">
        <button type="button" className="button" onClick={onClose}>
          <ArrowLeft size={16} aria-hidden="true" className="narrow-only" />
          <X size={16} aria-hidden="true" className="wide-only" />
          <span className="narrow-only">Back</span>
          <span className="wide-only">Hide</span>
        </button>
        <CopyButton text={new URL(alertHref(id), location.href).href} label="Copy link" />
      </div>
      <Body loaded={loaded} shown={shown} onRetry={retry} />
    </aside>
  )
}

/** Changes with whatever of the alert the detail shows. */
function versionOf(alert: Alert | null): string {
  if (alert === null) return ''
  const { lastSeen, count, status, statusAt } = alert
  return `${lastSeen} ${count} ${status} ${statusAt ?? ''}`
}

function Body(props: {
  readonly loaded: Loaded<AlertDetail>
  readonly shown: Alert | null
  readonly onRetry: () => void
}) {
  const { loaded, shown, onRetry } = props
  switch (loaded.kind) {
    case 'loading':
      return <div className="skeleton detail-body" aria-busy="true" aria-label="Loading alert" />
    case 'missing':
      return (
        <p className="failed">There is no such alert. It may belong to another installation.</p>
      )
    case 'failed':
      return (
        <div className="failed" role="alert">
          <p>The alert could not be read: {loaded.reason}.</p>
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        </div>
      )
    case 'ready':
      return <Detail detail={loaded.value} shown={shown} />
  }
}

function Detail({ detail, shown }: { readonly detail: AlertDetail; readonly shown: Alert | null }) {
  // The list is ahead of what was read: it knows what was done a moment ago.
  const alert = { ...detail.alert, ...statusOf(shown) }
  const json = JSON.stringify(detail.alert, null, 2)
  return (
    <div className="detail-body">
      <p className="detail-kind">
        <SeverityMark severity={alert.severity} />
        <span>{titles[alert.behaviour]}</span>
        <span className="muted">
          <Ago time={alert.lastSeen} />
        </span>
      </p>
      <h1 className="sentence">{alert.summary}</h1>
      <StatusLine alert={alert} />
      <AlertButtons alert={alert} />
      <WhyPanel detail={detail} />
      <AlertTraffic alert={alert} />
      <DevicePanel alert={alert} />
      <PeersPanel alert={alert} />
      <AlertContext alert={alert} version={versionOf(shown)} />
      <AlertEvidence alertId={alert.id} />
      <AlertHistory alert={alert} version={versionOf(shown)} />
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

function statusOf(shown: Alert | null): Partial<Alert> {
  if (shown === null) return {}
  const { status, statusBy, statusAt, verdict, reason } = shown
  return {
    status,
    ...(statusBy === undefined ? {} : { statusBy }),
    ...(statusAt === undefined ? {} : { statusAt }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(reason === undefined ? {} : { reason }),
  }
}

/** Status, who changed it and when; of a closed one the verdict and the reason. */
function StatusLine({ alert }: { readonly alert: Alert }) {
  const { status, statusAt, reason } = alert
  return (
    <p className="status-line">
      <span className={`status-word status-${status.replace(' ', '-')}`}>
        {statusInBrief(alert)}
      </span>
      {statusAt !== undefined && (
        <span className="muted">
          <Ago time={statusAt} />
        </span>
      )}
      {status === 'closed' && reason !== undefined && (
        <span className="reason-text">“{reason}”</span>
      )}
    </p>
  )
}
