import { isWardwatchError } from '../../records/errors.ts'
import type { IncomingMessage, PartitionHandler } from '../bus.ts'
import { createSignal } from './signal.ts'

/** One consumer's turn with one partition: calls its handler one after the other, from `assigned` to `revoked`. */
export interface PartitionLane {
  /** Offset of the next message to offer; null until the handler has said what it wants. */
  next(): number | null
  /** Queues messages that follow each other from `next()` on. */
  offer(messages: readonly IncomingMessage[]): void
  hasRoom(): boolean
  /** Resolves when `hasRoom` or the closing may have changed. */
  changed(): Promise<void>
  /** Drops what is queued, lets the current call end, then calls `revoked`. Never rejects. */
  close(): Promise<void>
  isClosing(): boolean
}

export interface LaneOptions {
  readonly partition: number
  readonly handler: PartitionHandler
  readonly queueBytesMax: number
  /** The end of the partition's former lane. */
  readonly before: Promise<void>
  /** Turns what the handler wants into the offset to begin with. */
  readonly begin: (wanted: number) => Promise<number>
  /** The lane begins with `next`; called at once before any offer can be made. */
  readonly ready: (next: number) => void
  /** A handler's call rejected while the partition was still ours, or `begin` did. */
  readonly failed: (error: unknown) => void
  /** A handler found out before us that the partition is another's. */
  readonly lost: (error: unknown) => void
}

export function createPartitionLane(options: LaneOptions): PartitionLane {
  const { partition, handler } = options
  const signal = createSignal()
  let queue: IncomingMessage[] = []
  let bytes = 0
  let next: number | null = null
  // Read through a function: it changes while the lane awaits, which the type checker does not see.
  let hasClosed = false
  const isClosing = (): boolean => hasClosed
  const ended = run()

  async function run(): Promise<void> {
    await options.before
    if (isClosing()) return
    try {
      const from = await options.begin(await handler.assigned(partition))
      if (!isClosing()) {
        next = from
        options.ready(from)
      }
      while (!isClosing()) await deliver()
      await handler.revoked(partition)
    } catch (error) {
      if (isClosing() && isWardwatchError(error, 'PARTITION_LOST')) options.lost(error)
      else options.failed(error)
    }
  }

  async function deliver(): Promise<void> {
    if (queue.length === 0) {
      await signal.wait()
      return
    }
    const messages = queue
    const size = bytes
    queue = []
    await handler.messages(partition, messages)
    bytes -= size
    signal.notify()
  }

  return {
    next: () => next,
    offer(messages) {
      if (hasClosed || messages.length === 0) return
      for (const message of messages) bytes += message.value.length
      queue.push(...messages)
      next = messages.at(-1)!.offset + 1
      signal.notify()
    },
    hasRoom: () => bytes <= options.queueBytesMax,
    changed: () => signal.wait(),
    close() {
      hasClosed = true
      queue = []
      signal.notify()
      return ended
    },
    isClosing,
  }
}
