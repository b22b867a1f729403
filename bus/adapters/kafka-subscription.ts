import type {
  Consumer,
  EachBatchPayload,
  ConsumerGroupJoinEvent,
  ConsumerCrashEvent,
  Kafka,
} from 'kafkajs'
import { setTimeout } from 'node:timers/promises'
import { isWardwatchError, WardwatchError } from '../../records/errors.ts'
import type { Logger } from '../../records/service.ts'
import type { SubscribeOptions, Subscription } from '../bus.ts'
import type { KafkaBusConfig } from '../config.ts'
import { busError, retryOptions } from './kafka-client.ts'
import { createPartitionLane, type PartitionLane } from './partition-lane.ts'

export interface KafkaSubscriptionDeps {
  readonly kafka: Kafka
  readonly logger: Logger
  /** The topic and the group as the broker knows them. */
  readonly topic: string
  readonly group: string
  /** Oldest offset kept and next to come of a partition, asked now. */
  readonly watermarks: (partition: number) => Promise<{ low: number; high: number }>
  readonly ended: () => void
}

/**
 * One member of a consumer group. kafkajs decides which partitions are ours; where to begin, and what has been handed
 * over, is decided here: kafkajs forgets positions at every rebalance and may have handlers run on across one
 * (its issues 1046 and 1097), so each partition has a lane that knows its next offset and whose it is.
 */
export async function subscribeToKafka(
  config: KafkaBusConfig,
  options: SubscribeOptions,
  deps: KafkaSubscriptionDeps,
): Promise<Subscription> {
  const { topic, logger } = deps
  const lanes = new Map<number, PartitionLane>()
  const closing = new Map<number, Promise<void>>()
  let member: string | null = null
  let isStopping = false
  let stopped: Promise<void> | null = null

  const consumer = deps.kafka.consumer({
    groupId: deps.group,
    sessionTimeout: config.sessionTimeoutMs,
    rebalanceTimeout: config.rebalanceTimeoutMs,
    heartbeatInterval: config.heartbeatIntervalMs,
    maxWaitTimeInMs: config.fetchWaitMs,
    maxBytesPerPartition: config.queueBytesMax,
    allowAutoTopicCreation: false,
    retry: { ...retryOptions(config), restartOnFailure: () => Promise.resolve(!isStopping) },
  })

  function fail(error: unknown): void {
    if (isStopping) {
      options.failed(error)
      return
    }
    void stop().then(
      () => options.failed(error),
      (err: unknown) => {
        logger.warn({ err }, 'consumer did not stop in order')
        options.failed(error)
      },
    )
  }

  function stop(): Promise<void> {
    isStopping = true
    stopped ??= (async () => {
      await closeLanes(() => true)
      await consumer.disconnect()
      deps.ended()
    })()
    return stopped
  }

  async function closeLanes(isLost: (partition: number) => boolean): Promise<void> {
    for (const [partition, lane] of lanes) {
      if (!isLost(partition)) continue
      lanes.delete(partition)
      closing.set(partition, lane.close())
    }
    await Promise.all(closing.values())
  }

  function openLane(partition: number): void {
    pause(partition)
    const lane = createPartitionLane({
      partition,
      handler: options.handler,
      queueBytesMax: config.queueBytesMax,
      before: closing.get(partition) ?? Promise.resolve(),
      begin: (wanted) => begin(partition, wanted),
      ready: (next) => flowFrom(partition, next),
      failed: fail,
      lost: (err) => logger.warn({ err, partition }, 'partition lost to another consumer'),
    })
    lanes.set(partition, lane)
  }

  async function begin(partition: number, wanted: number): Promise<number> {
    for (;;) {
      try {
        return await startingOffset(partition, wanted, deps.watermarks)
      } catch (error) {
        if (isStopping || !isWardwatchError(error) || !error.retryable) throw error
        logger.warn({ err: error, partition }, 'no answer about a partition, asking again')
      }
      await setTimeout(config.retryDelayMsMax)
    }
  }

  function pause(partition: number): void {
    consumer.pause([{ topic, partitions: [partition] }])
  }

  function flowFrom(partition: number, next: number): void {
    try {
      consumer.seek({ topic, partition, offset: String(next) })
      consumer.resume([{ topic, partitions: [partition] }])
    } catch (err) {
      // kafkajs is between a crash and its restart: the next join assigns the partition again.
      logger.debug({ err, partition }, 'consumer not running, partition waits')
    }
  }

  /** Runs before kafkajs fetches anything under the new assignment. */
  function joined({ payload }: ConsumerGroupJoinEvent): void {
    if (isStopping) return
    const mine = new Set(payload.memberAssignment[topic] ?? [])
    // Under a new member id the group had given us up, and others may have had our partitions meanwhile.
    const isNewMember = payload.memberId !== member
    member = payload.memberId
    void closeLanes((partition) => isNewMember || !mine.has(partition))
    for (const partition of mine) {
      const next = lanes.get(partition)?.next()
      if (next === undefined) openLane(partition)
      else if (next === null) pause(partition)
      else flowFrom(partition, next)
    }
    logger.info({ topic, group: deps.group, partitions: [...mine] }, 'partitions assigned')
  }

  function crashed({ payload }: ConsumerCrashEvent): void {
    if (isStopping) return
    if (!payload.restart) {
      fail(busError('deliver messages', payload.error))
      return
    }
    logger.warn({ err: payload.error, topic }, 'consumer starts again')
    void closeLanes(() => true)
  }

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const lane = lanes.get(batch.partition)
    const next = lane?.next() ?? null
    if (lane === undefined || next === null || lane.isClosing() || isStopping) return
    const first = Number(batch.firstOffset())
    if (first > next) return reposition(batch.partition, next, deps.watermarks, flowFrom)
    if (Number(batch.highWatermark) < next)
      throw gone(batch.partition, next, { low: 0, high: Number(batch.highWatermark) })
    lane.offer(
      batch.messages
        .map(({ offset, value }) => ({ offset: Number(offset), value: value ?? new Uint8Array(0) }))
        .filter(({ offset }) => offset >= next),
    )
    payload.resolveOffset(batch.lastOffset())
    await untilRoom(lane, () => payload.heartbeat(), config.heartbeatIntervalMs)
  }

  consumer.on(consumer.events.GROUP_JOIN, joined)
  consumer.on(consumer.events.CRASH, crashed)
  await startConsuming(consumer, topic, config.partitionsConcurrently, async (payload) => {
    try {
      await eachBatch(payload)
    } catch (error) {
      // What a retry can mend is kafkajs's to repeat: the position has not moved.
      if (!(error instanceof WardwatchError) || error.retryable) throw error
      fail(error)
    }
  })

  return {
    async commit(partition, nextOffset) {
      try {
        await consumer.commitOffsets([{ topic, partition, offset: String(nextOffset) }])
      } catch (err) {
        // Recovery never rests on it; the next commit tells the lag again.
        logger.warn({ err, topic, partition, nextOffset }, 'group offset not committed')
      }
    },
    stop,
  }
}

