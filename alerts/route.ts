import { type Alert, isAbove, type Severity } from '../records/alert.ts'
import type { Behaviour } from '../records/anomaly.ts'

/** Which alerts a receiver hears of. */
export interface Route {
  readonly severityMin: Severity
  /** Behaviours it is for; null: all. */
  readonly behaviours: readonly Behaviour[] | null
  /** Sites it is for; null: all. */
  readonly sites: readonly string[] | null
  readonly groupWaitSeconds: number
}

/** A receiver, as far as deciding goes. */
export interface RoutedReceiver {
  readonly name: string
  readonly route: Route
}

/** Whether the receiver is for alerts of this kind and place; how bad they are is another question. */
export function isMeant({ behaviours, sites }: Route, alert: Alert): boolean {
  return (
    (behaviours === null || behaviours.includes(alert.behaviour)) &&
    (sites === null || sites.includes(alert.site))
  )
}

/** Whether an alert of this severity reaches the receiver. */
export function reaches({ severityMin }: Route, severity: Severity | 'record'): boolean {
  return !isAbove(severityMin, severity)
}
