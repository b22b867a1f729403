import { deviceQuerySchema } from '../api.ts'
import {
  deviceDetailOf,
  type DeviceKnowledge,
  deviceOf,
  type DeviceQueries,
  relatedOf,
} from '../device-queries.ts'
import { defineRoute, Refusal, type Route } from '../http/route.ts'
import type { Present } from '../queries.ts'

/** Devices that are watched, and what is known of one. */
export function deviceRoutes(deps: {
  readonly states: DeviceQueries
  readonly present: Present
  readonly knowledge: DeviceKnowledge
}): Route[] {
  const { states, present, knowledge } = deps
  return [
    defineRoute({
      method: 'GET',
      path: '/api/devices',
      requires: 'read',
      query: deviceQuerySchema,
      handle: async ({ query }) => {
        const { order, ...rest } = query
        const { total, rows } = await states.devices.list({
          ...rest,
          isDescending: order === 'desc',
        })
        return { json: { total, devices: rows.map(deviceOf) } }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/devices/:key',
      requires: 'read',
      handle: async ({ params }) => {
        const detail = await deviceDetailOf(states, present, knowledge, params['key'] ?? '')
        if (detail === null) throw new Refusal(404, 'no such device')
        return { json: detail }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/alerts/:id/related',
      requires: 'read',
      handle: async ({ params }) => {
        const related = await relatedOf(states, present, params['id'] ?? '')
        if (related === null) throw new Refusal(404, 'no such alert')
        return { json: related }
      },
    }),
  ]
}
