import type { SeriesAnswer, SeriesQuestion, ServiceTotal } from '../../series-store.ts'

/** Traffic points by column, all of one length: an object a point costs more on the way than in the database. */
export interface TrafficColumns {
  /** Minutes since the epoch. */
  readonly minute: Int32Array
  readonly site: readonly string[]
  readonly device: readonly string[]
  readonly service: readonly string[]
  /** 1 where the direction is `out`. */
  readonly isOut: Uint8Array
  readonly flows: Float64Array
  readonly packets: Float64Array
  readonly ipBytes: Float64Array
  readonly peers: Int32Array
  readonly newPeers: Int32Array
}

export interface ScoreColumns {
  readonly minute: Int32Array
  readonly site: readonly string[]
  readonly device: readonly string[]
  readonly score: Float64Array
}

/** What the child answers about series; times of questions are on whole steps. */
export interface SeriesRequests {
  /** Committed when answered. A later point of a request replaces an earlier one of the same key. */
  seriesWrite: {
    request: {
      readonly traffic: TrafficColumns
      readonly scores: ScoreColumns
      readonly minuteDays: number
      readonly hourDays: number
    }
    response: null
  }
  seriesAsk: { request: SeriesQuestion; response: SeriesAnswer }
  seriesServices: {
    request: Omit<SeriesQuestion, 'service' | 'stepMinutes'>
    response: ServiceTotal[]
  }
}
