import { Check, CircleCheckBig, X } from 'lucide-react'
import type { Alert } from '../../api.ts'
import { useHands } from './use-actions.ts'

/** What may be done to many alerts at once; in the place of the list's head while some are picked. */
export function PickedBar(props: {
  readonly alerts: readonly Alert[]
  readonly onClear: () => void
}) {
  const { alerts, onClear } = props
  const { actions, askToClose, canChange } = useHands()
  const fresh = alerts.filter((alert) => alert.status === 'new')
  const open = alerts.filter((alert) => alert.status !== 'closed')
  return (
    <header className="list-head list-head-picked">
      <strong>{alerts.length} picked</strong>
      {canChange && fresh.length > 0 && (
        <button
          type="button"
          className="button"
          onClick={() => void actions.act(fresh, { action: 'acknowledge' })}
        >
          <Check size={16} aria-hidden="true" />
          Acknowledge {fresh.length} <kbd>a</kbd>
        </button>
      )}
      {canChange && open.length > 0 && (
        <button type="button" className="button" onClick={() => askToClose(open, null)}>
          <CircleCheckBig size={16} aria-hidden="true" />
          Close {open.length}… <kbd>c</kbd>
        </button>
      )}
      <span className="spacer" />
      <button type="button" className="button" onClick={onClear}>
        <X size={16} aria-hidden="true" />
        Clear <kbd>Esc</kbd>
      </button>
    </header>
  )
}
