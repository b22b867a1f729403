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

/** Something of which an episode may be under way. */
export interface Followed {
  readonly episode: Episode | null
}

/** Tells what has grown and forgets it, where nothing has come for the window. */
export function closeQuiet<Item extends Followed>(
  items: Map<string, Item>,
  timeUs: TimeUs,
  windowUs: number,
  tell: (key: string, item: Item) => void,
): void {
  for (const [key, item] of items) {
    if (item.episode === null || !isQuiet(item.episode, timeUs, windowUs)) continue
    if (hasUntold(item.episode)) tell(key, item)
    items.delete(key)
  }
}

/** When the first of them will have been quiet for the window; Infinity when no episode is under way. */
export function quietAt(items: ReadonlyMap<string, Followed>, windowUs: number): TimeUs {
  let next = Infinity
  for (const { episode } of items.values())
    if (episode !== null) next = Math.min(next, episode.newestUs + windowUs)
  return next
}
