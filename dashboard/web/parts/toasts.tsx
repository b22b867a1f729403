import { Check, TriangleAlert, Undo2, X } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import type { AlertActions, Toast } from '../data/alert-actions.ts'

/** What was just done, and the way back. A screen reader is told of it. */
export function Toasts({ actions }: { readonly actions: AlertActions }) {
  const { toasts } = useSyncExternalStore(actions.subscribe, actions.state)
  const undoable = toasts.findLast((toast) => toast.undo !== null)
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <ToastLine key={toast.id} toast={toast} actions={actions} hasKey={toast === undoable} />
      ))}
    </div>
  )
}

function ToastLine(props: {
  readonly toast: Toast
  readonly actions: AlertActions
  readonly hasKey: boolean
}) {
  const { toast, actions, hasKey } = props
  const Icon = toast.isProblem ? TriangleAlert : Check
  const undo = () => {
    actions.dismiss(toast.id)
    void toast.undo?.()
  }
  return (
    <div className={toast.isProblem ? 'toast toast-problem' : 'toast'}>
      <Icon size={16} aria-hidden="true" />
      <span className="toast-text">{toast.text}</span>
      {toast.undo !== null && (
        <button type="button" className="button" onClick={undo}>
          <Undo2 size={16} aria-hidden="true" />
          Undo {hasKey && <kbd>u</kbd>}
        </button>
      )}
      <button
        type="button"
        className="button button-bare"
        onClick={() => actions.dismiss(toast.id)}
        aria-label="Dismiss"
      >
        <X size={16} aria-hidden="true" />
      </button>
    </div>
  )
}
