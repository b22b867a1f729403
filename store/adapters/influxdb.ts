import { setTimeout as sleep } from 'node:timers/promises'
import { InfluxDB, setLogger } from '@influxdata/influxdb-client'
import { WardwatchError } from '../../records/errors.ts'
import type { Logger } from '../../records/service.ts'
import type { InfluxdbSeriesConfig } from '../series-config.ts'
import { type SeriesStore, wholeSteps } from '../series-store.ts'
import type { InfluxdbAccess } from './influxdb/access.ts'
import { linesOf } from './influxdb/lines.ts'
import { createQuestions } from './influxdb/questions.ts'
import { createDelivery, createWriteLines, type Delivery, NotTaken } from './influxdb/sender.ts'
import { openSpool, type Segment, type Spool } from './influxdb/spool.ts'

export interface InfluxdbDeps {
  readonly logger: Logger
  readonly access: InfluxdbAccess
  /** Where points wait that the server has not taken; null: questions only, in a process that writes nothing. */
  readonly spoolFolder: string | null
}

interface Running {
  readonly spool: Spool
  readonly sending: Promise<void>
  readonly stop: () => void
}

/** How long `stop` waits for a request that is under way; its segment stays on disk until it is known to be written. */
const stopMsMax = 5_000

/** A warning about the server at most this often; the counts it names tell of the others. */
const logEveryMs = 10_000

/**
 * Series in InfluxDB 2. A write resolves when its points are in a spool on disk; from there they are sent, oldest first,
 * one batch after the other, for as long as it takes. What the server refuses for good is recorded point by point.
 */
