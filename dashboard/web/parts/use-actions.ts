import { createContext, useContext } from 'react'
import type { Alert, Verdict } from '../../api.ts'
import type { AlertActions } from '../data/alert-actions.ts'

/** What the page lets people do to alerts. */
export interface Hands {
  readonly actions: AlertActions
  /** False for who may only look: no button is offered. */
  readonly canChange: boolean
  /** Asks for verdict and reason, then closes. */
  readonly askToClose: (alerts: readonly Alert[], verdict: Verdict | null) => void
}

export const HandsContext = createContext<Hands | null>(null)

export function useHands(): Hands {
  const hands = useContext(HandsContext)
  if (hands === null) throw new Error('no HandsContext around')
  return hands
}

/** What may be done to an alert as it stands, in the order of the keys. */
export function stepsFor(alert: Alert, hands: Hands) {
  const { actions, askToClose } = hands
  const isOpen = alert.status !== 'closed'
  return {
    acknowledge:
      alert.status === 'new' ? () => void actions.act([alert], { action: 'acknowledge' }) : null,
    start:
      alert.status === 'new' || alert.status === 'acknowledged'
        ? () => void actions.act([alert], { action: 'start' })
        : null,
    close: isOpen ? () => askToClose([alert], null) : null,
    falsePositive: isOpen ? () => askToClose([alert], 'false') : null,
    reopen: isOpen ? null : () => void actions.act([alert], { action: 'reopen' }),
  }
}
