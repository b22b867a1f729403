import { rejectText } from './frame.ts'

const detailCount = 65_536

/** Counts what was refused by cause; words are only made when the counts are read. */
export class RejectCounter {
  readonly #frames = new Map<number, number>()
  readonly #causes = new Map<string, number>()

  /** A packet that `decodeFrame` refused, with its number of a cause and of a detail. */
  countFrame(reject: number, detail: number): void {
    const id = reject * detailCount + detail
    this.#frames.set(id, (this.#frames.get(id) ?? 0) + 1)
  }

  /** A piece of a protocol that its decoder refused. */
  count(cause: string): void {
    this.#causes.set(cause, (this.#causes.get(cause) ?? 0) + 1)
  }

  /** All counts by cause, in alphabetical order, with those of a source added. */
  read(others?: ReadonlyMap<string, number>): Record<string, number> {
    const sums = new Map(this.#causes)
    const add = (cause: string, count: number) => sums.set(cause, (sums.get(cause) ?? 0) + count)
    for (const [id, count] of this.#frames)
      add(rejectText(Math.floor(id / detailCount), id % detailCount), count)
    for (const [cause, count] of others ?? []) add(cause, count)
    return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
