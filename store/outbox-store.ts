import type { Alert, Severity } from '../records/alert.ts'

/** What a receiver is told: page, somebody is at it, it is over. */
export const notificationKinds = ['trigger', 'acknowledge', 'resolve'] as const
export type NotificationKind = (typeof notificationKinds)[number]

/** Why it is told. */
export const notificationCauses = [
  'opened',
  'escalated',
  'acknowledged',
  'closed',
  'reopened',
  'test',
] as const
export type NotificationCause = (typeof notificationCauses)[number]

/** One delivery that is owed to one receiver, as the alert's own transaction writes it. */
export interface ObligationDraft {
  readonly receiver: string
  readonly alertId: string
  /** Names this obligation for good: a receiver that sees it twice may drop the second. */
  readonly key: string
  /** One per (alert, receiver): what joins page, acknowledgement and resolve. */
  readonly dedupKey: string
  readonly kind: NotificationKind
  readonly cause: NotificationCause
  readonly severity: Severity
  /** Pages of one group wait for each other. */
  readonly groupKey: string
  /** A page that follows another of its group sooner than this waits so long; 0: never waits. */
  readonly groupWaitMs: number
  /** Written only if this receiver has been, or will be, paged for this alert. */
  readonly isFollowUp: boolean
  /** The alert as it was then. */
  readonly alert: Alert
  /** Who acted; null where it was nobody. */
  readonly by: string | null
  /** Wall clock, ms: age and order of retries count from here. */
  readonly createdMs: number
}

/** `withdrawn`: the alert was closed before anybody tried to send the page. */
export const notificationStates = ['pending', 'delivered', 'dead', 'withdrawn'] as const
export type NotificationState = (typeof notificationStates)[number]

/** An obligation as the outbox keeps it. */
export interface OutboxRow extends Omit<ObligationDraft, 'groupWaitMs' | 'isFollowUp'> {
  /** Order in which they were owed. */
  readonly sequence: number
  readonly state: NotificationState
  /** Wall clock, ms, before which it is not tried. */
  readonly dueMs: number
  readonly attempts: number
  /** Why the last attempt was none, or why it is dead; no secret. */
  readonly reason: string | null
  readonly finishedMs: number | null
}

export interface Claim {
  readonly receiver: string
  /** Who asks: one name per process and life. */
  readonly owner: string
  readonly nowMs: number
  readonly leaseMs: number
  readonly limit: number
}

/** What came of an attempt. */
export type Settlement =
  | { readonly state: 'delivered' | 'dead'; readonly reason: string | null }
  | { readonly state: 'pending'; readonly reason: string; readonly dueMs: number }

export interface OutboxCount {
  readonly receiver: string
  readonly state: NotificationState
  readonly count: number
  /** Wall clock, ms, of the oldest of them. */
  readonly oldestMs: number
}

/** The durable queue between alerts and receivers (docs/decisions/0017). */
export interface OutboxStore {
  /**
   * Leases what is due for a receiver, oldest first. Of one dedup key only the oldest that is not settled is given, so
   * that a resolve never overtakes its page. A lease that has run out is given to whoever asks next.
   */
  claim(claim: Claim): Promise<OutboxRow[]>
  /** Counts the attempt and ends the lease. False when the lease was another's by then: nothing was written. */
  settle(sequence: number, owner: string, nowMs: number, settlement: Settlement): Promise<boolean>
  /** Earliest time, wall clock in ms, at which something of these receivers is due; null: nothing is owed. */
  nextDueMs(receivers: readonly string[]): Promise<number | null>
  /** Gives up what has been owed since before `createdBeforeMs` and is leased by nobody. @returns how many. */
  giveUp(createdBeforeMs: number, nowMs: number, reason: string): Promise<number>
  /** Forgets what was delivered or withdrawn before then, of closed alerts; dead letters stay. @returns how many. */
  purge(finishedBeforeMs: number): Promise<number>
  counts(): Promise<OutboxCount[]>
  /** Dead letters, newest first. */
  dead(limit: number): Promise<OutboxRow[]>
  /** Everything owed for one alert, in order. */
  ofAlert(alertId: string): Promise<OutboxRow[]>
  /**
   * Owes dead letters again, all or those of these sequences, and with each what followed it under its dedup key: the
   * receiver ends where the alert is. @returns how many dead letters.
   */
  resend(sequences: readonly number[] | 'all', nowMs: number): Promise<number>
}
