import type { Alert } from '../records/alert.ts'
import type { NotificationCause, NotificationKind } from '../store/outbox-store.ts'

/** What one receiver is told once. */
export interface Notification {
  /** Names this delivery: the same at every attempt. */
  readonly key: string
  /** Names the alert for this receiver: page, acknowledgement and resolve share it. */
  readonly dedupKey: string
  readonly kind: NotificationKind
  readonly cause: NotificationCause
  /** The alert as it was when this was owed. */
  readonly alert: Alert
  /** Who acted; null where it was nobody. */
  readonly by: string | null
  /** Where a person looks at the alert. */
  readonly url: string
  /** Wall clock, ms since the epoch, at which it was owed. */
  readonly createdMs: number
}

/**
 * What came of an attempt. `reason` is a few fixed words and a status, never what the receiver answered nor anything out
 * of the configuration: it is stored, logged and shown.
 */
export type Outcome =
  /** The receiver has taken it. */
  | { readonly result: 'delivered' }
  /** It may take it later; not before `afterMs`, if the receiver asked for that. */
  | { readonly result: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** It never will, as it stands: trying again is no use until somebody mends it. */
  | { readonly result: 'refused'; readonly reason: string }

/**
 * Tells one receiver. Every promise is tested by tests/contracts/notifier.contract.ts against each adapter: an attempt is
 * one attempt, it never sleeps, it ends when `signal` does, it never rejects for what a receiver does.
 */
export interface Notifier {
  send(notification: Notification, signal: AbortSignal): Promise<Outcome>
  /** Frees what it holds; the next `send` takes it again. */
  close(): Promise<void>
}

/** Longest wait that a receiver may ask for. */
export const afterMsMax = 3_600_000
