import type { RatedSensor } from '../api.ts'
import type { DeviceKnowledge, DeviceQueries } from '../device-queries.ts'
import type { Route } from '../http/route.ts'
import type { DashboardStates, Present } from '../queries.ts'
import { alertRoutes } from './alerts.ts'
import { deviceRoutes } from './devices.ts'
import { statusRoutes } from './status.ts'

export interface RouteDeps {
  readonly states: DashboardStates & DeviceQueries
  readonly knowledge: DeviceKnowledge
  readonly present: Present
  readonly sensors: () => readonly RatedSensor[]
  readonly startedMs: () => number
  readonly now: () => number
}

/** Every route of the dashboard; a new topic is a file here and a line below (dashboard/http/route.ts tells how). */
export function createRoutes(deps: RouteDeps): Route[] {
  return [...alertRoutes(deps), ...deviceRoutes(deps), ...statusRoutes(deps)]
}
