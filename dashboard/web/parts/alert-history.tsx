import { type Alert, type AlertChange, alertHistorySchema } from '../../api.ts'
import { useJson } from '../data/use-json.ts'
import { verdictWords } from '../data/words.ts'
import { Ago } from './ago.tsx'

/** Who has done what to this alert; nothing while nobody has. */
export function AlertHistory(props: { readonly alert: Alert; readonly version: string }) {
  const { alert, version } = props
  const path =
    alert.statusBy === undefined ? null : `/api/alerts/${encodeURIComponent(alert.id)}/history`
  const [loaded] = useJson(path, alertHistorySchema, version)
  if (loaded.kind === 'failed')
    return <p className="warning">What was done could not be read: {loaded.reason}.</p>
  if (loaded.kind !== 'ready' || loaded.value.changes.length === 0) return null
  return (
    <section aria-label="What was done">
      <h2>What was done</h2>
      <ol className="changes">
        {loaded.value.changes.toReversed().map((change, index) => (
          <li key={index}>
            <span>
              <strong>{change.by}</strong> {wordsOf(change)}
              {change.reason !== null && <span className="under">“{change.reason}”</span>}
            </span>
            <span className="muted">
              <Ago time={new Date(change.atMs).toISOString()} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function wordsOf({ action, to, verdict }: AlertChange): string {
  switch (action) {
    case 'acknowledge':
      return 'acknowledged it'
    case 'start':
      return 'took it on'
    case 'close':
      return verdict === null
        ? 'closed it'
        : `closed it: ${verdictWords[verdict].name.toLowerCase()}`
    case 'reopen':
      return 'opened it again'
    case 'undo':
      return `took the last step back: ${to}`
    case 'escalate':
      return 'opened it again, because it grew worse'
  }
}
