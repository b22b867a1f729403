/** Bytes of both sides that are shown to undecided decoders before a flow is given up. */
export const headBytesMax = 4096
/** First bytes of both sides as they came: shown again, each side whole, until a decoder decides. */
export interface Head {
  /** By side: [responder, originator]. */
  readonly sides: [Uint8Array, Uint8Array]
  readonly lengths: [number, number]
  /** Arrival order: +n is n bytes of the originator, −n of the responder. */
  readonly order: number[]
}

/** A head that begins with these bytes. */
export function startHead(bytes: Uint8Array, start: number, end: number, isOrig: boolean): Head {
  const head: Head = { sides: [noBytes, noBytes], lengths: [0, 0], order: [] }
  appendToHead(head, bytes, start, end, isOrig)
  return head
}

const noBytes = new Uint8Array(0)

/** Doubles the side's buffer when it is full, up to `headBytesMax`, so that single bytes cost linear time. */
export function appendToHead(
  head: Head,
  bytes: Uint8Array,
  start: number,
  end: number,
  isOrig: boolean,
): void {
  const side = isOrig ? 1 : 0
  const length = head.lengths[side]
  const wanted = length + end - start
  if (wanted > head.sides[side].length) {
    const grown = new Uint8Array(Math.min(headBytesMax, Math.max(256, wanted, length * 2)))
    grown.set(head.sides[side].subarray(0, length))
    head.sides[side] = grown
  }
  head.sides[side].set(bytes.subarray(start, end), length)
  head.lengths[side] = wanted
  head.order.push(isOrig ? end - start : start - end)
}
