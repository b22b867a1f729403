import { deserialize, serialize } from 'node:v8'
import { decodeAnomalyMessage, decodeObservation } from '../records/codec.ts'
import { WardwatchError } from '../records/errors.ts'
import type { HostKey } from '../records/observation.ts'
import type { ScorePoint, SeriesPoints } from '../store/series-store.ts'
import type { SeriesCommit } from '../store/series-state-store.ts'
import type { StateStore } from '../store/state-store.ts'
import { createKnownPeers } from './known-peers.ts'
import { createSeriesMinutes, type SeriesSnapshot } from './series-minutes.ts'
import { createSeriesScores } from './series-scores.ts'

/** Version of what is written as the state of a position. */
const stateVersion = 1
/** Device-minutes whose score is remembered, of one partition of `anomalies`. */
const scoresMax = 10_000

type Progress = Pick<SeriesCommit, 'state' | 'knownPeers' | 'forgotten'>

/** Points, and what to commit once they are safe. */
export interface SeriesBatch {
  readonly points: SeriesPoints
  readonly nextOffset: number
  readonly progress: Progress
}

/** One partition of one topic on its way to points. */
export interface SeriesReader {
  /** Where to go on, on a durable bus. */
  readonly nextOffset: number
  /** @throws WardwatchError RECORD_MALFORMED, RECORD_VERSION_UNKNOWN */
  onMessage(value: Uint8Array, offset: number): void
  waitingPoints(): number
  /** What has become points since the last call; null when nothing was read since. */
  take(): SeriesBatch | null
  /** @throws WardwatchError PARTITION_LOST when another writer has the partition; STATE_STORE_FAILED */
  commit(progress: Progress): Promise<void>
  counters(): { readonly rows: number; readonly lateRows: number; readonly overflowRows: number }
}

interface Deps {
  readonly states: Pick<StateStore, 'series'>
  readonly isDevice: (key: HostKey) => boolean
}

/** @throws WardwatchError STATE_INCOMPATIBLE, STATE_STORE_FAILED */
export async function openTraffic(
  limits: { readonly countersMax: number; readonly devicesMax: number },
  { states, isDevice }: Deps,
  partition: number,
): Promise<SeriesReader> {
  const { epoch, state } = await states.series.acquire('observations', partition)
  const known = createKnownPeers(await states.series.knownPeers(partition), limits.devicesMax)
  const from = decode(state) as SeriesSnapshot | null
  const minutes = createSeriesMinutes(limits, { known, isDevice }, from)
  let points = minutes.takePoints()
  let hasRead = false
  return {
    nextOffset: from?.nextOffset ?? 0,
    onMessage(value, offset) {
      hasRead = true
      minutes.onMessage(decodeObservation(value), offset)
      points = points.concat(minutes.takePoints())
    },
    waitingPoints: () => points.length,
    take() {
      if (!hasRead) return null
      hasRead = false
      const traffic = points
      points = []
      const snapshot = minutes.snapshot()
      const { changed, forgotten } = known.takeChanges()
      return {
        points: { traffic, scores: [] },
        nextOffset: snapshot.nextOffset,
        progress: { state: encode(snapshot), knownPeers: changed, forgotten },
      }
    },
    commit: (progress) =>
      states.series.commit({ reader: 'observations', partition, epoch, ...progress }),
    counters: () => minutes.counters(),
  }
}

interface SavedScores {
  readonly nextOffset: number
  readonly scores: readonly ScorePoint[]
}

/** @throws WardwatchError STATE_INCOMPATIBLE, STATE_STORE_FAILED */
export async function openScores(
  _limits: object,
  { states, isDevice }: Deps,
  partition: number,
): Promise<SeriesReader> {
  const { epoch, state } = await states.series.acquire('anomalies', partition)
  const from = decode(state) as SavedScores | null
  const scores = createSeriesScores(from?.scores ?? [], scoresMax)
  let nextOffset = from?.nextOffset ?? 0
  let hasRead = false
  return {
    nextOffset,
    onMessage(value, offset) {
      hasRead = true
      nextOffset = offset + 1
      const message = decodeAnomalyMessage(value)
      if (message.kind === 'anomaly' && isDevice(message.anomaly.viewKey))
        scores.onAnomaly(message.anomaly)
    },
    waitingPoints: () => scores.waitingPoints,
    take() {
      if (!hasRead) return null
      hasRead = false
      const saved: SavedScores = { nextOffset, scores: scores.save() }
      return {
        points: { traffic: [], scores: scores.takePoints() },
        nextOffset,
        progress: { state: encode(saved), knownPeers: [], forgotten: [] },
      }
    },
    commit: (progress) =>
      states.series.commit({ reader: 'anomalies', partition, epoch, ...progress }),
    counters: () => ({ rows: 0, lateRows: 0, overflowRows: 0 }),
  }
}

function encode(value: SeriesSnapshot | SavedScores): Uint8Array {
  return serialize([stateVersion, value])
}

/** @throws WardwatchError STATE_INCOMPATIBLE: another version of the program has written it. */
function decode(bytes: Uint8Array | null): unknown {
  if (bytes === null) return null
  const [version, value] = deserialize(bytes) as [unknown, unknown]
  if (version === stateVersion) return value
  throw new WardwatchError(
    'STATE_INCOMPATIBLE',
    'where the series go on was saved by another version of the program',
  )
}
