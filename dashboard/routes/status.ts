import type { RatedSensor } from '../api.ts'
import { defineRoute, type Route } from '../http/route.ts'
import { type DashboardStates, statusOf } from '../queries.ts'

/** What the page's header shows. */
export function statusRoutes(deps: {
  readonly states: DashboardStates
  readonly sensors: () => readonly RatedSensor[]
  readonly startedMs: () => number
  readonly now: () => number
}): Route[] {
  const { states, sensors, startedMs, now } = deps
  return [
    defineRoute({
      method: 'GET',
      path: '/api/status',
      requires: 'read',
      handle: async () => {
        const revision = await states.alerts.lastRevision()
        return { json: statusOf(revision, sensors(), startedMs(), now()) }
      },
    }),
  ]
}
