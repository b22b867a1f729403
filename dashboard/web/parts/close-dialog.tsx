import { X } from 'lucide-react'
import { type SyntheticEvent, useEffect, useRef, useState } from 'react'
import { type Alert, type Verdict, verdicts } from '../../api.ts'
import { deviceName, titles, verdictWords } from '../data/words.ts'

export interface Closing {
  readonly alerts: readonly Alert[]
  readonly verdict: Verdict | null
}

/** Alerts named before many are closed at once. */
const sampleMax = 3

/** Asks what became of the alerts, and why, before they are closed. The browser keeps the focus inside. */
export function CloseDialog(props: {
  readonly closing: Closing
  readonly onCancel: () => void
  readonly onClose: (verdict: Verdict, reason: string) => void
}) {
  const { closing, onCancel, onClose } = props
  const dialog = useRef<HTMLDialogElement>(null)
  const [verdict, setVerdict] = useState<Verdict | null>(closing.verdict)
  const [reason, setReason] = useState('')
  useEffect(() => {
    dialog.current?.showModal()
    // The first thing to be said: the verdict, or, where it is given, the reason.
    dialog.current?.querySelector<HTMLElement>('[data-first]')?.focus()
  }, [])
  const isComplete = verdict !== null && reason.trim() !== ''
  const submit = (event: SyntheticEvent) => {
    event.preventDefault()
    if (verdict !== null && isComplete) onClose(verdict, reason.trim())
  }
  const { alerts } = closing
  return (
    <dialog ref={dialog} className="dialog" onClose={onCancel} aria-labelledby="close-title">
      <form onSubmit={submit}>
        <header className="dialog-head">
          <h2 id="close-title">
            {alerts.length === 1 ? 'Close this alert' : `Close ${alerts.length} alerts`}
          </h2>
          <button
            type="button"
            className="button button-bare"
            onClick={onCancel}
            aria-label="Cancel"
          >
            <X size={16} aria-hidden="true" />
          </button>
        </header>
        <ul className="sample muted">
          {alerts.slice(0, sampleMax).map((alert) => (
            <li key={alert.id}>
              {titles[alert.behaviour]} · {deviceName(alert.device)}
            </li>
          ))}
          {alerts.length > sampleMax && <li>and {alerts.length - sampleMax} more</li>}
        </ul>
        <fieldset className="verdicts">
          <legend>What was it?</legend>
          {verdicts.map((each, index) => (
            <label key={each} className="verdict">
              <input
                type="radio"
                name="verdict"
                value={each}
                checked={verdict === each}
                data-first={closing.verdict === null && index === 0 ? true : undefined}
                onChange={() => setVerdict(each)}
              />
              <span>
                <span className="verdict-name">{verdictWords[each].name}</span>
                <span className="muted">{verdictWords[each].meaning}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <label className="reason">
          <span>Why, in one line</span>
          <input
            type="text"
            className="input"
            value={reason}
            maxLength={500}
            required
            autoComplete="off"
            data-first={closing.verdict === null ? undefined : true}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <footer className="dialog-foot">
          <button type="button" className="button" onClick={onCancel}>
            Cancel
          </button>
          <button type="submit" className="button button-main" disabled={!isComplete}>
            {alerts.length === 1 ? 'Close alert' : `Close ${alerts.length} alerts`}
          </button>
        </footer>
      </form>
    </dialog>
  )
}
