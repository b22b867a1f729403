import assert from 'node:assert'
import { setImmediate } from 'node:timers/promises'
import { WardwatchError } from '../../records/errors.ts'
import {
  type Bus,
  type SubscribeOptions,
  type Subscription,
  topicNames,
  type TopicName,
} from '../bus.ts'
import type { MemoryBusConfig } from '../config.ts'
import { createMemoryLog, type MemoryLog } from './memory-log.ts'
import { checkSize } from './message-size.ts'

interface Topic {
  readonly logs: readonly MemoryLog[]
  readonly groups: Map<string, Group>
  /** A group has failed: what it had not handled may be lost with this process. */
  hasFailed: boolean
}

interface Group {
  readonly members: Member[]
  /** Per partition: offset below which the group needs nothing any more. */
  readonly taken: number[]
  /** Per partition: who serves it, and the end of the last hand-over. */
  readonly lanes: (Lane | null)[]
  readonly handovers: Promise<void>[]
}

interface Member {
  readonly options: SubscribeOptions
  isLeaving: boolean
}

interface Lane {
  readonly member: Member
  isStopping: boolean
  /** Resolves when the partition has been given back; never rejects. */
  served: Promise<void>
}

export interface MemoryBus extends Bus {
  /** Bytes of the messages that are kept, by topic. */
  heldBytes(): Readonly<Record<TopicName, number>>
}

/**
 * A bus inside one process, bounded in bytes: a partition keeps its messages until room is needed, and then drops those
 * that every group present has taken; when there are none to drop, publishing waits. Values are handed on, not copied.
 */
export function createMemoryBus(config: MemoryBusConfig): MemoryBus {
  const topics = new Map(topicNames.map((name) => [name, createTopic(config, name)]))
  const subscriptions = new Set<Subscription>()
  let isRunning = false

  const topicOf = (name: TopicName): Topic => topics.get(name)!

  return {
    isDurable: false,
    heldBytes: () => sizesOf(topics),
    async settled(name) {
      const topic = topicOf(name)
      await Promise.all(topic.logs.map((log, partition) => handled(topic, log, partition)))
    },
    partitionCount: (topic) => topicOf(topic).logs.length,
    start() {
      isRunning = true
      return Promise.resolve()
    },
    async stop() {
      isRunning = false
      for (const { logs } of topics.values()) for (const log of logs) log.close()
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()))
    },
    async publish(messages) {
      if (!isRunning) throw new WardwatchError('BUS_UNAVAILABLE', 'the bus is not running')
      const byLog = new Map<MemoryLog, Uint8Array[]>()
      for (const message of messages) {
        checkSize(message)
        const log = topicOf(message.topic).logs[message.partition]
        assert(log !== undefined, `${message.topic} has no partition ${message.partition}`)
        const values = byLog.get(log)
        if (values === undefined) byLog.set(log, [message.value])
        else values.push(message.value)
      }
      await Promise.all([...byLog].map(([log, values]) => log.append(values)))
    },
    subscribe(options) {
      if (!isRunning)
        return Promise.reject(new WardwatchError('BUS_UNAVAILABLE', 'the bus is not running'))
      const subscription = join(config, topicOf(options.topic), options, () =>
        subscriptions.delete(subscription),
      )
      subscriptions.add(subscription)
      return Promise.resolve(subscription)
    },
  }
}

function sizesOf(topics: ReadonlyMap<TopicName, Topic>): Record<TopicName, number> {
  const sizes = [...topics].map(
    ([name, { logs }]) => [name, logs.reduce((sum, log) => sum + log.bytes(), 0)] as const,
  )
  return Object.fromEntries(sizes) as Record<TopicName, number>
}

function createTopic(config: MemoryBusConfig, name: TopicName): Topic {
  const groups = new Map<string, Group>()
  const logs = Array.from({ length: config.partitions[name] }, (_, partition) =>
    createMemoryLog(config.partitionBytesMax, () => leastTaken(groups, partition)),
  )
  return { logs, groups, hasFailed: false }
}

/** Offset below which no present group needs a message; Infinity without any group. */
function leastTaken(groups: ReadonlyMap<string, Group>, partition: number): number {
  let least = Infinity
  for (const group of groups.values()) least = Math.min(least, group.taken[partition]!)
  return least
}

