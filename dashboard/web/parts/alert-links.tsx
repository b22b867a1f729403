import type { Alert } from '../../api.ts'
import { alertHref } from '../data/route.ts'
import { deviceName, statusInBrief, titles } from '../data/words.ts'
import { Ago } from './ago.tsx'
import { SeverityMark } from './severity-mark.tsx'

/** Alerts in one line each, leading to them. */
export function AlertLinks(props: {
  readonly alerts: readonly Alert[]
  /** Where they are of several devices. */
  readonly withDevice?: boolean
}) {
  return (
    <ul className="alert-links">
      {props.alerts.map((alert) => (
        <li key={alert.id}>
          <a href={alertHref(alert.id, { q: '' })}>
            <SeverityMark severity={alert.severity} />
            <span className="alert-link-title">
              {titles[alert.behaviour]}
              {props.withDevice === true && (
                <span className="muted"> {deviceName(alert.device)}</span>
              )}
            </span>
            <span className="muted alert-link-status">{statusInBrief(alert)}</span>
            <span className="muted">
              <Ago time={alert.lastSeen} />
            </span>
          </a>
        </li>
      ))}
    </ul>
  )
}
