import type { TimeUs } from '../records/time.ts'

// A bucket holds few slots even at many flows a second: sorting is what costs. Opening an empty one is cheap.
const bucketUs = 16_384
const bucketCount = 32_768
const none = -1

/**
 * Deadlines of up to `capacity` slots, one each, told in the exact order of (deadline, order).
 * A timer wheel of 16 ms buckets (9 minutes around) whose current bucket is a binary heap: a flow is moved many times
 * but told few times, so moving must be O(1), and only what is due within one bucket is ever sorted.
 * Memory: 40 bytes a slot.
 */
export class ExpiryQueue {
  /** No slot is due before this time. */
  nextUs = Infinity
  readonly #deadlineUs: Float64Array
  readonly #order: Float64Array
  /** Lists of the wheel's buckets. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** Bucket + 1; 0: in none. Not −1, so that a new array is right and untouched slots cost no memory. */
  readonly #bucketOf: Int32Array
  readonly #head = new Int32Array(bucketCount).fill(none)
  readonly #heap: Int32Array
  /** Place in the heap + 1; 0: not in it. */
  readonly #heapAt: Int32Array
  #heapSize = 0
  #wheelSize = 0
  /** Number of the bucket (time / bucketUs) whose slots are in the heap; earlier ones too. */
  #current = 0

  constructor(capacity: number) {
    this.#deadlineUs = new Float64Array(capacity)
    this.#order = new Float64Array(capacity)
    this.#next = new Int32Array(capacity)
    this.#previous = new Int32Array(capacity)
    this.#bucketOf = new Int32Array(capacity)
    this.#heap = new Int32Array(capacity)
    this.#heapAt = new Int32Array(capacity)
  }

  /** Deadline the slot was last scheduled for. */
  deadlineUs(slot: number): TimeUs {
    return this.#deadlineUs[slot]!
  }

  /** Sets or moves the slot's deadline. `order` breaks ties and must be unique among the slots. */
  schedule(slot: number, deadlineUs: TimeUs, order: number, nowUs: TimeUs): void {
    if (this.#heapSize + this.#wheelSize === 0) this.#current = Math.floor(nowUs / bucketUs)
    this.#remove(slot)
    this.#deadlineUs[slot] = deadlineUs
    this.#order[slot] = order
    this.#insert(slot)
    this.#updateNext()
  }

  cancel(slot: number): void {
    this.#remove(slot)
    this.#updateNext()
  }

  /** Takes the slot with the least (deadline, order) whose deadline is ≤ `nowUs` out of the queue; −1 when there is none. */
  pop(nowUs: TimeUs): number {
    const target = Math.floor(nowUs / bucketUs)
    while (this.#heapSize === 0 && this.#wheelSize > 0 && this.#current < target)
      this.#openNextBucket()
    const slot = this.#heapSize > 0 ? this.#heap[0]! : none
    if (slot === none || this.#deadlineUs[slot]! > nowUs) {
      this.#updateNext()
      return none
    }
    this.#remove(slot)
    this.#updateNext()
    return slot
  }

  #updateNext(): void {
    if (this.#heapSize > 0) this.nextUs = this.#deadlineUs[this.#heap[0]!]!
    else this.nextUs = this.#wheelSize > 0 ? (this.#current + 1) * bucketUs : Infinity
  }

  #openNextBucket(): void {
    this.#current++
    const bucket = this.#current % bucketCount
    let slot = this.#head[bucket]!
    while (slot !== none) {
      const next = this.#next[slot]!
      this.#remove(slot)
      // A deadline beyond the wheel's horizon goes round once more.
      this.#insert(slot)
      slot = next
    }
  }

  #insert(slot: number): void {
    const number = Math.floor(this.#deadlineUs[slot]! / bucketUs)
    if (number <= this.#current) {
      this.#heap[this.#heapSize++] = slot
      this.#heapAt[slot] = this.#heapSize
      this.#siftUp(this.#heapSize - 1)
      return
    }
    const bucket = Math.min(number, this.#current + bucketCount - 1) % bucketCount
    const head = this.#head[bucket]!
    this.#bucketOf[slot] = bucket + 1
    this.#next[slot] = head
    this.#previous[slot] = none
    if (head !== none) this.#previous[head] = slot
    this.#head[bucket] = slot
    this.#wheelSize++
  }

  #remove(slot: number): void {
    const bucket = this.#bucketOf[slot]! - 1
    if (bucket >= 0) {
      const next = this.#next[slot]!
      const previous = this.#previous[slot]!
      if (next !== none) this.#previous[next] = previous
      if (previous === none) this.#head[bucket] = next
      else this.#next[previous] = next
      this.#bucketOf[slot] = 0
      this.#wheelSize--
      return
    }
    const at = this.#heapAt[slot]! - 1
    if (at < 0) return
    this.#heapAt[slot] = 0
    const last = this.#heap[--this.#heapSize]!
    if (last === slot) return
    this.#heap[at] = last
    this.#heapAt[last] = at + 1
    this.#siftUp(at)
    this.#siftDown(this.#heapAt[last] - 1)
  }

  #siftUp(from: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(this.#heap[at]!, this.#heap[parent]!)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #siftDown(from: number): void {
    let at = from
    for (;;) {
      let least = 2 * at + 1
      if (least >= this.#heapSize) return
      if (least + 1 < this.#heapSize && this.#isBefore(this.#heap[least + 1]!, this.#heap[least]!))
        least++
      if (!this.#isBefore(this.#heap[least]!, this.#heap[at]!)) return
      this.#swap(at, least)
      at = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#deadlineUs[a]! - this.#deadlineUs[b]!
    return difference < 0 || (difference === 0 && this.#order[a]! < this.#order[b]!)
  }

  #swap(a: number, b: number): void {
    const slotA = this.#heap[a]!
    const slotB = this.#heap[b]!
    this.#heap[a] = slotB
    this.#heap[b] = slotA
    this.#heapAt[slotA] = b + 1
    this.#heapAt[slotB] = a + 1
  }
}
