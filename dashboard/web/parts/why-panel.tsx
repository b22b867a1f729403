import type { AlertDetail } from '../../api.ts'
import { formatNumber } from '../data/numbers.ts'
import { alertHref } from '../data/route.ts'
import { type WhyLine, whyLines } from '../data/why.ts'
import { techniqueName } from '../data/words.ts'
import { Moment } from './ago.tsx'

/** The numbers the alert rests on, each beside its bound. */
export function WhyPanel({ detail }: { readonly detail: AlertDetail }) {
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
              <a href={alertHref(previousId, { q: '' })}>the earlier alert of these parties</a>
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
