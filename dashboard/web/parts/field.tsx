import { useId } from 'react'

interface FieldProps {
  readonly label: string
  readonly name: string
  readonly type?: 'text' | 'password'
  /** What a password manager goes by (HTML, autofill detail tokens). */
  readonly autoComplete: 'username' | 'current-password' | 'new-password'
  readonly hint?: string
  readonly error?: string | null
  readonly autoFocus?: boolean
}

/** A labelled input; hint and error are read out with it. */
export function Field({ label, name, type = 'text', hint, error = null, ...rest }: FieldProps) {
  const id = useId()
  const note = error ?? hint
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        type={type}
        required
        spellCheck={false}
        autoCapitalize="none"
        aria-invalid={error !== null}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        {...rest}
      />
      {note !== undefined && (
        <p id={`${id}-note`} className={error === null ? 'muted' : 'field-error'}>
          {note}
        </p>
      )}
    </div>
  )
}
