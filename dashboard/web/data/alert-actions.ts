import type { Alert, AlertAction } from '../../api.ts'
import { ago } from './numbers.ts'
import { deviceName } from './words.ts'

/** What the server made of an action. */
export type ActionOutcome =
  | { readonly kind: 'done'; readonly revision: number }
  | {
      readonly kind: 'conflict'
      readonly by: string
      readonly action: string
      readonly atMs: number
    }
  | { readonly kind: 'failed'; readonly reason: string }

/** What people do, without the revision that they have seen. */
export type Wish = AlertAction extends infer A
  ? A extends { revision: number }
    ? Omit<A, 'revision'>
    : never
  : never

export interface Toast {
  readonly id: number
  readonly text: string
  readonly isProblem: boolean
  /** Alerts it tells of. */
  readonly alertIds: readonly string[]
  /** Takes back what the toast tells of; null where there is nothing to take back. */
  readonly undo: (() => Promise<void>) | null
}

export interface ActionState {
  /** What is shown of an alert until the feed has told of it. */
  readonly pending: ReadonlyMap<string, Pending>
  /** Oldest first. */
  readonly toasts: readonly Toast[]
}

interface Pending {
  readonly changes: Partial<Alert>
  /** The feed has caught up at this revision; null while the server has not answered. */
  readonly untilRevision: number | null
}

export interface AlertActions {
  readonly state: () => ActionState
  readonly subscribe: (listener: () => void) => () => void
  /** Does the same to all of them, shows it at once, and offers to undo it. */
  act(alerts: readonly Alert[], wish: Wish): Promise<void>
  /** Takes back what the newest toast tells of. */
  undoLast(): Promise<void>
  dismiss(toastId: number): void
}

interface Problem {
  readonly id: string
  readonly text: string
}

/** How long a toast stays, ms. */
export const toastMs = 10_000
const toastsMax = 3

const statusAfter = {
  acknowledge: 'acknowledged',
  start: 'in progress',
  close: 'closed',
  reopen: 'in progress',
} as const

const doneWords = {
  acknowledge: 'acknowledged',
  start: 'in progress',
  close: 'closed',
  reopen: 'opened again',
  undo: 'undone',
} as const

/**
 * What people do to alerts: shown at once, taken back when the server has it otherwise (somebody was faster, or it could
 * not be done), with ten seconds to undo it.
 */
export function createAlertActions(deps: {
  readonly post: (alertId: string, action: AlertAction) => Promise<ActionOutcome>
  /** Up to this change the page has seen every row. */
  readonly revision: () => number
  readonly now: () => number
}): AlertActions {
  const listeners = new Set<() => void>()
  let state: ActionState = { pending: new Map(), toasts: [] }
  let lastToast = 0

  function change(next: Partial<ActionState>): void {
    state = { ...state, ...next }
    for (const listener of listeners) listener()
  }

  function setPending(id: string, pending: Pending | null): void {
    const next = new Map(state.pending)
    if (pending === null) next.delete(id)
    else next.set(id, pending)
    change({ pending: next })
  }

  function tell(toast: Omit<Toast, 'id'>): void {
    const id = ++lastToast
    // Only the last step of an alert can be taken back.
    const others = state.toasts.filter(({ alertIds }) =>
      alertIds.every((each) => !toast.alertIds.includes(each)),
    )
    change({ toasts: [...others, { id, ...toast }].slice(-toastsMax) })
    setTimeout(() => dismiss(id), toastMs)
  }

  function tellProblems(problems: readonly Problem[]): void {
    for (const { id, text } of problems.slice(0, toastsMax))
      tell({ text, isProblem: true, alertIds: [id], undo: null })
  }

  function dismiss(id: number): void {
    if (state.toasts.some((toast) => toast.id === id))
      change({ toasts: state.toasts.filter((toast) => toast.id !== id) })
  }

  /** One alert; what the server says of it. */
  async function actOn(alert: Alert, action: AlertAction): Promise<ActionOutcome> {
    const changes = changesOf(action)
    if (changes !== null) setPending(alert.id, { changes, untilRevision: null })
    const outcome = await deps.post(alert.id, action)
    const isShown = outcome.kind === 'done' && changes !== null
    setPending(alert.id, isShown ? { changes, untilRevision: outcome.revision } : null)
    return outcome
  }

  async function act(alerts: readonly Alert[], wish: Wish): Promise<void> {
    const done: { alert: Alert; revision: number }[] = []
    const problems: Problem[] = []
    for (const alert of alerts) {
      const action = { ...wish, revision: Math.max(1, deps.revision()) }
      const outcome = await actOn(alert, action)
      if (outcome.kind === 'done') done.push({ alert, revision: outcome.revision })
      else problems.push({ id: alert.id, text: problemOf(alert, outcome, deps.now()) })
    }
    tellProblems(problems)
    if (done.length === 0) return
    const alertIds = done.map(({ alert }) => alert.id)
    tell({ text: doneText(done, wish), isProblem: false, alertIds, undo: () => undo(done) })
  }

  async function undo(done: readonly { alert: Alert; revision: number }[]): Promise<void> {
    const problems: Problem[] = []
    for (const { alert, revision } of done) {
      const outcome = await actOn(alert, { action: 'undo', revision })
      if (outcome.kind !== 'done')
        problems.push({ id: alert.id, text: problemOf(alert, outcome, deps.now()) })
    }
    tellProblems(problems)
    const count = done.length - problems.length
    if (count === 0) return
    const text = count === 1 ? 'Undone' : `${count} undone`
    tell({ text, isProblem: false, alertIds: done.map(({ alert }) => alert.id), undo: null })
  }

  async function undoToast(toast: Toast): Promise<void> {
    dismiss(toast.id)
    await toast.undo?.()
  }

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    act,
    dismiss,
    undoLast: async () => {
      const toast = state.toasts.findLast((each) => each.undo !== null)
      if (toast !== undefined) await undoToast(toast)
    },
  }
}

/** What the page shows before the feed tells; null for what only the server knows. */
function changesOf(action: AlertAction): Partial<Alert> | null {
  if (action.action === 'undo') return null
  const status = statusAfter[action.action]
  return action.action === 'close'
    ? { status, verdict: action.verdict, reason: action.reason }
    : { status }
}

function doneText(done: readonly { alert: Alert }[], wish: Wish): string {
  const word = doneWords[wish.action]
  return done.length === 1
    ? `${deviceName(done[0]!.alert.device)}: ${word}`
    : `${done.length} alerts: ${word}`
}

function problemOf(
  alert: Alert,
  outcome: Exclude<ActionOutcome, { kind: 'done' }>,
  nowMs: number,
): string {
  const name = deviceName(alert.device)
  if (outcome.kind === 'failed') return `${name}: not changed. ${outcome.reason}`
  const word = Object.entries(doneWords).find(([action]) => action === outcome.action)?.[1]
  return `${name}: not changed. ${outcome.by} was faster (${word ?? outcome.action} ${ago(outcome.atMs, nowMs)} ago)`
}

/** The alerts as they are shown: what was done here and the feed has not told yet lies over them. */
export function withPending(
  alerts: ReadonlyMap<string, Alert>,
  pending: ActionState['pending'],
  feedRevision: number,
): ReadonlyMap<string, Alert> {
  let shown: Map<string, Alert> | null = null
  for (const [id, { changes, untilRevision }] of pending) {
    const alert = alerts.get(id)
    if (alert === undefined || (untilRevision !== null && feedRevision >= untilRevision)) continue
    shown ??= new Map(alerts)
    shown.set(id, { ...alert, ...changes })
  }
  return shown ?? alerts
}
