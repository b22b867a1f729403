import type { Anomaly, AnomalyMessage } from '../records/anomaly.ts'
import { rowKeyOf } from '../records/anomaly.ts'
import { decodeAnomalyMessage } from '../records/codec.ts'
import { isWardwatchError } from '../records/errors.ts'
import type { Logger, Service } from '../records/service.ts'
import { encodeWakeUp } from '../records/wake-up.ts'
import type { Bus, IncomingMessage, Subscription } from '../bus/bus.ts'
import type { AlertRows, FoldCommit, StateStore } from '../store/state-store.ts'
import type { AlertsConfig } from './config.ts'
import { type Episode, foldAnomaly } from './fold.ts'
import { createPositions, type Positions } from './positions.ts'

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

/** How often the store is asked for ends that another process has folded, in ms. */
const endPollMs = 250
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
      const commit = await foldBatch(batch, rows, config, counters)
      const revision = await rows.commit({ ...commit, positions: folded.advance(batch) })
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

function positionOf(message: AnomalyMessage): Anomaly['position'] {
  return message.kind === 'anomaly' ? message.anomaly.position : message.position
}

/** Folds a batch in its order; rows that several of its anomalies change are written once. */
async function foldBatch(
  batch: readonly AnomalyMessage[],
  rows: AlertRows,
  config: AlertsConfig,
  counters: AlertsCounters,
): Promise<Omit<FoldCommit, 'positions'>> {
  const newest = new Map<string, Episode | null>()
  const changed = new Map<string, Episode['row']>()
  const anomalies: { alertId: string; anomaly: Anomaly }[] = []
  const ended: FoldCommit['ended'][number][] = []
  for (const message of batch) {
    if (message.kind === 'ended') {
      const { sensor, run, position } = message
      ended.push({ sensor, run, partition: position.partition })
      continue
    }
    const { anomaly } = message
    const rowKey = rowKeyOf(anomaly)
    const existing = newest.has(rowKey) ? newest.get(rowKey)! : await loadEpisode(rows, rowKey)
    const episode = foldAnomaly(existing, anomaly, config)
    newest.set(rowKey, episode)
    if (episode === existing) {
      counters.repeated++
      continue
    }
    counters.folded++
    changed.set(episode.row.id, episode.row)
    anomalies.push({ alertId: episode.row.id, anomaly })
  }
  return { anomalies, rows: [...changed.values()], ended }
}

async function loadEpisode(rows: AlertRows, rowKey: string): Promise<Episode | null> {
  const row = await rows.newestOf(rowKey)
  return row === null ? null : { row, anomalies: await rows.anomaliesOf(row.id) }
}

interface EndWait {
  readonly sensor: string
  readonly run: string
  readonly partitionCount: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Who waits for an input's end. The store is the only source, so that it works across processes. */
function createEndWaits(rows: AlertRows) {
  let waits: readonly EndWait[] = []
  let timer: NodeJS.Timeout | null = null

  async function check(): Promise<void> {
    for (const wait of waits) {
      const ended = await rows.endedPartitions(wait.sensor, wait.run)
      if (ended < wait.partitionCount) continue
      waits = waits.filter((other) => other !== wait)
      wait.resolve()
    }
  }

  function rejectAll(error: unknown): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const rejected = waits
    waits = []
    for (const wait of rejected) wait.reject(error)
  }

  function poll(): void {
    timer = null
    check().then(arm, rejectAll)
  }

  function arm(): void {
    if (timer === null && waits.length > 0) timer = setTimeout(poll, endPollMs)
  }

  return {
    check,
    rejectAll,
    add: (sensor: string, run: string, partitionCount: number): Promise<void> => {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>()
      const wait = { sensor, run, partitionCount, resolve: () => resolve(undefined), reject }
      waits = [...waits, wait]
      poll()
      return promise
    },
  }
}
