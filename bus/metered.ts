import type { Bus, PartitionHandler, SubscribeOptions, TopicName } from './bus.ts'

/** Totals of one topic since the start, as seen by this process. */
export interface TopicTraffic {
  publishedMessages: number
  publishedBytes: number
  /** Calls to `publish` that were refused. */
  publishFailures: number
  /** Calls to `publish` that have not been answered yet: back-pressure when it stays above 0. */
  publishing: number
}

/** One subscription of this process, or of a thread of it. */
export interface ReaderTraffic {
  readonly topic: TopicName
  readonly group: string
  messages: number
  bytes: number
  /** Partitions that are its own now. */
  partitions: number
  /** It has been given partitions at least once. */
  wasAssigned: boolean
  hasFailed: boolean
}

export interface MeteredBus extends Bus {
  topics(): Readonly<Partial<Record<TopicName, TopicTraffic>>>
  readers(): readonly ReaderTraffic[]
  /** Messages published and not yet handled by the slowest reader; null where others publish, too (a shared bus). */
  waitingMessages(topic: TopicName): number | null
}

/** A bus that counts what passes; it changes nothing of what it does. */
export function createMeteredBus(bus: Bus): MeteredBus {
  const topics: Partial<Record<TopicName, TopicTraffic>> = {}
  const readers = new Set<{ traffic: ReaderTraffic; next: Map<number, number> }>()

  function trafficOf(topic: TopicName): TopicTraffic {
    return (topics[topic] ??= {
      publishedMessages: 0,
      publishedBytes: 0,
      publishFailures: 0,
      publishing: 0,
    })
  }

  return {
    ...bus,
    start: () => bus.start(),
    stop: () => bus.stop(),
    async publish(messages) {
      const asked = new Set(messages.map(({ topic }) => topic))
      for (const topic of asked) trafficOf(topic).publishing++
      try {
        await bus.publish(messages)
        for (const { topic, value } of messages) {
          const traffic = trafficOf(topic)
          traffic.publishedMessages++
          traffic.publishedBytes += value.length
        }
      } catch (error) {
        for (const topic of asked) trafficOf(topic).publishFailures++
        throw error
      } finally {
        for (const topic of asked) trafficOf(topic).publishing--
      }
    },
    async subscribe(options) {
      const { topic, group } = options
      const traffic: ReaderTraffic = {
        topic,
        group,
        messages: 0,
        bytes: 0,
        partitions: 0,
        wasAssigned: false,
        hasFailed: false,
      }
      const reader = { traffic, next: new Map<number, number>() }
      readers.add(reader)
      try {
        const subscription = await bus.subscribe(metered(options, reader))
        return {
          commit: (partition, nextOffset) => subscription.commit(partition, nextOffset),
          async stop() {
            await subscription.stop()
            readers.delete(reader)
          },
        }
      } catch (error) {
        readers.delete(reader)
        throw error
      }
    },
    topics: () => topics,
    readers: () => [...readers].map(({ traffic }) => traffic),
    waitingMessages(topic) {
      if (bus.isDurable) return null
      const published = trafficOf(topic).publishedMessages
      const groups = new Map<string, number>()
      for (const { traffic, next } of readers) {
        if (traffic.topic !== topic) continue
        const taken = [...next.values()].reduce((sum, offset) => sum + offset, 0)
        groups.set(traffic.group, (groups.get(traffic.group) ?? 0) + taken)
      }
      return groups.size === 0 ? 0 : Math.max(0, published - Math.min(...groups.values()))
    },
  }
}

/** The handler, counting; `next` holds the offset after the last message handled of each partition it has. */
function metered(
  options: SubscribeOptions,
  { traffic, next }: { traffic: ReaderTraffic; next: Map<number, number> },
): SubscribeOptions {
  const { handler } = options
  const counting: PartitionHandler = {
    async assigned(partition) {
      const wanted = await handler.assigned(partition)
      next.set(partition, wanted)
      traffic.partitions = next.size
      traffic.wasAssigned = true
      return wanted
    },
    async messages(partition, messages) {
      await handler.messages(partition, messages)
      traffic.messages += messages.length
      for (const { value } of messages) traffic.bytes += value.length
      const last = messages.at(-1)
      if (last !== undefined) next.set(partition, last.offset + 1)
    },
    async revoked(partition) {
      next.delete(partition)
      traffic.partitions = next.size
      await handler.revoked(partition)
    },
  }
  return {
    ...options,
    handler: counting,
    failed(error) {
      traffic.hasFailed = true
      options.failed(error)
    },
  }
}
