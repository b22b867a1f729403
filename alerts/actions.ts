import type { AlertAction } from '../records/alert-action.ts'
import type { Anomaly } from '../records/anomaly.ts'
import type { ControlCommand } from '../records/control.ts'
import type { Handling, HistoryEntry } from '../store/alert-change-store.ts'
import type { AlertRow, AlertStatus } from '../store/state-store.ts'

/** A status with what people have made of it. */
export type Standing = HistoryEntry['after']

/** What comes of an action, worked out against one state of the row. */
export type Decision =
  | {
      readonly result: 'done'
      readonly after: Standing
      readonly commands: readonly ControlCommand[]
    }
  | { readonly result: 'conflict'; readonly entry: HistoryEntry }
  | { readonly result: 'refused'; readonly reason: string }

export interface Actor {
  readonly by: string
  /** Wall clock, ms since the epoch. */
  readonly atMs: number
}

/** Relations one verdict teaches; an alert about more is about something else than one relation that is expected. */
export const taughtMax = 64

/**
 * Decides what an action does to a row (docs/decisions/0018). Pure.
 * @param history changes of the row's status, oldest first
 * @param anomalies those of the row
 */
export function decide(
  row: AlertRow,
  history: readonly HistoryEntry[],
  anomalies: readonly Anomaly[],
  action: AlertAction,
  actor: Actor,
): Decision {
  const last = history.at(-1)
  // Counting up is no conflict: what another person did, or a row that grew worse after its verdict, is.
  if (last !== undefined && last.revision > action.revision)
    return { result: 'conflict', entry: last }
  const before: Standing = { status: row.status, handling: row.handling ?? null }
  const after = action.action === 'undo' ? undone(last) : changed(before, anomalies, action, actor)
  if (typeof after === 'string') return { result: 'refused', reason: after }
  return { result: 'done', after, commands: commandsOf(row, before, after, actor) }
}

/** The state before the last action; a sentence where there is none to take back. */
function undone(last: HistoryEntry | undefined): Standing | string {
  if (last === undefined) return 'nobody has changed this alert'
  if (last.action === 'undo') return 'the last action has been undone already'
  if (last.action === 'escalate') return 'the alert grew worse after it was closed: close it again'
  return last.before
}

const sources: Readonly<Record<'acknowledge' | 'start' | 'close' | 'reopen', AlertStatus[]>> = {
  acknowledge: ['new'],
  start: ['new', 'acknowledged'],
  close: ['new', 'acknowledged', 'in progress'],
  reopen: ['closed'],
}

function changed(
  { status, handling }: Standing,
  anomalies: readonly Anomaly[],
  action: Exclude<AlertAction, { action: 'undo' }>,
  { by, atMs }: Actor,
): Standing | string {
  if (!sources[action.action].includes(status))
    return `the alert is ${status}: ${action.action} is for one that is ${sources[action.action].join(' or ')}`
  const open: Handling = { by, atMs, verdict: null, reason: null, taught: handling?.taught ?? [] }
  switch (action.action) {
    case 'acknowledge':
      return { status: 'acknowledged', handling: open }
    case 'start':
      return { status: 'in progress', handling: open }
    case 'reopen':
      // Whoever opens it again has it; what its verdict taught is taken back.
      return { status: 'in progress', handling: { ...open, taught: [] } }
    case 'close': {
      const { verdict, reason } = action
      const taught = verdict === 'benign-expected' ? relationsOf(anomalies) : []
      return { status: 'closed', handling: { by, atMs, verdict, reason, taught } }
    }
  }
}

/** What the row's anomalies were about, each once, those met last when there are too many. */
export function relationsOf(anomalies: readonly Anomaly[]): string[] {
  const relations = new Set(anomalies.flatMap((anomaly) => anomaly.relations ?? []))
  return [...relations].slice(-taughtMax)
}

/** Approves what is taught from now on, and takes back what is no longer. */
function commandsOf(
  row: AlertRow,
  before: Standing,
  after: Standing,
  { by }: Actor,
): ControlCommand[] {
  const was = before.handling?.taught ?? []
  const is = after.handling?.taught ?? []
  const { site, viewKey } = row.leading
  const kinds = [
    ...was.filter((one) => !is.includes(one)).map((relation) => ['unapprove', relation] as const),
    ...is.filter((one) => !was.includes(one)).map((relation) => ['approve', relation] as const),
  ]
  return kinds.map(([kind, relation], index) => ({
    version: 1,
    // A revision is given out once: so is the id, and whoever hears the command twice applies it once.
    id: `alert/${row.id}/${row.revision}/${index}`,
    site,
    // Reached by the analyzer's clock already, so it holds from where it stands among the records (docs/decisions/0012).
    effectiveUs: Math.floor(row.lastSeenUs),
    by,
    reason: after.handling?.reason ?? before.handling?.reason ?? '',
    kind,
    host: viewKey,
    relation,
  }))
}
