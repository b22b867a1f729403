import type { ReactNode } from 'react'
import { useSyncExternalStore } from 'react'
import type { Session } from '../data/session.ts'
import { SessionContext, useSessionView } from '../data/use-session.ts'
import { LogInPage, NotSetUpPage } from '../pages/log-in.page.tsx'
import { SetUpPage } from '../pages/set-up.page.tsx'

/**
 * Shows the page to whoever is logged in, and the log-in to everybody else. The address stays as it is, so that after
 * log-in the page is where it was.
 */
export function Gate({
  session,
  children,
}: {
  readonly session: Session
  readonly children: ReactNode
}) {
  return (
    <SessionContext value={session}>
      <Inside>{children}</Inside>
    </SessionContext>
  )
}

function Inside({ children }: { readonly children: ReactNode }) {
  const view = useSessionView()
  const token = useSetUpToken()
  switch (view.kind) {
    case 'asking':
      // The answer is there before anybody could read a word.
      return null
    case 'unreachable':
      return <Unreachable />
    case 'out':
      if (token !== null) return <SetUpPage token={token} />
      return view.needsSetUp ? <NotSetUpPage /> : <LogInPage hasEnded={view.hasEnded} />
    case 'in':
      return children
  }
}

function Unreachable() {
  return (
    <main className="gate">
      <section className="gate-card" aria-labelledby="gate-title">
        <h1 id="gate-title">The server does not answer</h1>
        <p className="muted">Wardwatch may be starting, or the network is down.</p>
        <button type="button" className="button button-main" onClick={() => location.reload()}>
          Try again
        </button>
      </section>
    </main>
  )
}

/** The token of a set-up link: it stands behind `#`, so no server but ours ever gets it, and only in a POST. */
function useSetUpToken(): string | null {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return /^#\/set-up\/([\w-]+)$/.exec(hash)?.[1] ?? null
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}
