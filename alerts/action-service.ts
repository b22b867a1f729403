import type { Bus } from '../bus/bus.ts'
import type { AlertAction } from '../records/alert-action.ts'
import { WardwatchError } from '../records/errors.ts'
import { partitionOf } from '../records/observation.ts'
import type { Logger } from '../records/service.ts'
import type { HistoryEntry } from '../store/alert-change-store.ts'
import type { AlertRow, StateStore } from '../store/state-store.ts'
import { decide, type Decision } from './actions.ts'
import { followUpsOf, type Present } from './outbox.ts'
import type { RoutedReceiver } from './route.ts'
import { wakeReaders } from './wake-readers.ts'

export interface AlertActionsDeps {
  readonly bus: Bus
  readonly states: Pick<StateStore, 'alerts' | 'alertChanges'>
  readonly receivers: readonly RoutedReceiver[]
  readonly present: Present
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  /** Something is owed, or taught: whoever delivers in this process need not wait for its next look. */
  readonly changed?: () => void
}

export type ActionResult =
  | {
      readonly result: 'done'
      readonly row: AlertRow
      /** Relations that are approved by it, and whose approval it takes back. */
      readonly approved: readonly string[]
      readonly unapproved: readonly string[]
    }
  /** Somebody was faster: their change, and the row as it is now. */
  | { readonly result: 'conflict'; readonly entry: HistoryEntry; readonly row: AlertRow }
  /** The alert's status does not allow it. */
  | { readonly result: 'refused'; readonly reason: string; readonly row: AlertRow }
  | { readonly result: 'unknown' }

export interface AlertActions {
  /**
   * Does what a person asks: row, history, notifications, commands and audit entry in one transaction.
   * @param who user name, and the address the request came from
   * @throws WardwatchError STATE_STORE_FAILED: nothing was written.
   */
  act(
    alertId: string,
    action: AlertAction,
    who: { readonly by: string; readonly from: string },
  ): Promise<ActionResult>
  /** Changes of the alert's status, oldest first. */
  historyOf(alertId: string): Promise<HistoryEntry[]>
}

/** Rounds against a row that grows while it is read: a burst changes it once a message at most. */
const roundsMax = 50

/** What people do to alerts; used by any process that serves people, whatever its role. */
export function createAlertActions(deps: AlertActionsDeps): AlertActions {
  const { bus, states, receivers, present, now } = deps
  const logger = deps.logger.child({ stage: 'alerts', part: 'actions' })
  const { alerts, alertChanges } = states

  /** One round; null where the row has grown meanwhile. */
  async function attempt(
    alertId: string,
    action: AlertAction,
    who: { readonly by: string; readonly from: string },
  ): Promise<ActionResult | null> {
    const row = await alerts.get(alertId)
    if (row === null) return { result: 'unknown' }
    const history = await alertChanges.historyOf(alertId)
    const anomalies = action.action === 'close' ? await alerts.anomaliesOf(alertId) : []
    const actor = { by: who.by, atMs: now() }
    const decision = decide(row, history, anomalies, action, actor)
    if (decision.result !== 'done') return { ...decision, row }
    const entry = {
      ...actor,
      action: action.action,
      before: standingOf(row),
      after: decision.after,
    }
    const changed = withStanding(row, decision.after)
    const revision = await alertChanges.change({
      alertId,
      basisRevision: row.revision,
      entry,
      commands: decision.commands,
      obligations: followUpsOf(changed, entry, receivers, present),
      withdrawsPages: decision.after.status === 'closed',
      audit: {
        atMs: actor.atMs,
        ...who,
        action: `alert.${action.action}`,
        object: alertId,
        details: detailsOf(row, decision),
      },
    })
    return revision === null
      ? null
      : { result: 'done', row: { ...changed, revision }, ...taughtBy(decision.commands) }
  }

  return {
    async act(alertId, action, who) {
      for (let round = 0; round < roundsMax; round++) {
        const result = await attempt(alertId, action, who)
        if (result === null) continue
        if (result.result !== 'done') return result
        const { row, approved, unapproved } = result
        logger.info(
          { alertId, action: action.action, revision: row.revision, approved, unapproved },
          'alert changed by a person',
        )
        deps.changed?.()
        const partition = partitionOf(row.leading.site, bus.partitionCount('alerts'))
        await wakeReaders({ bus, logger }, partition, row.revision)
        return result
      }
      throw new WardwatchError(
        'STATE_STORE_FAILED',
        `alert ${alertId} changed ${roundsMax} times while it was read`,
        { retryable: true },
      )
    },
    historyOf: (alertId) => alertChanges.historyOf(alertId),
  }
}

function standingOf(row: AlertRow): HistoryEntry['before'] {
  return { status: row.status, handling: row.handling ?? null }
}

function withStanding(row: AlertRow, { status, handling }: HistoryEntry['after']): AlertRow {
  const changed: { -readonly [K in keyof AlertRow]: AlertRow[K] } = { ...row, status }
  if (handling === null) delete changed.handling
  else changed.handling = handling
  return changed
}

function taughtBy(commands: Extract<Decision, { result: 'done' }>['commands']) {
  const relations = (kind: 'approve' | 'unapprove') =>
    commands.flatMap((command) => (command.kind === kind ? [command.relation] : []))
  return { approved: relations('approve'), unapproved: relations('unapprove') }
}

/** What the audit log keeps beside who, when and which alert. */
function detailsOf(row: AlertRow, { after, commands }: Extract<Decision, { result: 'done' }>) {
  const { verdict = null, reason = null } = after.handling ?? {}
  return {
    from: row.status,
    to: after.status,
    ...(verdict === null ? {} : { verdict, reason }),
    ...taughtBy(commands),
  }
}
