import type { Anomaly } from '../records/anomaly.ts'
import { minuteUs } from '../records/time.ts'
import type { ScorePoint } from '../store/series-store.ts'

/** Highest scores that have been told, so that a lower one told later does not replace them. */
export interface SeriesScores {
  onAnomaly(anomaly: Pick<Anomaly, 'site' | 'viewKey' | 'score' | 'timeUs'>): void
  /** Points that have risen since the last call; each holds the highest score so far. */
  takePoints(): ScorePoint[]
  readonly waitingPoints: number
  /** What a restarted writer begins with, so that it writes no lower score over a higher one. */
  save(): readonly ScorePoint[]
}

/**
 * The highest score of each device and minute. Unlike traffic, points are given out while their minute is open: the
 * maximum of what was told so far, whole at every moment. Told again, nothing changes.
 * @param scoresMax device-minutes remembered; beyond it the one told first is forgotten. It matters only when an
 * anomaly of that minute comes later still.
 */
export function createSeriesScores(saved: readonly ScorePoint[], scoresMax: number): SeriesScores {
  const highest = new Map(saved.map((point) => [keyOf(point), point]))
  const risen = new Map<string, ScorePoint>()
  return {
    onAnomaly({ site, viewKey, score, timeUs }) {
      const point = {
        minuteUs: Math.floor(timeUs / minuteUs) * minuteUs,
        site,
        device: viewKey,
        score,
      }
      const key = keyOf(point)
      if ((highest.get(key)?.score ?? -1) >= score) return
      if (!highest.has(key) && highest.size >= scoresMax) highest.delete(first(highest))
      highest.set(key, point)
      risen.set(key, point)
    },
    takePoints() {
      const points = [...risen.values()]
      risen.clear()
      return points
    },
    get waitingPoints() {
      return risen.size
    },
    save: () => [...highest.values()],
  }
}

function keyOf({ minuteUs: startUs, device }: ScorePoint): string {
  return `${startUs}|${device}`
}

function first(map: ReadonlyMap<string, unknown>): string {
  const [key] = map.keys()
  return key!
}
