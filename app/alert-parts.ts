import { type AlertActions, createAlertActions } from '../alerts/action-service.ts'
import { type ControlRelay, createControlRelay } from '../alerts/control-relay.ts'
import { createDelivery, type Delivery } from '../alerts/delivery.ts'
import { pagesOfFold } from '../alerts/outbox.ts'
import { presentAlert } from '../alerts/present.ts'
import type { ReceiverConfig } from '../alerts/receiver-config.ts'
import { type AlertsService, createAlerts } from '../alerts/service.ts'
import type { Bus } from '../bus/bus.ts'
import type { Logger } from '../records/service.ts'
import type { StateStore } from '../store/state-store.ts'
import type { Config } from './config.ts'
import { createExchangeableDelivery } from './exchangeable-delivery.ts'
import { alertUrls, createReceivers, newOwner } from './receivers.ts'

export interface AlertPartsDeps {
  readonly bus: Bus
  readonly states: StateStore
  readonly vendorOf: (mac: string) => string | null
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  readonly failed: (error: unknown) => void
  /** This process has the role `alerts`: it folds, delivers, and carries commands. */
  readonly isAlertStage: boolean
  /** Receivers are told; false in a replay of what is long past. */
  readonly notifies: boolean
  /** Where the page of this process listens; null: it has none. */
  readonly listeningUrl: () => string | null
}

/** What one process does with alerts; `actions` serves people whatever its role. */
export interface AlertParts {
  readonly alerts: AlertsService | null
  readonly relay: ControlRelay | null
  readonly delivery: Delivery | null
  readonly actions: AlertActions
  /**
   * Opens other receivers; the answer puts them in the place of the old ones, for whatever is owed from then on.
   * @throws WardwatchError CONFIG_INVALID when a secret is missing; nothing has changed then.
   */
  readonly prepareReceivers: (receivers: readonly ReceiverConfig[]) => () => Promise<void>
}

/** The alert stage, its two ways out (to receivers, and back to the analyzers), and what people do. */
export function createAlertParts(config: Config, deps: AlertPartsDeps): AlertParts {
  const { bus, states, vendorOf, logger, now, failed, isAlertStage, notifies } = deps
  // One list, changed in place: who folds and who acts look at it anew each time.
  const receivers = notifies ? [...config.alerts.receivers] : []
  const present = (row: Parameters<typeof presentAlert>[0]) => presentAlert(row, vendorOf)
  const relay = isAlertStage
    ? createControlRelay({ bus, store: states.alertChanges, logger, now })
    : null
  const delivery =
    isAlertStage && notifies
      ? createExchangeableDelivery(createReceivers(receivers, { now }), (own) =>
          createDelivery(config.alerts.delivery, {
            outbox: states.outbox,
            receivers: own,
            urlOf: alertUrls(config, deps.listeningUrl),
            logger,
            now,
            random: Math.random,
            owner: newOwner(),
          }),
        )
      : null
  const alerts = isAlertStage
    ? createAlerts(config.alerts, {
        bus,
        states,
        logger,
        now,
        failed,
        owed: (changes) => pagesOfFold(changes, receivers, present, now()),
        changed: () => delivery?.wake(),
      })
    : null
  const changed = () => {
    relay?.wake()
    delivery?.wake()
  }
  const actions = createAlertActions({ bus, states, receivers, present, logger, now, changed })
  return {
    alerts,
    relay,
    delivery,
    actions,
    prepareReceivers(next) {
      if (!notifies) return () => Promise.resolve()
      const opened = createReceivers(next, { now })
      return async () => {
        receivers.splice(0, receivers.length, ...next)
        await delivery?.exchange(opened)
      }
    },
  }
}
