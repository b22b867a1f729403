import type { Logger, Service } from '../records/service.ts'
import type { OutboxRow, OutboxStore, Settlement } from '../store/outbox-store.ts'
import { waitMs } from './backoff.ts'
import type { Notification, Notifier, Outcome } from './notifier.ts'
import type { DeliveryConfig } from './receiver-config.ts'

/** A receiver, ready to be told. */
export interface Receiver {
  readonly name: string
  readonly notifier: Notifier
  /** Deliveries under way at a time. */
  readonly workersMax: number
  readonly timeoutMs: number
}

export interface DeliveryDeps {
  readonly outbox: OutboxStore
  readonly receivers: readonly Receiver[]
  /** Where a person looks at an alert. */
  readonly urlOf: (alertId: string) => string
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  /** Uniform, 0–1: jitter. */
  readonly random: () => number
  /** Names this process and life: whose lease it is. */
  readonly owner: string
}

export interface DeliveryCounters {
  delivered: number
  retried: number
  /** Dead letters made: refused, tried too often, or too old. */
  dead: number
  /** Attempts that ended after their lease had gone to another process. */
  leasesLost: number
}

export interface Delivery extends Service {
  /** Something may be owed: look now. */
  wake(): void
  counters(): DeliveryCounters
}

/** Another process may have written what is owed: look this often. */
const pollMs = 1000
/** Least pause between two looks, so that a clock that jumps cannot make the loop spin. */
const pauseMsMin = 20
/** A lease outlives the longest attempt by this, for the settling. */
const leaseMarginMs = 15_000
/** Looks between two rounds of giving up and forgetting. */
const tidyMs = 60_000
/** How long a stop waits for deliveries under way. */
const drainMs = 5_000
/** A notifier that does not even end when it is told to is left behind this long after. */
const graceMs = 1_000

/**
 * Delivers what the outbox holds, at least once and in the order of each alert and receiver, until it is stopped. Several
 * processes may share an outbox: each takes leases (docs/decisions/0017). A store that fails costs a round.
 */
