import type { Offers } from '../api.ts'
import { defineRoute, type Route } from '../http/route.ts'

/** What the page may offer here. */
export function offerRoutes(offers: Offers): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/offers',
      requires: 'read',
      handle: () => Promise.resolve({ json: offers }),
    }),
  ]
}
