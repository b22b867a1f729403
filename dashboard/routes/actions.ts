import type { z } from 'zod'
import type { AlertAction, HistoryAction, Verdict } from '../../records/alert-action.ts'
import type { AlertRow, AlertStatus } from '../../store/state-store.ts'
import {
  type actionConflictSchema,
  type actionResultSchema,
  type AlertChange,
  alertActionSchema,
} from '../api.ts'
import { defineRoute, Refusal, type Route } from '../http/route.ts'
import type { Present } from '../queries.ts'

interface Standing {
  readonly status: AlertStatus
  readonly handling: { readonly verdict: Verdict | null; readonly reason: string | null } | null
}

/** One change of a row's status, as the alert stage keeps it. */
export interface ActionEntry {
  readonly atMs: number
  readonly by: string
  readonly action: HistoryAction
  readonly before: Standing
  readonly after: Standing
}

export type ActionResult =
  | {
      readonly result: 'done'
      readonly row: AlertRow
      readonly approved: readonly string[]
      readonly unapproved: readonly string[]
    }
  | { readonly result: 'conflict'; readonly entry: ActionEntry; readonly row: AlertRow }
  | { readonly result: 'refused'; readonly reason: string; readonly row: AlertRow }
  | { readonly result: 'unknown' }

/** alerts/action-service.ts; app/wire.ts joins the two. */
export interface ActionService {
  act(
    alertId: string,
    action: AlertAction,
    who: { readonly by: string; readonly from: string },
  ): Promise<ActionResult>
  historyOf(alertId: string): Promise<readonly ActionEntry[]>
}

/** What people do to alerts, and what they have done. */
export function actionRoutes(deps: {
  readonly actions: ActionService
  readonly present: Present
}): Route[] {
  const { actions, present } = deps
  return [
    defineRoute({
      method: 'POST',
      path: '/api/alerts/:id/actions',
      requires: 'change',
      body: alertActionSchema,
      handle: async ({ params, body, from }, caller) => {
        const who = { by: caller.name, from }
        return answerOf(await actions.act(params['id'] ?? '', body, who), present)
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/alerts/:id/history',
      requires: 'read',
      handle: async ({ params }) => {
        const entries = await actions.historyOf(params['id'] ?? '')
        return { json: { changes: entries.map(changeOf) } }
      },
    }),
  ]
}

function answerOf(result: ActionResult, present: Present) {
  switch (result.result) {
    case 'done': {
      const { row, approved, unapproved } = result
      const alert = present(row)
      // A row that falls below every severity is not listed, and cannot be acted on from a list.
      if (alert === null) throw new Refusal(404, 'no such alert')
      const json: z.input<typeof actionResultSchema> = {
        revision: row.revision,
        alert,
        approved: [...approved],
        unapproved: [...unapproved],
      }
      return { json }
    }
    case 'conflict':
    case 'refused': {
      const json: z.input<typeof actionConflictSchema> = {
        error: result.result === 'refused' ? result.reason : 'somebody else was faster',
        entry: result.result === 'refused' ? null : changeOf(result.entry),
        alert: present(result.row),
      }
      return { status: 409, json }
    }
    case 'unknown':
      throw new Refusal(404, 'no such alert')
  }
}

function changeOf({ atMs, by, action, before, after }: ActionEntry): AlertChange {
  const { verdict = null, reason = null } = after.handling ?? {}
  return {
    atMs,
    by,
    action,
    from: before.status,
    to: after.status,
    verdict,
    reason,
  }
}
