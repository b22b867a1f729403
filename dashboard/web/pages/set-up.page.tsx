import { Shield } from 'lucide-react'
import { faultOf, useForm } from '../data/use-form.ts'
import { useSession } from '../data/use-session.ts'
import { Field } from '../parts/field.tsx'

/** Makes the first administrator; reached by the link that the server prints. */
export function SetUpPage({ token }: { readonly token: string }) {
  const session = useSession()
  const { isSending, fault, submit } = useForm(async ({ name = '', password = '', again }) => {
    if (password !== again) return 'again: this is not the same password'
    const said = await session.setUp({ token, name, password })
    // The link is used up: take it out of the address and of the browser's history.
    if (said === null) location.replace('#/alerts')
    return said
  })
  const nameFault = faultOf(fault, 'name')
  const passwordFault = faultOf(fault, 'password')
  const againFault = faultOf(fault, 'again')
  const isOfField = nameFault !== null || passwordFault !== null || againFault !== null
  return (
    <main className="gate">
      <form className="gate-card" onSubmit={submit} aria-labelledby="gate-title">
        <p className="brand">
          <Shield size={16} aria-hidden="true" />
          Wardwatch
        </p>
        <h1 id="gate-title">First administrator</h1>
        <p className="muted">
          This account may do everything. Add one for each colleague later, with{' '}
          <code className="mono">npx wardwatch user add</code>
        </p>
        <Field label="Name" name="name" autoComplete="username" autoFocus error={nameFault} />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          hint="At least 12 characters; a few words will do."
          error={passwordFault}
        />
        <Field
          label="Password again"
          name="again"
          type="password"
          autoComplete="new-password"
          error={againFault}
        />
        {fault !== null && (
          <p role="alert" className={isOfField ? 'for-readers' : 'field-error'}>
            {fault}
          </p>
        )}
        <button type="submit" className="button button-main" disabled={isSending}>
          {isSending ? 'Setting up …' : 'Set up and log in'}
        </button>
      </form>
    </main>
  )
}
