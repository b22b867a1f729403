import { z } from 'zod'
import { defineRoute, Refusal, type Route } from '../http/route.ts'
import { type DashboardStates, detailOf, newestAlerts, type Present } from '../queries.ts'

const listQuerySchema = z.object({
  limit: z.coerce
    .number()
    .int('limit must be a whole number from 1 to 1000')
    .min(1)
    .max(1000)
    .default(100),
})

/** The list of alerts, and everything about one. */
export function alertRoutes(deps: {
  readonly states: DashboardStates
  readonly present: Present
}): Route[] {
  const { states, present } = deps
  return [
    defineRoute({
      method: 'GET',
      path: '/api/alerts',
      requires: 'read',
      query: listQuerySchema,
      handle: async ({ query }) => ({ json: await newestAlerts(states, present, query.limit) }),
    }),
    defineRoute({
      method: 'GET',
      path: '/api/alerts/:id',
      requires: 'read',
      handle: async ({ params }) => {
        const detail = await detailOf(states, present, params['id'] ?? '')
        if (detail === null) throw new Refusal(404, 'no such alert')
        return { json: detail }
      },
    }),
  ]
}
