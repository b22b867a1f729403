import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'

const groups = [
  {
    name: 'Everywhere',
    keys: [
      ['g a', 'live alerts'],
      ['g d', 'devices'],
      ['g s', 'sensors'],
      ['u', 'undo what was just done'],
      ['/', 'search'],
      ['Esc', 'back'],
      ['?', 'this help'],
    ],
  },
  {
    name: 'Alerts',
    keys: [
      ['j', 'next alert'],
      ['k', 'previous alert'],
      ['Enter', 'open the alert'],
      ['a', 'acknowledge'],
      ['i', 'in progress'],
      ['c', 'close, with verdict and reason'],
      ['f', 'close as false positive'],
      ['x', 'pick, for doing the same to many'],
      ['Shift x', 'pick all up to here'],
    ],
  },
] as const

/** The keys of the page. The browser keeps the focus inside and closes it on Esc. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} className="dialog" onClose={onClose} aria-labelledby="help-title">
      <header className="dialog-head">
        <h2 id="help-title">Keys</h2>
        <button type="button" className="button" onClick={onClose} aria-label="Close help">
          <X size={16} aria-hidden="true" />
        </button>
      </header>
      {groups.map((group) => (
        <section key={group.name}>
          <h3>{group.name}</h3>
          <dl className="pairs">
            {group.keys.map(([key, meaning]) => (
              <div key={key}>
                <dt>
                  {key.split(' ').map((part) => (
                    <kbd key={part}>{part}</kbd>
                  ))}
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </dialog>
  )
}
