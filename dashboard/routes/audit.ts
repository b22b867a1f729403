import { z } from 'zod'
import type { AuditStore } from '../../store/audit-store.ts'
import type { AuditPage } from '../api/access.ts'
import { defineRoute, type Route } from '../http/route.ts'

const querySchema = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  before: z.coerce.number().int().min(1).optional(),
  action: z.string().max(64).optional(),
})

/** The audit log, for administrators and auditors. */
export function auditRoutes(audit: Pick<AuditStore, 'list'>): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/audit',
      requires: 'audit',
      query: querySchema,
      handle: async ({ query: { limit, before, action } }) => {
        const entries = await audit.list({
          limit,
          ...(before === undefined ? {} : { before }),
          ...(action === undefined ? {} : { action }),
        })
        const isWhole = entries.length < limit
        const json: AuditPage = {
          entries,
          next: isWhole ? null : (entries.at(-1)?.sequence ?? null),
        }
        return { json }
      },
    }),
  ]
}