/** Resolves when every group present has handled what the partition holds now. */
async function handled(topic: Topic, log: MemoryLog, partition: number): Promise<void> {
  const high = log.high()
  while (!topic.hasFailed && leastTaken(topic.groups, partition) < high) await log.changed()
  if (topic.hasFailed)
    throw new WardwatchError('BUS_UNAVAILABLE', 'a reader of the topic has failed')
}

function join(
  config: MemoryBusConfig,
  topic: Topic,
  options: SubscribeOptions,
  left: () => void,
): Subscription {
  const group = topic.groups.get(options.group) ?? createGroup(topic)
  topic.groups.set(options.group, group)
  const member: Member = { options, isLeaving: false }
  group.members.push(member)
  share(config, topic, group)
  return {
    // Nothing outlives the process, so nobody needs to know how far a group has come.
    commit: () => Promise.resolve(),
    async stop() {
      await leave(config, topic, group, member)
      left()
    },
  }
}

function createGroup(topic: Topic): Group {
  return {
    members: [],
    taken: topic.logs.map((log) => log.low()),
    lanes: topic.logs.map(() => null),
    handovers: topic.logs.map(() => Promise.resolve()),
  }
}

async function leave(
  config: MemoryBusConfig,
  topic: Topic,
  group: Group,
  member: Member,
): Promise<void> {
  if (!member.isLeaving) {
    member.isLeaving = true
    group.members.splice(group.members.indexOf(member), 1)
    share(config, topic, group)
  }
  await Promise.all(group.handovers)
  if (group.members.length > 0 || topic.groups.get(member.options.group) !== group) return
  topic.groups.delete(member.options.group)
  for (const log of topic.logs) log.released()
}

/** Spreads the partitions over the members; a partition changes hands only after its last owner has given it back. */
function share(config: MemoryBusConfig, topic: Topic, group: Group): void {
  topic.logs.forEach((log, partition) => {
    const owner = group.members[partition % Math.max(1, group.members.length)] ?? null
    const old = group.lanes[partition] ?? null
    if ((old?.member ?? null) === owner) return
    if (old !== null) old.isStopping = true
    log.released()
    const lane: Lane | null =
      owner === null ? null : { member: owner, isStopping: false, served: Promise.resolve() }
    group.lanes[partition] = lane
    group.handovers[partition] = group.handovers[partition]!.then(async () => {
      await old?.served
      if (lane !== null) lane.served = serve(config, topic, group, partition, lane)
    })
  })
}

/** One consumer's turn with one partition: from `assigned` to `revoked`. */
async function serve(
  config: MemoryBusConfig,
  topic: Topic,
  group: Group,
  partition: number,
  lane: Lane,
): Promise<void> {
  const { handler, failed } = lane.member.options
  if (lane.isStopping) return
  try {
    let position = startingOffset(
      topic.logs[partition]!,
      partition,
      await handler.assigned(partition),
    )
    group.taken[partition] = position
    while (!lane.isStopping)
      position = await deliver(config, topic, group, partition, lane, position)
    await handler.revoked(partition)
  } catch (error) {
    topic.hasFailed = true
    // Not awaited here: leaving waits until every lane has ended, this one too.
    void leave(config, topic, group, lane.member).then(() => failed(error))
  }
}

/** Hands over what is there, or waits for more; returns the next position. */
async function deliver(
  config: MemoryBusConfig,
  topic: Topic,
  group: Group,
  partition: number,
  lane: Lane,
  position: number,
): Promise<number> {
  const log = topic.logs[partition]!
  const messages = log.read(position, config.deliveryBytesMax)
  if (messages.length === 0) {
    await log.changed()
    return position
  }
  await lane.member.options.handler.messages(partition, messages)
  const next = messages.at(-1)!.offset + 1
  group.taken[partition] = next
  log.released()
  // Timers and sockets get their turn even when a replay keeps every queue full.
  await setImmediate()
  return next
}

/** @throws WardwatchError BUS_OFFSET_GONE when what the consumer wants is no longer, or not yet, there. */
function startingOffset(log: MemoryLog, partition: number, wanted: number): number {
  if (wanted === 0) return log.low()
  if (wanted >= log.low() && wanted <= log.high()) return wanted
  throw new WardwatchError(
    'BUS_OFFSET_GONE',
    `partition ${partition} holds offsets ${log.low()} to ${log.high()}, not ${wanted}`,
    {
      fields: { partition, wanted, low: log.low(), high: log.high() },
    },
  )
}
