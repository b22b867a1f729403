const none = -1

/** Slots in the order they were appended; each at most once. All operations take constant time. 9 bytes a slot. */
export class SlotList {
  /** The slot appended longest ago; −1 when the list is empty. */
  first = none
  #last = none
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #isIn: Uint8Array

  constructor(capacity: number) {
    this.#next = new Int32Array(capacity)
    this.#previous = new Int32Array(capacity)
    this.#isIn = new Uint8Array(capacity)
  }

  has(slot: number): boolean {
    return this.#isIn[slot] !== 0
  }

  append(slot: number): void {
    this.remove(slot)
    this.#isIn[slot] = 1
    this.#next[slot] = none
    this.#previous[slot] = this.#last
    if (this.#last === none) this.first = slot
    else this.#next[this.#last] = slot
    this.#last = slot
  }

  remove(slot: number): void {
    if (this.#isIn[slot] === 0) return
    this.#isIn[slot] = 0
    const next = this.#next[slot]!
    const previous = this.#previous[slot]!
    if (previous === none) this.first = next
    else this.#next[previous] = next
    if (next === none) this.#last = previous
    else this.#previous[next] = previous
  }
}
