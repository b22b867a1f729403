import type { AnomalyMessage } from '../records/anomaly.ts'
import { decodeAnomalyMessage } from '../records/codec.ts'
import { isWardwatchError } from '../records/errors.ts'
import type { Logger, Service } from '../records/service.ts'
import { encodeWakeUp } from '../records/wake-up.ts'
import type { Bus, IncomingMessage, Subscription } from '../bus/bus.ts'
import type { StateStore } from '../store/state-store.ts'
import type { AlertsConfig } from './config.ts'
import { createEndWaits } from './end-waits.ts'
import { foldBatch } from './fold-batch.ts'
import { createPositions, positionOf, type Positions } from './positions.ts'

export interface AlertsDeps {
  readonly bus: Bus
  readonly states: Pick<StateStore, 'alerts'>
  readonly logger: Logger
  /** Wall clock in ms: limits how often a fault is logged. */
  readonly now: () => number
  /** Called once when the stage has stopped for good: ALERT_STORE_FAILED, or the bus broke (fail-stop). */
  readonly failed: (error: unknown) => void
}

export interface AlertsCounters {
  /** Anomalies that changed a row. */
  folded: number
  /** Messages whose position was folded before. */
  skipped: number
  /** Anomalies that said nothing new. */
  repeated: number
  /** Messages that could not be read. */
  malformed: number
}

export interface AlertsService extends Service {
  /**
   * Resolves when every partition of the observations topic has reported the end of the input of (sensor, run), and
   * what came before it is in the store; whichever process folded it. Rejects when the stage fails or stops first.
   */
  ended(sensor: string, run: string, partitionCount: number): Promise<void>
  counters(): AlertsCounters
}

/** At most one log line about unreadable messages in this many ms. */
const logEveryMs = 10_000

/**
 * The alert stage: anomalies in, rows with a life out. One batch of the bus is one transaction of the store, which holds
 * the rows and the positions they came from; only then the next batch is taken and the readers are woken.
 */
export function createAlerts(config: AlertsConfig, deps: AlertsDeps): AlertsService {
  const { bus, logger, now } = deps
  const rows = deps.states.alerts
  const counters: AlertsCounters = { folded: 0, skipped: 0, repeated: 0, malformed: 0 }
  const positions = new Map<number, Positions>()
  const waits = createEndWaits(rows)
  let subscription: Subscription | null = null
  let loggedMs = -Infinity

  async function takeBatch(partition: number, messages: readonly IncomingMessage[]): Promise<void> {
    const folded = positions.get(partition)
    if (folded === undefined) return
    const batch = readBatch(messages, folded)
    if (batch.length > 0) {
      const { commit, repeated } = await foldBatch(batch, rows, config)
      const revision = await rows.commit({ ...commit, positions: folded.advance(batch) })
      counters.folded += commit.anomalies.length
      counters.repeated += repeated
      if (commit.rows.length > 0) await wakeReaders(partition, revision)
      if (commit.ended.length > 0) await waits.check()
    }
    const last = messages.at(-1)
    if (last !== undefined) await subscription?.commit(partition, last.offset + 1)
  }

  /** Decodes what has not been folded yet. */
  function readBatch(messages: readonly IncomingMessage[], folded: Positions): AnomalyMessage[] {
    const batch: AnomalyMessage[] = []
    for (const { offset, value } of messages) {
      try {
        const message = decodeAnomalyMessage(value)
        if (folded.has(positionOf(message))) counters.skipped++
        else batch.push(message)
      } catch (err) {
        if (!isWardwatchError(err, 'RECORD_MALFORMED')) throw err
        counters.malformed++
        if (now() - loggedMs >= logEveryMs) {
          loggedMs = now()
          logger.error(
            { err, offset, malformed: counters.malformed },
            'anomaly unreadable, skipped',
          )
        }
      }
    }
    return batch
  }

  /** The rows are safe in the store already: readers that miss the wake-up find them at their next look. */
  async function wakeReaders(partition: number, revision: number): Promise<void> {
    const target = partition % bus.partitionCount('alerts')
    try {
      await bus.publish([{ topic: 'alerts', partition: target, value: encodeWakeUp({ revision }) }])
    } catch (err) {
      if (!isWardwatchError(err, 'BUS_UNAVAILABLE')) throw err
      logger.warn({ err, revision }, 'wake-up not sent, readers will look by themselves')
    }
  }

  function fail(error: unknown): void {
    logger.error({ err: error }, 'alert stage stopped')
    waits.rejectAll(error)
    deps.failed(error)
  }

  return {
    start: async () => {
      subscription = await bus.subscribe({
        topic: 'anomalies',
        group: config.group,
        handler: {
          // From the oldest message on: the positions in the store say what is folded, not the bus.
          assigned: async (partition) => {
            positions.set(partition, createPositions(partition, await rows.positions()))
            return 0
          },
          messages: takeBatch,
          revoked: async (partition) => {
            positions.delete(partition)
            await Promise.resolve()
          },
        },
        failed: fail,
      })
    },
    stop: async () => {
      const stopping = subscription
      subscription = null
      await stopping?.stop()
      waits.rejectAll(new Error('the alert stage was stopped'))
    },
    ended: (sensor, run, partitionCount) => waits.add(sensor, run, partitionCount),
    counters: () => ({ ...counters }),
  }
}
