import type { Access } from '../access/access.ts'
import type { RatedSensor } from '../api.ts'
import type { DeviceKnowledge, DeviceQueries } from '../device-queries.ts'
import type { Route } from '../http/route.ts'
import type { DashboardStates, Present } from '../queries.ts'
import { accountRoutes } from './account.ts'
import { alertRoutes } from './alerts.ts'
import { auditRoutes } from './audit.ts'
import { deviceRoutes } from './devices.ts'
import { sessionRoutes } from './session.ts'
import { statusRoutes } from './status.ts'

export interface RouteDeps {
  readonly states: DashboardStates & DeviceQueries
  readonly knowledge: DeviceKnowledge
  readonly present: Present
  readonly sensors: () => readonly RatedSensor[]
  readonly startedMs: () => number
  readonly access: Access
  /** Tells the live feed that a session is over. */
  readonly sessionEnded: (sessionHash: string) => void
  readonly now: () => number
}

/** Every route of the dashboard; a new topic is a file here and a line below (dashboard/http/route.ts tells how). */
export function createRoutes(deps: RouteDeps): Route[] {
  const { access, sessionEnded } = deps
  return [
    ...alertRoutes(deps),
    ...deviceRoutes(deps),
    ...statusRoutes(deps),
    ...sessionRoutes(access, sessionEnded),
    ...accountRoutes(access, sessionEnded),
    ...auditRoutes(access.audit),
  ]
}
