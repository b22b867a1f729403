import { Check, CircleCheckBig, Play, RotateCcw } from 'lucide-react'
import type { Alert } from '../../api.ts'
import { stepsFor, useHands } from './use-actions.ts'

/** What may be done to this alert, each with its key. */
export function AlertButtons({ alert }: { readonly alert: Alert }) {
  const hands = useHands()
  if (!hands.canChange) return null
  const { acknowledge, start, close, reopen } = stepsFor(alert, hands)
  return (
    <div className="actions" role="group" aria-label="Actions">
      {acknowledge !== null && (
        <button type="button" className="button button-main" onClick={acknowledge}>
          <Check size={16} aria-hidden="true" />
          Acknowledge <kbd>a</kbd>
        </button>
      )}
      {start !== null && (
        <button type="button" className="button" onClick={start}>
          <Play size={16} aria-hidden="true" />
          In progress <kbd>i</kbd>
        </button>
      )}
      {close !== null && (
        <button type="button" className="button" onClick={close}>
          <CircleCheckBig size={16} aria-hidden="true" />
          Close… <kbd>c</kbd>
        </button>
      )}
      {reopen !== null && (
        <button type="button" className="button" onClick={reopen}>
          <RotateCcw size={16} aria-hidden="true" />
          Open again
        </button>
      )}
    </div>
  )
}
