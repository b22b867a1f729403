import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'

const keys = [
  ['j', 'next alert'],
  ['k', 'previous alert'],
  ['Enter', 'open the alert'],
  ['Esc', 'close the alert, or this help'],
  ['?', 'this help'],
] as const

/** The keys of the page. The browser keeps the focus inside and closes it on Esc. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} className="help" onClose={onClose} aria-labelledby="help-title">
      <header className="help-head">
        <h2 id="help-title">Keys</h2>
        <button type="button" className="button" onClick={onClose} aria-label="Close help">
          <X size={16} aria-hidden="true" />
        </button>
      </header>
      <dl className="pairs">
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  )
}
