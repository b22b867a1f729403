/** A binary heap: the least item is taken first. Items must not change their order while they are in it. */
export interface Heap<T> {
  readonly size: number
  /** The least item; undefined when empty. */
  peek(): T | undefined
  push(item: T): void
  pop(): T | undefined
  /** The least item has grown: puts it where it now belongs. Cheaper than taking it out and putting it back. */
  settle(): void
}

/** @param isLess a strict total order: equal items would come out in an order that means nothing. */
export function createHeap<T>(isLess: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = []

  function sink(): void {
    const item = items[0]!
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && isLess(items[child + 1]!, items[child]!)) child++
      if (!isLess(items[child]!, item)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = item
  }

  return {
    get size() {
      return items.length
    },
    peek: () => items[0],
    push(item) {
      let at = items.length
      items.push(item)
      while (at > 0) {
        const parent = (at - 1) >> 1
        if (!isLess(item, items[parent]!)) break
        items[at] = items[parent]!
        at = parent
      }
      items[at] = item
    },
    pop() {
      const least = items[0]
      const last = items.pop()
      if (items.length > 0 && last !== undefined) {
        items[0] = last
        sink()
      }
      return least
    },
    settle() {
      if (items.length > 1) sink()
    },
  }
}
