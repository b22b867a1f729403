import { WardwatchError } from '../../records/errors.ts'
import type { IncomingMessage } from '../bus.ts'
import { createSignal } from './signal.ts'

/** One partition in memory: messages by offset, oldest dropped when room is needed and every group has taken them. */
export interface MemoryLog {
  /** Offset of the oldest message still here, and of the next to come. */
  low(): number
  high(): number
  /** Bytes of the messages that are here. */
  bytes(): number
  /** Resolves when all values are in; waits for room. Calls keep their order. */
  append(values: readonly Uint8Array[]): Promise<void>
  /** Messages from `offset` on, at most `bytesMax` of them (one at least), none at the end of the log. */
  read(offset: number, bytesMax: number): IncomingMessage[]
  /** Resolves at the next append, release or close. */
  changed(): Promise<void>
  /** Some group has moved: there may be room, or somebody may have to look again. */
  released(): void
  /** Appends that wait are refused, later ones too. */
  close(): void
}

/** @param taken offset below which no present group needs a message; Infinity without any group. */
export function createMemoryLog(bytesMax: number, taken: () => number): MemoryLog {
  const messages: IncomingMessage[] = []
  const signal = createSignal()
  let high = 0
  let bytes = 0
  let isOpen = true
  let tail: Promise<void> = Promise.resolve()

  function dropTaken(room: number): void {
    const limit = taken()
    let count = 0
    for (const message of messages) {
      if (bytes + room <= bytesMax || message.offset >= limit) break
      bytes -= message.value.length
      count++
    }
    if (count > 0) messages.splice(0, count)
  }

  async function appendOne(value: Uint8Array): Promise<void> {
    for (;;) {
      if (!isOpen) throw new WardwatchError('BUS_UNAVAILABLE', 'the bus has been stopped')
      dropTaken(value.length)
      if (bytes + value.length <= bytesMax) break
      await signal.wait()
    }
    messages.push({ offset: high++, value })
    bytes += value.length
    signal.notify()
  }

  async function appendAll(values: readonly Uint8Array[], before: Promise<void>): Promise<void> {
    await before
    for (const value of values) await appendOne(value)
  }

  return {
    low: () => messages[0]?.offset ?? high,
    high: () => high,
    bytes: () => bytes,
    append(values) {
      const done = appendAll(values, tail)
      // Whoever waits behind a refused append is refused by its own look at `isOpen`.
      tail = done.catch(() => undefined)
      return done
    },
    read(offset, limit) {
      const from = offset - (high - messages.length)
      let to = from
      for (let size = 0; to < messages.length; to++) {
        size += messages[to]!.value.length
        if (size > limit && to > from) break
      }
      return messages.slice(from, to)
    },
    changed: () => signal.wait(),
    released: () => signal.notify(),
    close() {
      isOpen = false
      signal.notify()
    },
  }
}