export function createDelivery(config: DeliveryConfig, deps: DeliveryDeps): Delivery {
  const { outbox, receivers, owner, now } = deps
  const logger = deps.logger.child({ stage: 'alerts', part: 'delivery' })
  const counters: DeliveryCounters = { delivered: 0, retried: 0, dead: 0, leasesLost: 0 }
  const underWay = new Map<string, Set<Promise<void>>>(
    receivers.map(({ name }) => [name, new Set()]),
  )
  /** Wall clock, ms, until which a receiver wants nothing. */
  const quietUntilMs = new Map<string, number>()
  const stopping = new AbortController()
  let isStopping = false
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> | null = null
  let isAgain = false
  let tidiedMs = -Infinity
  let loggedMs = -Infinity

  /** Gives every receiver that has room what is due, and tells when to look again. */
  async function look(): Promise<number> {
    const nowMs = now()
    if (nowMs - tidiedMs >= tidyMs) await tidy(nowMs)
    for (const receiver of receivers) await give(receiver)
    const ready = receivers.map(({ name }) => name).filter((name) => !isQuiet(name))
    const dueMs = await outbox.nextDueMs(ready)
    return dueMs === null ? pollMs : Math.min(pollMs, Math.max(pauseMsMin, dueMs - now()))
  }

  function isQuiet(name: string): boolean {
    return (quietUntilMs.get(name) ?? 0) > now()
  }

  async function give(receiver: Receiver): Promise<void> {
    const { name, workersMax, timeoutMs } = receiver
    const own = underWay.get(name)!
    const room = workersMax - own.size
    if (room <= 0 || isQuiet(name) || isStopping) return
    const leaseMs = timeoutMs + graceMs + leaseMarginMs
    const claim = { receiver: name, owner, nowMs: now(), leaseMs, limit: room }
    for (const row of await outbox.claim(claim)) {
      const task: Promise<void> = deliver(receiver, row)
        .catch(storeFailed)
        .finally(() => {
          own.delete(task)
          wake()
        })
      own.add(task)
    }
  }

  async function deliver(receiver: Receiver, row: OutboxRow): Promise<void> {
    const outcome = await attempt(receiver, notificationOf(row, deps.urlOf(row.alertId)))
    const settlement = settlementOf(row, outcome)
    const isOwn = await outbox.settle(row.sequence, owner, now(), settlement)
    tell(row, settlement, isOwn)
  }

  /** One attempt, which ends at its time whatever the receiver does; a notifier that throws is tried again. */
  async function attempt(receiver: Receiver, notification: Notification): Promise<Outcome> {
    const { notifier, timeoutMs } = receiver
    const limit = new AbortController()
    const signal = AbortSignal.any([limit.signal, stopping.signal])
    const timeouts: NodeJS.Timeout[] = []
    const late = new Promise<Outcome>((resolve) => {
      timeouts.push(setTimeout(() => limit.abort(), timeoutMs))
      timeouts.push(
        setTimeout(() => resolve({ result: 'retry', reason: 'no answer' }), timeoutMs + graceMs),
      )
    })
    try {
      return await Promise.race([notifier.send(notification, signal), late])
    } catch (err) {
      logger.error({ err, receiver: receiver.name }, 'notifier failed')
      return { result: 'retry', reason: 'fault in the program' }
    } finally {
      for (const timeout of timeouts) clearTimeout(timeout)
    }
  }

  function settlementOf(row: OutboxRow, outcome: Outcome): Settlement {
    if (outcome.result === 'delivered') return { state: 'delivered', reason: null }
    const { reason } = outcome
    if (outcome.result === 'refused') return { state: 'dead', reason }
    const attempts = row.attempts + 1
    if (attempts > config.retriesMax) return { state: 'dead', reason: `${reason}; tried too often` }
    const afterMs = outcome.afterMs ?? 0
    // Whoever asks to be left alone means every delivery, not this one.
    if (afterMs > 0) quietUntilMs.set(row.receiver, now() + afterMs)
    const dueMs = now() + waitMs(config, attempts, afterMs, deps.random())
    return { state: 'pending', reason, dueMs }
  }

  function tell(row: OutboxRow, { state, reason }: Settlement, isOwn: boolean): void {
    const { receiver, alertId, kind, attempts, sequence } = row
    const fields = { receiver, alertId, kind, sequence, attempts: attempts + 1, reason }
    if (!isOwn) {
      counters.leasesLost++
      logger.warn(fields, 'delivery took longer than its lease, another process has taken it')
    } else if (state === 'delivered') {
      counters.delivered++
      logger.info(fields, 'notification delivered')
    } else if (state === 'dead') {
      counters.dead++
      logger.error(fields, 'notification is a dead letter')
    } else {
      counters.retried++
      logger.warn(fields, 'notification not taken, will be sent again')
    }
  }

  async function tidy(nowMs: number): Promise<void> {
    tidiedMs = nowMs
    const given = await outbox.giveUp(nowMs - config.ageHoursMax * 3_600_000, nowMs, 'too old')
    counters.dead += given
    if (given > 0) logger.error({ dead: given }, 'notifications given up, too old')
    await outbox.purge(nowMs - config.keptDays * 86_400_000)
  }

  /** Nothing is lost: what was under way is given again when its lease has run out. */
  function storeFailed(err: unknown): void {
    if (now() - loggedMs < 10_000) return
    loggedMs = now()
    logger.error({ err }, 'outbox could not be read or written')
  }

  function wake(): void {
    if (isStopping) return
    if (looking !== null) {
      isAgain = true
      return
    }
    if (timer !== null) clearTimeout(timer)
    timer = null
    isAgain = false
    looking = look()
      .catch((err: unknown) => {
        storeFailed(err)
        return pollMs
      })
      .then((pauseMs) => {
        looking = null
        if (isAgain) wake()
        else if (!isStopping) timer = setTimeout(wake, pauseMs)
      })
  }

  return {
    start() {
      wake()
      return Promise.resolve()
    },
    async stop() {
      isStopping = true
      if (timer !== null) clearTimeout(timer)
      timer = null
      // What is under way may end; what would take longer is cut off, and sent again under its key.
      const cut = setTimeout(() => stopping.abort(), drainMs)
      await looking
      await Promise.all([...underWay.values()].flatMap((tasks) => [...tasks]))
      clearTimeout(cut)
      await Promise.all(receivers.map(({ notifier }) => notifier.close()))
    },
    wake,
    counters: () => ({ ...counters }),
  }
}

/** What a receiver is told of a row. */
export function notificationOf(row: OutboxRow, url: string): Notification {
  const { key, dedupKey, kind, cause, alert, by, createdMs } = row
  return { key, dedupKey, kind, cause, alert, by, url, createdMs }
}
