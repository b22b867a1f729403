import type { TimeUs } from '../records/time.ts'

/** Wishes of one detector on one host that are kept apart; beyond it a wish is merged into the next pending one. */
const wishesMax = 128

/** Pending timers of one host, in the order they fire: (time, detector). Equal wishes are one. */
export class HostTimers {
  readonly times: TimeUs[] = []
  /** Index of the detector in the engine's list, beside `times`. */
  readonly detectors: number[] = []

  get nextUs(): TimeUs {
    return this.times[0] ?? Infinity
  }

  /** Returns false when the wish was merged into a later pending one because the detector has too many. */
  add(timeUs: TimeUs, detector: number): boolean {
    let at = this.times.length
    while (at > 0 && this.#isAfter(at - 1, timeUs, detector)) at--
    if (at > 0 && this.times[at - 1] === timeUs && this.detectors[at - 1] === detector) return true
    const last = this.detectors.lastIndexOf(detector)
    const isFull = this.times.length >= wishesMax && this.#countOf(detector) >= wishesMax
    if (isFull && at <= last) return false
    this.times.splice(at, 0, timeUs)
    this.detectors.splice(at, 0, detector)
    if (isFull) this.#remove(last)
    return !isFull
  }

  shift(): { timeUs: TimeUs; detector: number } {
    return { timeUs: this.times.shift()!, detector: this.detectors.shift()! }
  }

  clear(): void {
    this.times.length = this.detectors.length = 0
  }

  #isAfter(index: number, timeUs: TimeUs, detector: number): boolean {
    return (
      this.times[index]! > timeUs ||
      (this.times[index] === timeUs && this.detectors[index]! > detector)
    )
  }

  #countOf(detector: number): number {
    let count = 0
    for (const d of this.detectors) if (d === detector) count++
    return count
  }

  #remove(index: number): void {
    this.times.splice(index, 1)
    this.detectors.splice(index, 1)
  }
}

interface Owner {
  readonly key: string
  readonly timers: HostTimers
}

interface Entry<T> {
  readonly timeUs: TimeUs
  readonly host: T
}

/**
 * Hosts by the time of their next timer, ties by key: a binary heap. An entry is stale when its host's next timer is
 * another by now; stale ones are skipped when they surface, so a host that moves its timer leaves the heap alone.
 */
export class TimerHeap<T extends Owner> {
  readonly #entries: Entry<T>[] = []

  /** Call when the host's next timer has become earlier, or after its timers have fired. */
  push(host: T): void {
    const entry = { timeUs: host.timers.nextUs, host }
    if (entry.timeUs === Infinity) return
    const entries = this.#entries
    let at = entries.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, entries[parent]!)) break
      entries[at] = entries[parent]!
      at = parent
    }
    entries[at] = entry
  }

  /** Takes the host whose next timer is earliest and before `beforeUs`; null when there is none. */
  pop(beforeUs: TimeUs): T | null {
    for (;;) {
      const top = this.#entries[0]
      if (top === undefined || top.timeUs >= beforeUs) return null
      this.#removeTop()
      if (top.host.timers.nextUs === top.timeUs) return top.host
    }
  }

  #removeTop(): void {
    const entries = this.#entries
    const last = entries.pop()!
    if (entries.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && isBefore(entries[child + 1]!, entries[child]!)) child++
      if (!isBefore(entries[child]!, last)) break
      entries[at] = entries[child]!
      at = child
    }
    entries[at] = last
  }
}

function isBefore<T extends Owner>(a: Entry<T>, b: Entry<T>): boolean {
  return a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.host.key < b.host.key)
}
