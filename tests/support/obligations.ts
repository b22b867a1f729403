import { presentAlert } from '../../alerts/present.ts'
import type { Alert } from '../../records/alert.ts'
import type { ObligationDraft } from '../../store/outbox-store.ts'
import { rowOf } from './alert-changes.ts'

/** An alert as receivers are told of it. */
export function alertOf(changes: Partial<Alert> = {}): Alert {
  return { ...presentAlert(rowOf(), () => 'Intel Corporate')!, ...changes }
}

/** A page that is owed to `on-call`; what names it follows from what it is. */
export function obligation(changes: Partial<ObligationDraft>): ObligationDraft {
  const { receiver = 'on-call', alertId = 'a1b2', kind = 'trigger', createdMs = 1_000 } = changes
  return {
    receiver,
    alertId,
    key: `${receiver}/${alertId}/${kind}/${createdMs}`,
    dedupKey: `${receiver}/${alertId}`,
    kind,
    cause: 'opened',
    severity: 'high',
    groupKey: 'pump-14',
    groupWaitMs: 0,
    isFollowUp: false,
    alert: alertOf({ id: alertId }),
    by: null,
    createdMs,
    ...changes,
  }
}
