import type { Delivery, DeliveryCounters, Receiver } from '../alerts/delivery.ts'

/** Deliveries whose receivers can be exchanged while they run. */
export interface ExchangeableDelivery extends Delivery {
  /** What is under way to the old receivers ends first, or is sent again; calls follow one another. */
  exchange(receivers: readonly Receiver[]): Promise<void>
}

/** @param create makes deliveries to these receivers, inert until started; under a lease owner of their own */
export function createExchangeableDelivery(
  receivers: readonly Receiver[],
  create: (receivers: readonly Receiver[]) => Delivery,
): ExchangeableDelivery {
  let current = create(receivers)
  /** Of deliveries that have been stopped for good. */
  let before: DeliveryCounters = { delivered: 0, retried: 0, dead: 0, leasesLost: 0 }
  let isRunning = false
  let last: Promise<void> = Promise.resolve()

  /** Start, stop and exchange never overlap. */
  function inTurn(step: () => Promise<void>): Promise<void> {
    const done = last.then(step)
    last = done.catch(() => undefined)
    return done
  }

  return {
    start: () =>
      inTurn(async () => {
        isRunning = true
        await current.start()
      }),
    stop: () =>
      inTurn(async () => {
        isRunning = false
        await current.stop()
      }),
    exchange: (next) =>
      inTurn(async () => {
        const old = current
        await old.stop()
        before = sumOf(before, old.counters())
        current = create(next)
        if (isRunning) await current.start()
      }),
    wake: () => current.wake(),
    counters: () => sumOf(before, current.counters()),
  }
}

function sumOf(a: DeliveryCounters, b: DeliveryCounters): DeliveryCounters {
  return {
    delivered: a.delivered + b.delivered,
    retried: a.retried + b.retried,
    dead: a.dead + b.dead,
    leasesLost: a.leasesLost + b.leasesLost,
  }
}
