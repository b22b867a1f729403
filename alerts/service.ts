import type { AnomalyMessage } from '../records/anomaly.ts'
import { decodeAnomalyMessage } from '../records/codec.ts'
import { isWardwatchError, WardwatchError } from '../records/errors.ts'
import type { Logger, Service } from '../records/service.ts'
import type { Bus, IncomingMessage, Subscription } from '../bus/bus.ts'
import type { FoldCommit, StateStore } from '../store/state-store.ts'
import type { AlertsConfig } from './config.ts'
import { createEndWaits } from './end-waits.ts'
import { foldBatch, type FoldedBatch, type RowChange } from './fold-batch.ts'
import type { ObligationDraft } from '../store/outbox-store.ts'
import { wakeReaders } from './wake-readers.ts'
import { createPositions, positionOf, type Positions } from './positions.ts'

export interface AlertsDeps {
  readonly bus: Bus
  readonly states: Pick<StateStore, 'alerts'>
  readonly logger: Logger
  /** Wall clock in ms: limits how often a fault is logged. */
  readonly now: () => number
  /** Called once when the stage has stopped for good: ALERT_STORE_FAILED, or the bus broke (fail-stop). */
  readonly failed: (error: unknown) => void
  /** What the changes of a fold make owed to receivers; nothing when left out. */
  readonly owed?: (changes: readonly RowChange[]) => ObligationDraft[]
  /** Rows were written: whoever delivers in this process need not wait for its next look. */
  readonly changed?: () => void
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
  /** Times another process had folded the same partition further, so that it was taken up anew from the store. */
  overtaken: number
  /** Times a person changed a row while anomalies were folded into it, so that they were folded again. */
  refolded: number
}

export interface AlertsService extends Service {
  /**
   * Resolves when every partition of the observations topic has reported the end of the input of (sensor, run), and
   * what came before it is in the store; whichever process folded it. Rejects when the stage fails or stops first.
   */
  ended(sensor: string, run: string, partitionCount: number): Promise<void>
  counters(): AlertsCounters
}

/** At most one log line of a kind in this many ms; the counters it names tell of the others. */
const logEveryMs = 10_000

/**
 * The alert stage: anomalies in, rows with a life out. One batch of the bus is one transaction of the store, which holds
 * the rows and the positions they came from; only then the next batch is taken and the readers are woken.
 */
export function createAlerts(config: AlertsConfig, deps: AlertsDeps): AlertsService {
  const { bus, logger, now } = deps
  const rows = deps.states.alerts
  const counters: AlertsCounters = {
    folded: 0,
    skipped: 0,
    repeated: 0,
    malformed: 0,
    overtaken: 0,
    refolded: 0,
  }
  const positions = new Map<number, Positions>()
  const waits = createEndWaits(rows)
  const logMalformed = seldom(now, (fields) => logger.error(fields, 'anomaly unreadable, skipped'))
  const logOvertaken = seldom(now, (fields) =>
    logger.warn(fields, 'another process folds the same anomalies, taking them up behind it'),
  )
  let subscription: Subscription | null = null

  async function takeBatch(partition: number, messages: readonly IncomingMessage[]): Promise<void> {
    const folded = positions.get(partition)
    if (folded === undefined) return
    await fold(partition, readBatch(messages), folded)
    const last = messages.at(-1)
    if (last !== undefined) await subscription?.commit(partition, last.offset + 1)
  }

  /** Folds what the store has not seen yet. */
  async function fold(
    partition: number,
    messages: readonly AnomalyMessage[],
    folded: Positions,
  ): Promise<void> {
    const batch = messages.filter((message) => !folded.has(positionOf(message)))
    counters.skipped += messages.length - batch.length
    if (batch.length === 0) return
    const moves = folded.advance(batch)
    const stored = await store(batch, moves)
    if (stored === null) {
      await fold(partition, batch, await takeAnew(partition, batch))
      return
    }
    const { commit, repeated, revision } = stored
    counters.folded += commit.anomalies.length
    counters.repeated += repeated
    if (commit.rows.length > 0) {
      deps.changed?.()
      await wakeReaders({ bus, logger }, partition, revision)
    }
    if (commit.ended.length > 0) await waits.check()
  }

  /**
   * Folds and writes, again for as long as people change the rows in between. Null when another process has folded the
   * partition since it was read.
   */
  async function store(
    batch: readonly AnomalyMessage[],
    moves: FoldCommit['moves'],
  ): Promise<(FoldedBatch & { revision: number }) | null> {
    for (;;) {
      const folded = await foldBatch(batch, rows, config)
      const obligations = deps.owed?.(folded.changes) ?? []
      try {
        const revision = await rows.commit({ ...folded.commit, moves, obligations })
        return { ...folded, revision }
      } catch (err) {
        if (isWardwatchError(err, 'ALERT_CHANGED')) {
          counters.refolded++
          continue
        }
        if (!isWardwatchError(err, 'PARTITION_LOST')) throw err
        counters.overtaken++
        logOvertaken({ err, overtaken: counters.overtaken })
        return null
      }
    }
  }

  /**
   * Reads how far the other process has come. Nobody can tell here which of the two is to go on, and the one that was
   * faster may be the one that is about to end; so neither gives up until the bus takes its partition away.
   * @throws WardwatchError PARTITION_LOST when nothing of the batch is folded: then the store has gone back, and only
   * reading the topic anew gives what lies between (fail-stop).
   */
  async function takeAnew(partition: number, batch: readonly AnomalyMessage[]): Promise<Positions> {
    const folded = createPositions(partition, await rows.positions())
    positions.set(partition, folded)
    if (batch.some((message) => folded.has(positionOf(message)))) return folded
    throw new WardwatchError(
      'PARTITION_LOST',
      'the store has forgotten what was folded: start again, so that the anomalies are read anew',
      { fields: { partition } },
    )
  }

  /** Decodes what can be read. */
  function readBatch(messages: readonly IncomingMessage[]): AnomalyMessage[] {
    const batch: AnomalyMessage[] = []
    for (const { offset, value } of messages) {
      try {
        batch.push(decodeAnomalyMessage(value))
      } catch (err) {
        if (!isWardwatchError(err, 'RECORD_MALFORMED')) throw err
        counters.malformed++
        logMalformed({ err, offset, malformed: counters.malformed })
      }
    }
    return batch
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

function seldom(now: () => number, log: (fields: object) => void): (fields: object) => void {
  let loggedMs = -Infinity
  return (fields) => {
    if (now() - loggedMs < logEveryMs) return
    loggedMs = now()
    log(fields)
  }
}
