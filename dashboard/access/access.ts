import type { AccessStore } from '../../store/access-store.ts'
import type { AuditStore } from '../../store/audit-store.ts'
import type { DashboardConfig } from '../config.ts'
import { createLogIn, type LogIn } from './log-in.ts'
import type { Passwords } from './passwords.ts'
import { createSessions, type Sessions } from './sessions.ts'

export interface AccessDeps {
  readonly access: AccessStore
  readonly audit: AuditStore
  readonly passwords: Passwords
  /** Wall clock in ms. */
  readonly now: () => number
}

/** What routes and the live feed need to know who may come in. */
export interface Access extends AccessDeps {
  readonly idleMinutes: number
  readonly sessions: Sessions
  readonly logIn: LogIn
}

export function createAccess(config: DashboardConfig, deps: AccessDeps): Access {
  const sessions = createSessions(config.session, deps)
  const logIn = createLogIn(config.limits, { ...deps, sessions })
  return { ...deps, idleMinutes: config.session.idleMinutes, sessions, logIn }
}
