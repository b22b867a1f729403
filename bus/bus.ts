import type { Service } from '../records/service.ts'

/**
 * Topics: `observations` by host key, `anomalies` by site, `alerts` (which rows changed) by site, `control` by site.
 * Their partition counts are fixed for life and checked at start (BUS_MISCONFIGURED).
 */
export const topicNames = ['observations', 'anomalies', 'alerts', 'control'] as const
export type TopicName = (typeof topicNames)[number]

export interface OutgoingMessage {
  readonly topic: TopicName
  readonly partition: number
  readonly value: Uint8Array
}

export interface IncomingMessage {
  readonly offset: number
  readonly value: Uint8Array
}

/** The consuming side of a stage. Calls for one partition never overlap. */
export interface PartitionHandler {
  /** The partition is now this consumer's. Resolves to the offset of the first message it wants (0: the oldest). */
  assigned(partition: number): Promise<number>
  /** Messages in offset order, none skipped, starting at the wanted offset. The next call comes after this one resolves. */
  messages(partition: number, messages: readonly IncomingMessage[]): Promise<void>
  /** The partition is no longer this consumer's. After a crash of the consumer nobody calls it. */
  revoked(partition: number): Promise<void>
}

export interface SubscribeOptions {
  readonly topic: TopicName
  /** Consumers of one group share the partitions; each group sees every message. */
  readonly group: string
  readonly handler: PartitionHandler
  /** A handler rejected or the bus broke for good; the subscription has stopped. */
  readonly failed: (error: unknown) => void
}

export interface Subscription {
  /** Tells how far the group has come, for lag and retention; recovery never rests on it. */
  commit(partition: number, nextOffset: number): Promise<void>
  stop(): Promise<void>
}

/**
 * Carries records between stages. A message is opaque bytes; order is kept within (topic, partition); at least once.
 * Every promise of this interface is tested by tests/contracts/bus.contract.ts against each adapter.
 */
export interface Bus extends Service {
  /** What is published outlives this process, under the offsets it has. Otherwise a new process begins at offset 0. */
  readonly isDurable: boolean
  partitionCount(topic: TopicName): number
  /**
   * Resolves when every message is accepted (Kafka: by all in-sync replicas); await it for back-pressure.
   * Messages of one call, and of calls made one after the other, keep their order within a partition.
   * @throws WardwatchError BUS_UNAVAILABLE (retryable) when the bus does not answer in time.
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>
  subscribe(options: SubscribeOptions): Promise<Subscription>
  /**
   * Resolves when nothing published to `topic` so far can be lost with this process: at once on a durable bus, in memory
   * when every group present has handled it. Whoever forgets what a message was made of awaits this first.
   * @throws WardwatchError BUS_UNAVAILABLE when a group failed before it had handled everything.
   */
  settled(topic: TopicName): Promise<void>
}
