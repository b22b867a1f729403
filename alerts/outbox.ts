import { createHash } from 'node:crypto'
import { type Alert, isAbove, severityOf } from '../records/alert.ts'
import type { HistoryEntry } from '../store/alert-change-store.ts'
import type { NotificationCause, NotificationKind, ObligationDraft } from '../store/outbox-store.ts'
import type { AlertRow } from '../store/state-store.ts'
import type { RowChange } from './fold-batch.ts'
import { isMeant, reaches, type RoutedReceiver } from './route.ts'

/** Makes the JSON of a row; null below any severity. */
export type Present = (row: Omit<AlertRow, 'revision'>) => Alert | null

interface Told {
  readonly kind: NotificationKind
  readonly cause: NotificationCause
  readonly isFollowUp: boolean
}

/**
 * What a fold makes owed (docs/decisions/0017): a page when a row first reaches a receiver's least severity, another
 * when it grows worse. A closed row pages nobody: one that grows worse is open again by then (alerts/fold.ts).
 */
export function pagesOfFold(
  changes: readonly RowChange[],
  receivers: readonly RoutedReceiver[],
  present: Present,
  nowMs: number,
): ObligationDraft[] {
  return changes.flatMap(({ before, after }) => {
    const alert = present(after)
    if (alert === null || after.status === 'closed') return []
    const severityBefore = before === null ? 'record' : severityOf(before.leading.score)
    if (!isAbove(alert.severity, severityBefore)) return []
    return receivers.flatMap((receiver) => {
      if (!isMeant(receiver.route, alert) || !reaches(receiver.route, alert.severity)) return []
      const cause = reaches(receiver.route, severityBefore) ? 'escalated' : 'opened'
      const told: Told = { kind: 'trigger', cause, isFollowUp: false }
      return [draft(receiver, alert, told, { by: null, atMs: nowMs })]
    })
  })
}

/** What a person's change of status makes owed, in the order in which it is to be told. */
export function followUpsOf(
  after: AlertRow,
  entry: Pick<HistoryEntry, 'before' | 'after' | 'by' | 'atMs'>,
  receivers: readonly RoutedReceiver[],
  present: Present,
): ObligationDraft[] {
  const alert = present(after)
  if (alert === null) return []
  const told = tellingsOf(entry.before.status, entry.after.status)
  return receivers
    .filter(({ route }) => isMeant(route, alert) && reaches(route, alert.severity))
    .flatMap((receiver) => told.map((one) => draft(receiver, alert, one, entry)))
}

const page: Told = { kind: 'trigger', cause: 'reopened', isFollowUp: false }
const acknowledgement: Told = { kind: 'acknowledge', cause: 'acknowledged', isFollowUp: true }
const resolve: Told = { kind: 'resolve', cause: 'closed', isFollowUp: true }

function tellingsOf(before: AlertRow['status'], after: AlertRow['status']): readonly Told[] {
  if (after === 'closed') return before === 'closed' ? [] : [resolve]
  if (after === 'new') return before === 'new' ? [] : [page]
  if (before === 'closed') return [page, acknowledgement]
  // From acknowledged to in progress, or back: somebody is at it, as the receiver knows.
  return before === 'new' ? [acknowledgement] : []
}

function draft(
  receiver: RoutedReceiver,
  alert: Alert,
  { kind, cause, isFollowUp }: Told,
  { by, atMs }: { by: string | null; atMs: number },
): ObligationDraft {
  const { name, route } = receiver
  // What pages on its own account waits for nobody.
  const isUrgent = alert.severity === 'critical' || cause === 'reopened'
  return {
    receiver: name,
    alertId: alert.id,
    key: hash(name, alert.id, kind, cause, alert.severity, atMs),
    dedupKey: dedupKeyOf(alert.id, name),
    kind,
    cause,
    severity: alert.severity,
    groupKey: JSON.stringify([alert.site, alert.device.id]),
    groupWaitMs: kind === 'trigger' && !isUrgent ? route.groupWaitSeconds * 1000 : 0,
    isFollowUp,
    alert,
    by,
    createdMs: atMs,
  }
}

/** One for each alert and receiver: it joins page, acknowledgement and resolve, and every repetition. */
export function dedupKeyOf(alertId: string, receiver: string): string {
  return hash(alertId, receiver)
}

/** 128 bits of SHA-256, in hex. */
function hash(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
