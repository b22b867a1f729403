import { Shield } from 'lucide-react'
import { useForm } from '../data/use-form.ts'
import { useSession } from '../data/use-session.ts'
import { Field } from '../parts/field.tsx'

/** Name and password. What was wrong of the two is not said. */
export function LogInPage({ hasEnded }: { readonly hasEnded: boolean }) {
  const session = useSession()
  const { isSending, fault, submit } = useForm(({ name = '', password = '' }) =>
    session.logIn({ name, password }),
  )
  return (
    <main className="gate">
      <form className="gate-card" onSubmit={submit} aria-labelledby="gate-title">
        <p className="brand">
          <Shield size={16} aria-hidden="true" />
          Wardwatch
        </p>
        <h1 id="gate-title">Log in</h1>
        {hasEnded && (
          <p role="status" className="muted">
            Your session has ended. Log in to go on where you were.
          </p>
        )}
        <Field label="Name" name="name" autoComplete="username" autoFocus />
        <Field label="Password" name="password" type="password" autoComplete="current-password" />
        {fault !== null && (
          <p role="alert" className="field-error">
            {sentence(fault)}
          </p>
        )}
        <button type="submit" className="button button-main" disabled={isSending}>
          {isSending ? 'Logging in …' : 'Log in'}
        </button>
      </form>
    </main>
  )
}

/** What there is to see while there is nobody to log in. */
export function NotSetUpPage() {
  return (
    <main className="gate">
      <section className="gate-card" aria-labelledby="gate-title">
        <p className="brand">
          <Shield size={16} aria-hidden="true" />
          Wardwatch
        </p>
        <h1 id="gate-title">Nobody can log in yet</h1>
        <p>Open the set-up link that the server printed when it started, or print a new one:</p>
        <code className="mono">npx wardwatch user setup-link</code>
      </section>
    </main>
  )
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}
