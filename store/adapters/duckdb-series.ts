import { WardwatchError } from '../../records/errors.ts'
import { minuteUs } from '../../records/time.ts'
import type { DuckdbSeriesConfig } from '../series-config.ts'
import {
  type ScorePoint,
  type SeriesStore,
  type TrafficPoint,
  wholeSteps,
} from '../series-store.ts'
import type { ChildHost } from './duckdb/child-host.ts'
import type { ScoreColumns, SeriesRequests, TrafficColumns } from './duckdb/series-requests.ts'

/** Points of one request, and about what one takes in the queue. */
const requestPoints = 20_000
const pointBytes = 150

/**
 * Series in the process that keeps the history: single minutes, and hours for long-range charts. A write that was
 * answered is committed; one that failed may be or not.
 * @param deps.host started and stopped by whoever made it
 */
export function createDuckdbSeriesStore(
  config: DuckdbSeriesConfig,
  deps: { readonly host: ChildHost<SeriesRequests> },
): SeriesStore {
  const { host } = deps
  const { minuteDays, hourDays } = config
  let lastFailure: string | null = null
  let waitingBytes = 0

  async function writeSome(
    traffic: readonly TrafficPoint[],
    scores: readonly ScorePoint[],
  ): Promise<void> {
    const bytes = (traffic.length + scores.length) * pointBytes
    const request = { traffic: trafficColumns(traffic), scores: scoreColumns(scores) }
    await host.request('seriesWrite', { ...request, minuteDays, hourDays }, { bytes })
  }

  async function attempt<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (cause) {
      if (cause instanceof RangeError) throw cause
      const text = cause instanceof Error ? cause.message : String(cause)
      throw new WardwatchError('SERIES_STORE_FAILED', `DuckDB: ${what}: ${text}`, {
        retryable: true,
        cause,
      })
    }
  }

  return {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    async write({ traffic, scores }) {
      const bytes = (traffic.length + scores.length) * pointBytes
      waitingBytes += bytes
      try {
        await attempt('points not written', async () => {
          const most = Math.max(traffic.length, scores.length)
          for (let at = 0; at < most; at += requestPoints)
            await writeSome(
              traffic.slice(at, at + requestPoints),
              scores.slice(at, at + requestPoints),
            )
        })
        lastFailure = null
      } catch (error) {
        lastFailure = error instanceof Error ? error.message : String(error)
        throw error
      } finally {
        waitingBytes -= bytes
      }
    },
    // What a write has acknowledged is committed, and the next question sees it.
    settled: () => Promise.resolve(),
    series: (question) =>
      attempt('the question was not answered', () =>
        host.request('seriesAsk', wholeSteps(question, question.stepMinutes)),
      ),
    services: (question) =>
      attempt('the question was not answered', () =>
        host.request('seriesServices', wholeSteps(question, 1)),
      ),
    status: () => ({ waitingBytes, lastFailure, losses: { points: 0, byCause: {} } }),
  }
}

function trafficColumns(points: readonly TrafficPoint[]): TrafficColumns {
  return {
    minute: Int32Array.from(points, (p) => p.minuteUs / minuteUs),
    site: points.map((p) => p.site),
    device: points.map((p) => p.device),
    service: points.map((p) => p.service),
    isOut: Uint8Array.from(points, (p) => (p.direction === 'out' ? 1 : 0)),
    flows: Float64Array.from(points, (p) => p.flows),
    packets: Float64Array.from(points, (p) => p.packets),
    ipBytes: Float64Array.from(points, (p) => p.ipBytes),
    peers: Int32Array.from(points, (p) => p.peers),
    newPeers: Int32Array.from(points, (p) => p.newPeers),
  }
}

function scoreColumns(points: readonly ScorePoint[]): ScoreColumns {
  return {
    minute: Int32Array.from(points, (p) => p.minuteUs / minuteUs),
    site: points.map((p) => p.site),
    device: points.map((p) => p.device),
    score: Float64Array.from(points, (p) => p.score),
  }
}
