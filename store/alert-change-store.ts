import type { alertStatuses } from '../records/alert.ts'
import type { HistoryAction, Verdict } from '../records/alert-action.ts'
import type { ControlCommand } from '../records/control.ts'
import type { AuditEntry } from './audit-store.ts'
import type { ObligationDraft } from './outbox-store.ts'

type AlertStatus = (typeof alertStatuses)[number]

/** What people have made of a row; a row that nobody has touched has none. */
export interface Handling {
  /** Who changed the status last, and when (wall clock, ms). */
  readonly by: string
  readonly atMs: number
  /** Both only where the row is closed. */
  readonly verdict: Verdict | null
  readonly reason: string | null
  /** Relations of the owner that closing as benign-expected has approved. */
  readonly taught: readonly string[]
}

/** One change of a row's status: what it was, and what it became. */
export interface HistoryEntry {
  /** Of the row, after the change. */
  readonly revision: number
  readonly atMs: number
  /** User name; `wardwatch` for the program itself. */
  readonly by: string
  readonly action: HistoryAction
  readonly before: { readonly status: AlertStatus; readonly handling: Handling | null }
  readonly after: { readonly status: AlertStatus; readonly handling: Handling | null }
}

/** A person's change, worked out against the row at `basisRevision`. */
export interface AlertChange {
  readonly alertId: string
  readonly basisRevision: number
  readonly entry: Omit<HistoryEntry, 'revision'>
  /** What it teaches, in this order. */
  readonly commands: readonly ControlCommand[]
  readonly obligations: readonly ObligationDraft[]
  /** What of this alert nobody has tried to send yet is no longer sent: it is closed. */
  readonly withdrawsPages: boolean
  readonly audit: AuditEntry
}

/** A command on its way to the bus. */
export interface StoredCommand {
  readonly sequence: number
  readonly command: ControlCommand
}

/** What people do to alerts (docs/decisions/0018). Every promise is tested by the contract of the state store. */
export interface AlertChangeStore {
  /**
   * One transaction: row, history, obligations, commands and audit entry, or nothing.
   * @returns the row's new revision; null when it no longer stands at `basisRevision`: read it again.
   */
  change(change: AlertChange): Promise<number | null>
  /** Changes of status of one alert, oldest first. */
  historyOf(alertId: string): Promise<HistoryEntry[]>
  /** Commands that have not been published, oldest first. */
  unsentCommands(limit: number): Promise<StoredCommand[]>
  markSent(sequences: readonly number[], atMs: number): Promise<void>
  /** The newest commands that have been published, oldest first: a bus that forgets is told them again. */
  sentCommands(limit: number): Promise<StoredCommand[]>
}