async function startConsuming(
  consumer: Consumer,
  topic: string,
  concurrency: number,
  eachBatch: (payload: EachBatchPayload) => Promise<void>,
): Promise<void> {
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch,
    })
  } catch (error) {
    await consumer.disconnect().catch(() => undefined)
    throw busError('accept a consumer', error)
  }
}

/** Waits for the lane, and says meanwhile that we are alive; rejects at once when the group rebalances. */
async function untilRoom(
  lane: PartitionLane,
  heartbeat: () => Promise<void>,
  intervalMs: number,
): Promise<void> {
  await heartbeat()
  while (!lane.hasRoom() && !lane.isClosing()) {
    const cancel = new AbortController()
    await Promise.race([
      lane.changed(),
      setTimeout(intervalMs, undefined, { signal: cancel.signal }),
    ])
    cancel.abort()
    await heartbeat()
  }
}

/** kafkajs has begun somewhere behind what is wanted: go back, unless the broker has dropped it. */
async function reposition(
  partition: number,
  next: number,
  watermarks: KafkaSubscriptionDeps['watermarks'],
  flowFrom: (partition: number, next: number) => void,
): Promise<void> {
  const marks = await watermarks(partition)
  if (marks.low > next) throw gone(partition, next, marks)
  flowFrom(partition, next)
}

async function startingOffset(
  partition: number,
  wanted: number,
  watermarks: KafkaSubscriptionDeps['watermarks'],
): Promise<number> {
  const marks = await watermarks(partition)
  if (wanted === 0) return marks.low
  if (wanted < marks.low || wanted > marks.high) throw gone(partition, wanted, marks)
  return wanted
}

function gone(
  partition: number,
  wanted: number,
  { low, high }: { low: number; high: number },
): WardwatchError {
  return new WardwatchError(
    'BUS_OFFSET_GONE',
    `partition ${partition} holds offsets ${low} to ${high}, not ${wanted}`,
    {
      fields: { partition, wanted, low, high },
    },
  )
}
