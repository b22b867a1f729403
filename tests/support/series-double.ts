import { WardwatchError } from '../../records/errors.ts'
import type { ScorePoint, SeriesStore, TrafficPoint } from '../../store/series-store.ts'

/** A series store in memory that can be told to refuse; counts how often each point was written. */
export interface SeriesDouble extends SeriesStore {
  readonly traffic: Map<string, TrafficPoint>
  readonly scores: Map<string, ScorePoint>
  readonly writes: () => number
  isDown: boolean
}

export function createSeriesDouble(): SeriesDouble {
  const traffic = new Map<string, TrafficPoint>()
  const scores = new Map<string, ScorePoint>()
  let writes = 0
  const never = () => Promise.reject(new Error('the double answers no questions'))
  return {
    traffic,
    scores,
    writes: () => writes,
    isDown: false,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    async write(points) {
      await Promise.resolve()
      if (this.isDown)
        throw new WardwatchError('SERIES_STORE_FAILED', 'told to refuse', { retryable: true })
      writes++
      for (const p of points.traffic)
        traffic.set(`${p.minuteUs}|${p.site}|${p.device}|${p.service}|${p.direction}`, p)
      for (const p of points.scores) scores.set(`${p.minuteUs}|${p.site}|${p.device}`, p)
    },
    settled: () => Promise.resolve(),
    series: never,
    services: never,
    status: () => ({
      waitingBytes: 0,
      lastFailure: null,
      losses: { points: 0, byCause: {} },
    }),
  }
}
