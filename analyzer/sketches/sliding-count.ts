import type { TimeUs } from '../../records/time.ts'

/** What a key is remembered with; `timeUs` is the newest time it was seen. */
export interface Seen {
  readonly timeUs: TimeUs
}

/**
 * The newest distinct keys of a stream, oldest first: enough to know exactly whether N distinct keys lie
 * within a window, for every N up to the capacity, without keeping more than `capacity` of them.
 * (The N newest keys span the shortest time of any N; a ring of sub-buckets would be a sub-bucket off at
 * the edge, and a detector's promise is exact: N in W fires, N over W and a moment does not.)
 * A plain Map, so that a host section can hold it.
 */
export type SlidingCount<V extends Seen = Seen> = Map<string | number, V>

/**
 * Takes an event in. Times must not go back.
 * @returns true when the key is not among those remembered.
 */
export function slide<V extends Seen>(
  seen: SlidingCount<V>,
  key: string | number,
  value: V,
  capacity: number,
): boolean {
  const isNew = !seen.delete(key)
  seen.set(key, value)
  if (seen.size > capacity) seen.delete(seen.keys().next().value!)
  return isNew
}

/** How many distinct keys were seen in [nowUs − windowUs, nowUs]; exact up to the capacity. */
export function countWithin(seen: SlidingCount, nowUs: TimeUs, windowUs: number): number {
  let old = 0
  for (const { timeUs } of seen.values()) {
    if (nowUs - timeUs <= windowUs) break
    old++
  }
  return seen.size - old
}

/** Forgets what was last seen before nowUs − windowUs. */
export function forgetOlder(seen: SlidingCount, nowUs: TimeUs, windowUs: number): void {
  for (const [key, { timeUs }] of seen) {
    if (nowUs - timeUs <= windowUs) return
    seen.delete(key)
  }
}

/** Takes the newest key back, if there is one. */
export function dropNewest(seen: SlidingCount): void {
  let newest: string | number | undefined
  for (const key of seen.keys()) newest = key
  if (newest !== undefined) seen.delete(newest)
}

/**
 * Puts `value` under `key` as the newest of at most `capacity` entries; what was used longest ago goes.
 * @returns the value that had to go, or undefined.
 */
export function rememberNewest<V>(
  map: Map<string, V>,
  key: string,
  value: V,
  capacity: number,
): V | undefined {
  map.delete(key)
  map.set(key, value)
  if (map.size <= capacity) return undefined
  const [oldestKey, oldest] = map.entries().next().value!
  map.delete(oldestKey)
  return oldest
}