export function createInfluxdbSeriesStore(
  config: InfluxdbSeriesConfig,
  deps: InfluxdbDeps,
): SeriesStore {
  const { url, org, token } = deps.access
  const logger = deps.logger.child({ stage: 'store', part: 'influxdb' })
  // Whatever it tells is told to us as an error, too.
  setLogger({ error: () => undefined, warn: () => undefined })
  const client = new InfluxDB({ url, token, timeout: config.timeoutMs })
  const write = createWriteLines(client, org, config.bucket)
  const questions = createQuestions(client.getQueryApi(org), config.bucket)
  let running: Running | null = null
  let lastFailure: string | null = null
  let loggedMs = -Infinity

  async function send(spool: Spool, stopping: AbortSignal, stopped: Promise<void>): Promise<void> {
    let failures = 0
    let sending: { segment: Segment; delivery: Delivery } | null = null
    while (!stopping.aborted) {
      const filled = spool.filled()
      const pauseMs = await attempt(spool, failures, async () => {
        sending ??= await begin(spool)
        if (sending === null) return false
        const { segment, delivery } = sending
        if (!delivery.isDone) await delivery.step(write)
        if (delivery.isDone) {
          await finish(spool, segment, delivery)
          sending = null
        }
        return true
      })
      failures = typeof pauseMs === 'number' ? failures + 1 : 0
      if (typeof pauseMs === 'number') await Promise.race([sleep(pauseMs), stopped])
      else if (pauseMs === 'empty') await Promise.race([filled, stopped])
    }
  }

  /** @returns how long to wait before the next attempt, after a failure; else whether there was anything to send */
  async function attempt(
    spool: Spool,
    failures: number,
    once: () => Promise<boolean>,
  ): Promise<number | 'empty' | 'sent'> {
    try {
      return (await once()) ? 'sent' : 'empty'
    } catch (err) {
      lastFailure = err instanceof Error ? err.message : String(err)
      const isRefusal = err instanceof NotTaken && err.isRefusal
      const asked = err instanceof NotTaken ? err.retryAfterMs : null
      const pauseMs = asked ?? (isRefusal ? config.retryDelayMsMax : backOff(failures))
      tellFailure(err, isRefusal, pauseMs, spool.waitingBytes)
      return pauseMs
    }
  }

  async function begin(spool: Spool): Promise<{ segment: Segment; delivery: Delivery } | null> {
    const segment = await spool.next()
    return segment === null ? null : { segment, delivery: createDelivery(segment.lines) }
  }

  async function finish(spool: Spool, segment: Segment, { lost }: Delivery): Promise<void> {
    await spool.done(segment, lost)
    if (lost.length > 0) tellLosses(lost[0]!.cause, lost.length, spool)
    if (lastFailure !== null) logger.info({}, 'series are written again')
    lastFailure = null
  }

  /** Half of the pause is fixed, half is drawn: processes that failed together do not come back together. */
  function backOff(failures: number): number {
    const ms = Math.min(config.retryDelayMs * 2 ** Math.min(failures, 20), config.retryDelayMsMax)
    return ms / 2 + (Math.random() * ms) / 2
  }

  function tellFailure(err: unknown, isRefusal: boolean, pauseMs: number, waiting: number): void {
    if (performance.now() - loggedMs < logEveryMs) return
    loggedMs = performance.now()
    const fields = { err, pauseMs, waitingBytes: waiting }
    if (isRefusal) logger.error(fields, 'series refused: look at url, org, bucket and token')
    else logger.warn(fields, 'series not taken, trying again')
  }

  function tellLosses(cause: string, points: number, spool: Spool): void {
    logger.error({ cause, points, losses: spool.losses.totals() }, 'series points lost')
  }

  async function asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (cause) {
      if (cause instanceof RangeError) throw cause
      throw failed('the question was not answered', cause)
    }
  }

  return {
    async start() {
      const { spoolFolder } = deps
      if (running !== null || spoolFolder === null) return
      const spool = await openSpool({
        folder: spoolFolder,
        bytesMax: config.spoolBytesMax,
        linesMax: config.batchPoints,
      })
      const stopping = new AbortController()
      const stopped = Promise.withResolvers<undefined>()
      const stop = () => {
        stopping.abort()
        stopped.resolve(undefined)
      }
      running = { spool, stop, sending: send(spool, stopping.signal, stopped.promise) }
      logger.info(
        { url, org, bucket: config.bucket, waitingBytes: spool.waitingBytes },
        'series store open',
      )
    },
    async stop() {
      if (running === null) return
      const { spool, sending, stop } = running
      running = null
      stop()
      await Promise.race([sending, sleep(stopMsMax)])
      await spool.close()
    },
    async write(points) {
      if (running === null) throw failed('the series store is not open')
      const lines = linesOf(points)
      if (lines.length === 0) return
      const before = running.spool.losses.totals().points
      try {
        await running.spool.append(lines)
      } catch (cause) {
        throw failed('the spool could not be written', cause)
      }
      const lost = running.spool.losses.totals().points - before
      if (lost > 0) tellLosses('spool-full', lost, running.spool)
    },
    async settled(timeoutMs) {
      if (running === null) throw failed('the series store is not open')
      const deadline = performance.now() + timeoutMs
      while (running.spool.waitingBytes > 0) {
        const leftMs = deadline - performance.now()
        if (leftMs <= 0)
          throw failed(`not all written after ${timeoutMs} ms (${lastFailure ?? 'no failure'})`)
        await sleep(Math.min(leftMs, 20))
      }
    },
    series: (question) => asked(() => questions.series(wholeSteps(question, question.stepMinutes))),
    services: (question) => asked(() => questions.services(wholeSteps(question, 1))),
    status: () => ({
      waitingBytes: running?.spool.waitingBytes ?? 0,
      lastFailure,
      losses: running?.spool.losses.totals() ?? { points: 0, byCause: {} },
    }),
  }
}

function failed(what: string, cause?: unknown): WardwatchError {
  const text = cause instanceof Error ? `${what}: ${cause.message}` : what
  return new WardwatchError('SERIES_STORE_FAILED', `InfluxDB: ${text}`, { retryable: true, cause })
}
