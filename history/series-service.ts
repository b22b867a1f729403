import type { Bus, IncomingMessage, Subscription } from '../bus/bus.ts'
import { isWardwatchError } from '../records/errors.ts'
import type { HostKey } from '../records/observation.ts'
import type { Logger, Service } from '../records/service.ts'
import type { SeriesStore } from '../store/series-store.ts'
import type { StateStore } from '../store/state-store.ts'
import { openScores, openTraffic, type SeriesReader } from './series-readers.ts'
import { createSeriesQueue, type SeriesQueue } from './series-queue.ts'
import { seldom } from './seldom.ts'

export interface SeriesLimits {
  /** Counters (device × service × direction) open at once in one partition. */
  readonly countersMax: number
  /** Devices of one partition whose peers are remembered. */
  readonly devicesMax: number
  /** Points that wait for the store, over all partitions. */
  readonly waitingPointsMax: number
}

export interface SeriesDeps {
  readonly bus: Bus
  readonly states: Pick<StateStore, 'series'>
  readonly store: SeriesStore
  /** Whether series are kept of a host: those of the outside would be as many as there are addresses. */
  readonly isDevice: (key: HostKey) => boolean
  readonly logger: Logger
  /** Wall clock in ms: how often is written and logged. It decides nothing else. */
  readonly now: () => number
  readonly failed: (error: unknown) => void
}

/** Totals since the start. */
export interface SeriesWriterCounters {
  readonly messages: number
  /** Messages that could not be read: counted, logged, skipped. */
  readonly malformed: number
  readonly rows: number
  readonly lateRows: number
  readonly overflowRows: number
  /** Points handed to the store, those written again included. */
  readonly points: number
  /** Points given up here because the store did not take them for too long. */
  readonly lostPoints: number
  /** Partitions that another writer has taken meanwhile. */
  readonly partitionsLost: number
}

export interface SeriesWriter extends Service {
  counters(): SeriesWriterCounters
}

const group = 'series'
/** Closed minutes are handed to the store this often: a live chart is a minute behind anyway. */
const flushMs = 1_000
/** What has been read is committed at least this often when there are no points. */
const commitMs = 60_000
/** Points that are handed over at once, without waiting for the next flush. */
const flushPoints = 5_000

interface Held {
  readonly reader: SeriesReader
  readonly queue: SeriesQueue
  flushedMs: number
}

/**
 * Writes the one-minute series: flow views of `observations`, scores of `anomalies`. Where to go on is committed once
 * the points before it are safe in the store, so that whoever goes on there repeats whole points. A store that does not
 * take them holds this group back on a durable bus; in memory that would hold up detection, so there the oldest points
 * go, and are counted.
 */
export function createSeriesWriter(limits: SeriesLimits, deps: SeriesDeps): SeriesWriter {
  const { bus, now } = deps
  const logger = deps.logger.child({ stage: 'history', part: 'series' })
  const held = { observations: new Map<number, Held>(), anomalies: new Map<number, Held>() }
  const counts = { messages: 0, malformed: 0, points: 0, lostPoints: 0, partitionsLost: 0 }
  const ended = { rows: 0, lateRows: 0, overflowRows: 0 }
  const waiting = { points: 0 }
  const warnMalformed = seldom(now, (fields) => logger.warn(fields, 'message unreadable, skipped'))
  let subscriptions: Subscription[] = []
  let timer: NodeJS.Timeout | null = null
  let stopped = Promise.withResolvers<undefined>()

  async function assigned(topic: keyof typeof held, partition: number): Promise<number> {
    const open = topic === 'observations' ? openTraffic : openScores
    const reader = await open(limits, deps, partition)
    const queue = createSeriesQueue({
      ...deps,
      logger,
      counts,
      waiting,
      waitingPointsMax: limits.waitingPointsMax,
      commit: (state) => reader.commit(state),
      committed: (nextOffset) => tellGroup(topic, partition, nextOffset),
      lost: () => held[topic].delete(partition),
    })
    held[topic].set(partition, { reader, queue, flushedMs: now() })
    return bus.isDurable ? reader.nextOffset : 0
  }

  function tellGroup(topic: keyof typeof held, partition: number, nextOffset: number): void {
    const subscription = subscriptions[topic === 'observations' ? 0 : 1]
    // It tells of lag only: that it was not told says nothing that the next one does not make good.
    subscription?.commit(partition, nextOffset).catch((err: unknown) => {
      logger.debug({ err, topic, partition }, 'position not told to the bus')
    })
  }

  async function messages(
    topic: keyof typeof held,
    partition: number,
    incoming: readonly IncomingMessage[],
  ): Promise<void> {
    const own = held[topic].get(partition)
    // Lost to another writer: what still arrives here is its to count.
    if (own === undefined) return
    for (const { offset, value } of incoming) {
      counts.messages++
      try {
        own.reader.onMessage(value, offset)
      } catch (err) {
        if (
          !isWardwatchError(err, 'RECORD_MALFORMED') &&
          !isWardwatchError(err, 'RECORD_VERSION_UNKNOWN')
        )
          throw err
        counts.malformed++
        warnMalformed({ err, topic, partition, offset, malformed: counts.malformed })
      }
    }
    if (own.reader.waitingPoints() >= flushPoints) handOver(own)
    else flush(own)
    if (bus.isDurable) await Promise.race([own.queue.room(), stopped.promise])
  }

  function flush(own: Held): void {
    const dueMs = own.reader.waitingPoints() > 0 ? flushMs : commitMs
    if (now() - own.flushedMs >= dueMs) handOver(own)
  }

  function handOver(own: Held): void {
    own.flushedMs = now()
    const batch = own.reader.take()
    if (batch !== null) own.queue.add(batch)
  }

  async function revoked(topic: keyof typeof held, partition: number): Promise<void> {
    const own = held[topic].get(partition)
    if (own === undefined) return
    handOver(own)
    held[topic].delete(partition)
    await own.queue.close()
    const { rows, lateRows, overflowRows } = own.reader.counters()
    ended.rows += rows
    ended.lateRows += lateRows
    ended.overflowRows += overflowRows
  }

  async function subscribe(topic: keyof typeof held): Promise<Subscription> {
    return bus.subscribe({
      topic,
      group,
      handler: {
        assigned: (partition) => assigned(topic, partition),
        messages: (partition, incoming) => messages(topic, partition, incoming),
        revoked: (partition) => revoked(topic, partition),
      },
      failed: (err) => {
        logger.error({ err }, 'series stopped')
        deps.failed(err)
      },
    })
  }

  const all = () => [...held.observations.values(), ...held.anomalies.values()]

  return {
    async start() {
      stopped = Promise.withResolvers()
      subscriptions = [await subscribe('observations'), await subscribe('anomalies')]
      timer = setInterval(() => all().forEach(flush), flushMs)
    },
    async stop() {
      if (timer !== null) clearInterval(timer)
      timer = null
      stopped.resolve(undefined)
      const stopping = subscriptions
      subscriptions = []
      await Promise.all(stopping.map((subscription) => subscription.stop()))
      // A bus that has failed gives nothing back.
      await Promise.all(
        (['observations', 'anomalies'] as const).flatMap((topic) =>
          [...held[topic].keys()].map((partition) => revoked(topic, partition)),
        ),
      )
    },
    counters() {
      const sum = { ...ended }
      for (const { reader } of held.observations.values()) {
        const { rows, lateRows, overflowRows } = reader.counters()
        sum.rows += rows
        sum.lateRows += lateRows
        sum.overflowRows += overflowRows
      }
      return { ...counts, ...sum }
    },
  }
}
