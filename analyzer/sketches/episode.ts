import type { TimeUs } from '../../records/time.ts'

/**
 * One run of events that is being reported: from the threshold until nothing has happened for a window.
 * It is told at the threshold, at each tripling of the count, and once more when it closes, if it has
 * grown since: an analyst sees growth, and a flood of events is a handful of reports.
 */
export interface Episode {
  /** Oldest record counted: names the anomaly. */
  oldestUs: TimeUs
  newestUs: TimeUs
  count: number
  countReported: number
  countNext: number
}

/** An episode that has just reached its threshold with `count` events; the caller reports it now. */
export function openEpisode(oldestUs: TimeUs, newestUs: TimeUs, count: number): Episode {
  return { oldestUs, newestUs, count, countReported: count, countNext: count * 3 }
}

/**
 * Sets the new count and time.
 * @returns true when the next tripling is reached, and the caller reports it now.
 */
export function growEpisode(episode: Episode, timeUs: TimeUs, count: number): boolean {
  episode.newestUs = timeUs
  episode.count = count
  if (count < episode.countNext) return false
  while (episode.countNext <= count) episode.countNext *= 3
  episode.countReported = count
  return true
}

/** Whether nothing has happened for the window when a timer fires at `timeUs`: the episode closes. */
export function isQuiet(episode: Episode, timeUs: TimeUs, windowUs: number): boolean {
  return episode.newestUs + windowUs <= timeUs
}

/** Whether an episode that closes has grown since it was last told. */
export function hasUntold(episode: Episode): boolean {
  return episode.count > episode.countReported
}
