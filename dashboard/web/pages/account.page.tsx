import { LogOut } from 'lucide-react'
import { useState } from 'react'
import { type OwnSessions, ownSessionsSchema } from '../../api.ts'
import { faultOf, useForm } from '../data/use-form.ts'
import { reasonOf, useJson } from '../data/use-json.ts'
import { useSession, useUser } from '../data/use-session.ts'
import { Field } from '../parts/field.tsx'

const roleWords = {
  admin: 'administrator',
  analyst: 'analyst: sees and changes',
  auditor: 'auditor: sees everything, changes nothing',
}

/** The own account: where one is logged in, and the password. */
export function AccountPage() {
  const session = useSession()
  const { name, role } = useUser()
  const [version, setVersion] = useState(0)
  return (
    <div className="account">
      <header className="account-head">
        <div>
          <h1>{name}</h1>
          <p className="muted">{roleWords[role]}</p>
        </div>
        <button type="button" className="button" onClick={() => void session.logOut()}>
          <LogOut size={16} aria-hidden="true" />
          Log out
        </button>
      </header>
      <SessionList version={version} onChange={() => setVersion(version + 1)} />
      <PasswordForm onChange={() => setVersion(version + 1)} />
    </div>
  )
}

function SessionList({
  version,
  onChange,
}: {
  readonly version: number
  readonly onChange: () => void
}) {
  const [loaded, retry] = useJson('/api/sessions', ownSessionsSchema, String(version))
  const [fault, setFault] = useState<string | null>(null)
  const end = (path: string) =>
    void call('DELETE', path).then((said) => {
      setFault(said)
      onChange()
    })
  return (
    <section aria-labelledby="sessions-title">
      <h2 id="sessions-title">Logged in</h2>
      {loaded.kind === 'failed' && (
        <p role="alert" className="field-error">
          Not read: {loaded.reason}.{' '}
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        </p>
      )}
      {fault !== null && (
        <p role="alert" className="field-error">
          {fault}
        </p>
      )}
      {loaded.kind === 'ready' && (
        <>
          <ul className="sessions">
            {loaded.value.sessions.map((one) => (
              <SessionRow key={one.id} one={one} onEnd={() => end(`/api/sessions/${one.id}`)} />
            ))}
          </ul>
          {loaded.value.sessions.length > 1 && (
            <button type="button" className="button" onClick={() => end('/api/sessions')}>
              Log out everywhere else
            </button>
          )}
        </>
      )}
    </section>
  )
}

function SessionRow({
  one,
  onEnd,
}: {
  readonly one: OwnSessions['sessions'][number]
  readonly onEnd: () => void
}) {
  const opened = new Date(one.createdMs).toLocaleString()
  return (
    <li className="session">
      <span>
        <span className="mono">{one.from}</span>
        {one.isThis && <strong> this browser</strong>}
        <br />
        <span className="muted">
          since {opened} · last active {new Date(one.activeMs).toLocaleString()}
          <br />
          {one.agent}
        </span>
      </span>
      {!one.isThis && (
        <button
          type="button"
          className="button"
          onClick={onEnd}
          aria-label={`Log out ${one.from}, since ${opened}`}
        >
          Log out
        </button>
      )}
    </li>
  )
}

function PasswordForm({ onChange }: { readonly onChange: () => void }) {
  const { name } = useUser()
  const [isDone, setDone] = useState(false)
  const { isSending, fault, submit } = useForm(async ({ password, newPassword }) => {
    setDone(false)
    const said = await call('PUT', '/api/account/password', { password, newPassword })
    setDone(said === null)
    if (said === null) onChange()
    return said
  })
  const ofNew = faultOf(fault, 'newPassword')
  return (
    <section aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <form className="account-form" onSubmit={submit} key={String(isDone)}>
        <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
        <Field
          label="Password now"
          name="password"
          type="password"
          autoComplete="current-password"
          error={fault !== null && ofNew === null ? fault : null}
        />
        <Field
          label="New password"
          name="newPassword"
          type="password"
          autoComplete="new-password"
          hint="At least 12 characters; a few words will do. All other sessions end."
          error={ofNew}
        />
        <p role="status">{isDone ? 'The password is changed.' : (fault ?? '')}</p>
        <button type="submit" className="button" disabled={isSending}>
          Change password
        </button>
      </form>
    </section>
  )
}

/** Null when it went well, else what the server says. */
async function call(method: string, path: string, body?: object): Promise<string | null> {
  try {
    const response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    })
    return response.ok ? null : await reasonOf(response)
  } catch (error) {
    return error instanceof Error ? error.message : 'no answer'
  }
}
