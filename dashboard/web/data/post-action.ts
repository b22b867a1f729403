import { actionConflictSchema, actionResultSchema, type AlertAction } from '../../api.ts'
import type { ActionOutcome } from './alert-actions.ts'
import { reasonOf } from './use-json.ts'

/** Asks the server to do it. */
export async function postAction(alertId: string, action: AlertAction): Promise<ActionOutcome> {
  try {
    const response = await fetch(`/api/alerts/${encodeURIComponent(alertId)}/actions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(action),
    })
    if (response.status === 409) {
      const { entry } = actionConflictSchema.parse(await response.clone().json())
      if (entry === null) return { kind: 'failed', reason: await reasonOf(response) }
      return { kind: 'conflict', ...entry }
    }
    if (!response.ok) return { kind: 'failed', reason: await reasonOf(response) }
    const { revision } = actionResultSchema.parse(await response.json())
    return { kind: 'done', revision }
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : 'no answer' }
  }
}
