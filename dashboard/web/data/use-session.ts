import { createContext, useContext, useSyncExternalStore } from 'react'
import type { Session, SessionView, User } from './session.ts'

/** The page's session; parts/gate.tsx provides it. */
export const SessionContext = createContext<Session | null>(null)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (session === null) throw new Error('not inside the gate')
  return session
}

export function useSessionView(): SessionView {
  const session = useSession()
  return useSyncExternalStore(session.subscribe, session.view)
}

/** Who is logged in. An auditor sees everything and changes nothing: leave out what would be refused. */
export function useUser(): User & { readonly mayChange: boolean } {
  const view = useSessionView()
  if (view.kind !== 'in') throw new Error('nobody is logged in')
  return { ...view.user, mayChange: view.user.role !== 'auditor' }
}
