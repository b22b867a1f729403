import type { Service } from '../records/service.ts'
import type { TimeUs } from '../records/time.ts'

/** `out`: what the device sent and the flows it opened; `in`: what it received and the flows opened towards it. */
export const seriesDirections = ['in', 'out'] as const
export type SeriesDirection = (typeof seriesDirections)[number]

/** Service of the points that count over all services: never to be summed with the others. */
export const allServices = 'all'

/** What one device did in one minute, in one direction, by one service. Written again, a point replaces itself. */
export interface TrafficPoint {
  /** Start of the minute, event time. */
  readonly minuteUs: TimeUs
  readonly site: string
  /** Host key of the device. */
  readonly device: string
  /** One of a closed list (history/series-services.ts), or `all`. */
  readonly service: string
  readonly direction: SeriesDirection
  /** Flows whose first record fell into this minute. */
  readonly flows: number
  readonly packets: number
  /** Headers included. */
  readonly ipBytes: number
  /** Distinct peers the packets went to or came from; at most 4,096 are told apart. */
  readonly peers: number
  /** Those of them that the device had never dealt with before this minute. */
  readonly newPeers: number
}

/** The highest score of an anomaly of the device that was decided in this minute. */
export interface ScorePoint {
  readonly minuteUs: TimeUs
  readonly site: string
  readonly device: string
  /** 0–1 */
  readonly score: number
}

export interface SeriesPoints {
  readonly traffic: readonly TrafficPoint[]
  readonly scores: readonly ScorePoint[]
}

/** Times are widened to whole steps; a step is a whole number of minutes, counted from the epoch. */
export interface SeriesQuestion {
  readonly site: string
  /** Keys of one device, by any of which its traffic was recorded: at most 64. */
  readonly devices: readonly string[]
  readonly fromUs: TimeUs
  /** Exclusive. */
  readonly toUs: TimeUs
  readonly stepMinutes: number
  /** Absent: over all services. */
  readonly service?: string
}

/** One step of one direction; steps without traffic are absent. */
export interface SeriesStep {
  readonly startUs: TimeUs
  readonly direction: SeriesDirection
  readonly flows: number
  readonly packets: number
  readonly ipBytes: number
  readonly newPeers: number
  /** The most peers in any minute of the step. */
  readonly peersMax: number
}

export interface ScoreStep {
  readonly startUs: TimeUs
  readonly scoreMax: number
}

/** In the order of time; of one time, `in` before `out`. */
export interface SeriesAnswer {
  readonly traffic: readonly SeriesStep[]
  readonly scores: readonly ScoreStep[]
}

/** What a device did by one service over a whole time. */
export interface ServiceTotal {
  readonly service: string
  readonly direction: SeriesDirection
  readonly flows: number
  readonly packets: number
  readonly ipBytes: number
}

/** Points that were taken in and are not, or no longer, in the store: each counted once, by cause. */
export interface SeriesLosses {
  readonly points: number
  readonly byCause: Readonly<Record<string, number>>
}

export interface SeriesStatus {
  /** Bytes taken in that are not in the store yet. */
  readonly waitingBytes: number
  /** Why the last write failed; null when it went well. */
  readonly lastFailure: string | null
  /** Since the data was begun, not since the start. */
  readonly losses: SeriesLosses
}

/**
 * One-minute series of devices, and nothing else: no address, port or name of a peer, no flow.
 * Every promise is tested by tests/contracts/series-store.contract.ts against each adapter.
 */
export interface SeriesStore extends Service {
  /**
   * Resolves when the points cannot be lost with this process; they may be asked for after `settled`. The same points
   * may be written again, and replace themselves.
   * @throws WardwatchError SERIES_STORE_FAILED: they may have been written or not; write them again.
   */
  write(points: SeriesPoints): Promise<void>
  /**
   * Resolves when everything written so far is answered from, or counted as lost.
   * @throws WardwatchError SERIES_STORE_FAILED when that is not so after `timeoutMs`.
   */
  settled(timeoutMs: number): Promise<void>
  /** @throws WardwatchError SERIES_STORE_FAILED (retryable) */
  series(question: SeriesQuestion): Promise<SeriesAnswer>
  /** Largest first, by IP bytes, then service and direction. @throws WardwatchError SERIES_STORE_FAILED (retryable) */
  services(question: Omit<SeriesQuestion, 'service' | 'stepMinutes'>): Promise<ServiceTotal[]>
  status(): SeriesStatus
}

const devicesMax = 64
const stepMinutesMax = 60 * 24 * 366
/** Steps of one answer: a chart shows fewer than its width in pixels. */
export const seriesStepsMax = 20_000

/**
 * The question with its times on whole steps, as every adapter answers it.
 * @throws RangeError when it asks for too much, or for nothing that can be answered; the caller has checked its user's words.
 */
export function wholeSteps<Q extends Omit<SeriesQuestion, 'stepMinutes'>>(
  question: Q,
  stepMinutes: number,
): Q {
  if (!Number.isInteger(stepMinutes) || stepMinutes < 1 || stepMinutes > stepMinutesMax)
    throw new RangeError(`a step has 1 to ${stepMinutesMax} whole minutes`)
  if (question.devices.length === 0 || question.devices.length > devicesMax)
    throw new RangeError(`1 to ${devicesMax} keys of a device`)
  const stepUs = stepMinutes * 60_000_000
  const fromUs = Math.floor(question.fromUs / stepUs) * stepUs
  const toUs = Math.ceil(question.toUs / stepUs) * stepUs
  if (!(fromUs < toUs)) throw new RangeError('the time asked for is empty')
  if ('stepMinutes' in question && (toUs - fromUs) / stepUs > seriesStepsMax)
    throw new RangeError(`an answer has at most ${seriesStepsMax} steps: ask for longer ones`)
  return { ...question, fromUs, toUs }
}
