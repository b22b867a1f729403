import type { Notification } from '../../alerts/notifier.ts'
import { alertOf } from './obligations.ts'

/** A page about a port scan, as a receiver is told of it. */
export function notification(changes: Partial<Notification> = {}): Notification {
  return {
    key: '5d41402abc4b2a76b9719d911017c592',
    dedupKey: '7d793037a0760186574b0282f2f435e7',
    kind: 'trigger',
    cause: 'opened',
    alert: alertOf(),
    by: null,
    url: 'https://ward.example/#/alerts/a1b2',
    createdMs: 1_772_438_410_000,
    ...changes,
  }
}

/** How a stand-in for a receiver behaves. */
export type Behaviour =
  | { readonly does: 'take' }
  /** It says that it may take it later; after so many seconds, if it can say so. */
  | { readonly does: 'put-off'; readonly seconds?: number }
  /** A fault of its own. */
  | { readonly does: 'fail' }
  /** It will never take it. */
  | { readonly does: 'refuse' }
  /** It takes the connection and never answers. */
  | { readonly does: 'hang' }
  /** It breaks the connection off. */
  | { readonly does: 'break' }
