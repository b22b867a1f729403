import type { PacketBlock } from './source.ts'

/** Packets that may be ahead of their wall time at once: longer runs are cut there. */
const sliceUs = 50_000

/**
 * Cuts a block into slices of at most 50 ms of event time. A slice shares the block's columns.
 * Stamps that go back stay in the slice they stand in.
 */
export function* slicesOf(block: PacketBlock): Generator<PacketBlock, void, undefined> {
  let from = 0
  while (from < block.count) {
    const startUs = block.timeUs[from]!
    let to = from + 1
    while (to < block.count && block.timeUs[to]! - startUs < sliceUs) to++
    yield {
      bytes: block.bytes,
      count: to - from,
      timeUs: block.timeUs.subarray(from, to),
      offset: block.offset.subarray(from, to),
      capturedLength: block.capturedLength.subarray(from, to),
      originalLength: block.originalLength.subarray(from, to),
      linkType: block.linkType.subarray(from, to),
    }
    from = to
  }
}

/** When event time is due at wall time: `factor` seconds of events in one second of the clock on the wall. */
export function createPace(factor: number) {
  let origin: { eventUs: number; wallMs: number } | null = null
  return {
    /** Milliseconds to wait before an event; the first is due at once. */
    waitMs(eventUs: number, nowMs: number): number {
      origin ??= { eventUs, wallMs: nowMs }
      return Math.max(0, origin.wallMs + (eventUs - origin.eventUs) / 1000 / factor - nowMs)
    },
    /** Event time that an idle input has reached by now, at most `eventUs`. */
    eventUs(nowMs: number): number {
      return origin === null ? -Infinity : origin.eventUs + (nowMs - origin.wallMs) * 1000 * factor
    },
  }
}
