const empty = 0

/**
 * Open-addressing hash from a 32-bit hash to slots: linear probing in a table at most half full, deletion by
 * shifting back. Which slot a key gets is the caller's matter, so nothing that is observable depends on the hash.
 * Memory: 8 to 16 bytes a slot, and 4 for its hash.
 */
export class FlowIndex {
  readonly #table: Int32Array
  readonly #mask: number
  readonly #hashOf: Int32Array

  constructor(capacity: number) {
    let size = 4
    while (size < capacity * 2) size *= 2
    this.#table = new Int32Array(size)
    this.#mask = size - 1
    this.#hashOf = new Int32Array(capacity)
  }

  /** Where to begin looking for `hash`; pass the result to `slotAt` and `after`. */
  first(hash: number): number {
    return hash & this.#mask
  }

  after(at: number): number {
    return (at + 1) & this.#mask
  }

  /** Slot at a place; −1 ends the search. */
  slotAt(at: number): number {
    return this.#table[at]! - 1
  }

  hashOf(slot: number): number {
    return this.#hashOf[slot]!
  }

  insert(slot: number, hash: number): void {
    let at = hash & this.#mask
    while (this.#table[at] !== empty) at = (at + 1) & this.#mask
    this.#table[at] = slot + 1
    this.#hashOf[slot] = hash
  }

  remove(slot: number): void {
    let hole = this.#hashOf[slot]! & this.#mask
    while (this.#table[hole] !== slot + 1) hole = (hole + 1) & this.#mask
    let at = hole
    for (;;) {
      at = (at + 1) & this.#mask
      const entry = this.#table[at]!
      if (entry === empty) break
      const home = this.#hashOf[entry - 1]! & this.#mask
      // The entry may fill the hole when the hole lies between its home and its place.
      if (((at - home) & this.#mask) >= ((at - hole) & this.#mask)) {
        this.#table[hole] = entry
        hole = at
      }
    }
    this.#table[hole] = empty
  }
}
