import { isWardwatchError } from '../records/errors.ts'
import type { Logger } from '../records/service.ts'
import type { SeriesPoints, SeriesStore } from '../store/series-store.ts'
import { seldom } from './seldom.ts'
import type { SeriesBatch } from './series-readers.ts'

interface QueueDeps {
  readonly store: SeriesStore
  readonly logger: Logger
  readonly now: () => number
  readonly counts: { points: number; lostPoints: number; partitionsLost: number }
  /** Points that wait, over all queues. */
  readonly waiting: { points: number }
  readonly waitingPointsMax: number
  readonly commit: (progress: SeriesBatch['progress']) => Promise<void>
  /** What lies before this offset is safe. */
  readonly committed: (nextOffset: number) => void
  /** Another writer has the partition. */
  readonly lost: () => void
}

/** Batches of one partition on their way to the store, and their commits behind them, in order. */
export interface SeriesQueue {
  add(batch: SeriesBatch): void
  /** Resolves when no more than one batch waits. */
  room(): Promise<void>
  /** Waits until all is written, but not for a store that does not answer: what is left will be repeated. */
  close(): Promise<void>
}

/** Points of one batch that was joined from smaller ones. */
const batchPointsMax = 10_000
const retryMsMin = 200
const retryMsMax = 10_000
const closeMsMax = 5_000

/** A store that fails is asked again, with growing pauses, until it takes the batch or the queue is closed. */
export function createSeriesQueue(deps: QueueDeps): SeriesQueue {
  const { counts, waiting, logger } = deps
  let batches: SeriesBatch[] = []
  let isRunning = false
  let running: Promise<void> = Promise.resolve()
  let closing = false
  const closed = Promise.withResolvers<undefined>()
  const warn = seldom(deps.now, (fields) => logger.warn(fields, 'series not written, trying again'))
  const tellLoss = seldom(deps.now, (fields) =>
    logger.error(fields, 'series points lost: the store takes none'),
  )

  async function run(): Promise<void> {
    for (let batch = batches[0]; batch !== undefined; batch = batches[0]) {
      if (!(await untilDone(() => written(batch.points)))) return
      counts.points += sizeOf(batch.points)
      if (!(await untilDone(() => deps.commit(batch.progress)))) return
      deps.committed(batch.nextOffset)
      // While it was written, its points may have been given up to make room: it is the first all the same.
      waiting.points -= sizeOf(batches[0]!.points)
      batches.shift()
    }
  }

  async function written(points: SeriesPoints): Promise<void> {
    if (sizeOf(points) > 0) await deps.store.write(points)
  }

  /** @returns false when it was given up: the queue is closed, or the partition is another's. */
  async function untilDone(call: () => Promise<void>): Promise<boolean> {
    for (let pauseMs = retryMsMin; ; pauseMs = Math.min(pauseMs * 2, retryMsMax)) {
      try {
        await call()
        return true
      } catch (err) {
        if (isWardwatchError(err, 'PARTITION_LOST')) {
          counts.partitionsLost++
          logger.warn({ err }, 'series of a partition are written by another process')
          drop()
          deps.lost()
          return false
        }
        if (!isWardwatchError(err)) throw err
        warn({ err, waitingPoints: waiting.points, pauseMs })
      }
      if (closing) return false
      await Promise.race([pause(pauseMs), closed.promise])
    }
  }

  function drop(): void {
    for (const { points } of batches) waiting.points -= sizeOf(points)
    batches = []
  }

  /** The oldest points of this queue go, never what is to be committed: later batches rest on it. */
  function makeRoom(): void {
    for (let i = 1; i < batches.length && waiting.points > deps.waitingPointsMax; i++) {
      const batch = batches[i]!
      const size = sizeOf(batch.points)
      if (size === 0) continue
      batches[i] = { ...batch, points: { traffic: [], scores: [] } }
      waiting.points -= size
      if (i > 1 && sizeOf(batches[i - 1]!.points) === 0)
        batches.splice(--i, 2, joined(batches[i]!, batches[i + 1]!))
      counts.lostPoints += size
      tellLoss({ points: size, lostPoints: counts.lostPoints })
    }
  }

  /** Behind the batch that is being written, small ones become one: what waits for hours must not be many. */
  function joinLast(): void {
    while (batches.length > 2) {
      const [earlier, later] = [batches.at(-2)!, batches.at(-1)!]
      if (sizeOf(earlier.points) + sizeOf(later.points) > batchPointsMax) return
      batches.splice(-2, 2, joined(earlier, later))
    }
  }

  /** The end of a run is known at once: a batch that is added next begins another. */
  async function start(): Promise<void> {
    try {
      await run()
    } catch (err) {
      // A fault of ours, not of the store: the batch stays, and is tried again with the next one.
      logger.error({ err }, 'series could not be written')
    } finally {
      isRunning = false
    }
  }

  return {
    add(batch) {
      waiting.points += sizeOf(batch.points)
      batches.push(batch)
      makeRoom()
      joinLast()
      if (isRunning) return
      isRunning = true
      running = start()
    },
    async room() {
      while (batches.length > 1 && isRunning && !closing)
        await Promise.race([running, closed.promise, pause(20)])
    },
    async close() {
      closing = true
      closed.resolve(undefined)
      await Promise.race([running, pause(closeMsMax)])
      drop()
    },
  }
}

/** Two batches as one: the points and peers of both; it goes on where the later one does. */
function joined(earlier: SeriesBatch, later: SeriesBatch): SeriesBatch {
  const newer = new Set(later.progress.knownPeers.map(({ device }) => device))
  const gone = new Set(later.progress.forgotten)
  const kept = earlier.progress.knownPeers.filter(
    ({ device }) => !newer.has(device) && !gone.has(device),
  )
  const stillGone = earlier.progress.forgotten.filter((device) => !newer.has(device))
  const { traffic, scores } = later.points
  return {
    ...later,
    points: {
      traffic: [...earlier.points.traffic, ...traffic],
      scores: [...earlier.points.scores, ...scores],
    },
    progress: {
      ...later.progress,
      knownPeers: [...kept, ...later.progress.knownPeers],
      forgotten: [...stillGone, ...later.progress.forgotten],
    },
  }
}

function sizeOf({ traffic, scores }: SeriesPoints): number {
  return traffic.length + scores.length
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
