import { CompressionTypes, type Kafka, type Message, type Producer } from 'kafkajs'
import { WardwatchError } from '../../records/errors.ts'
import type { OutgoingMessage, TopicName } from '../bus.ts'
import { type KafkaBusConfig, messageBytesMax } from '../config.ts'
import { busError, retryOptions } from './kafka-client.ts'

interface Call {
  readonly messages: readonly OutgoingMessage[]
  readonly done: PromiseWithResolvers<undefined>
}

export interface KafkaPublisher {
  start(): Promise<void>
  publish(messages: readonly OutgoingMessage[]): Promise<void>
  /** Sends what has been accepted, then disconnects. */
  stop(): Promise<void>
}

/** Bytes of calls that are sent together. */
const requestBytesMax = 8 * 1024 * 1024

/**
 * Sends one request at a time, so that order is kept; calls that arrive meanwhile travel together in the next one.
 * A call that fails takes those queued behind it along: a caller that repeats them in order keeps the order.
 */
export function createKafkaPublisher(
  kafka: Kafka,
  config: KafkaBusConfig,
  nameOf: (topic: TopicName) => string,
): KafkaPublisher {
  let queue: Call[] = []
  let producer: Producer | null = null
  let pumping: Promise<void> = Promise.resolve()
  let isPumping = false

  async function connected(): Promise<Producer> {
    if (producer !== null) return producer
    const next = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: retryOptions(config),
      // Every message names its partition.
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    })
    await next.connect()
    producer = next
    return next
  }

  async function pump(): Promise<void> {
    while (queue.length > 0) {
      const calls = takeCalls(queue)
      queue = queue.slice(calls.length)
      try {
        for (const round of splitIntoRounds(calls.flatMap((call) => call.messages)))
          await send(round)
        for (const call of calls) call.done.resolve(undefined)
      } catch (error) {
        const refused = [...calls, ...queue]
        queue = []
        await discard()
        for (const call of refused) call.done.reject(busError('accept messages', error))
      }
    }
    isPumping = false
  }

  async function send(messages: readonly OutgoingMessage[]): Promise<void> {
    const byTopic = new Map<TopicName, Message[]>()
    for (const { topic, partition, value } of messages) {
      const message = {
        partition,
        value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      }
      const list = byTopic.get(topic)
      if (list === undefined) byTopic.set(topic, [message])
      else list.push(message)
    }
    const to = await connected()
    await to.sendBatch({
      acks: -1,
      timeout: config.requestTimeoutMs,
      compression: config.compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None,
      topicMessages: [...byTopic].map(([topic, list]) => ({
        topic: nameOf(topic),
        messages: list,
      })),
    })
  }

  /**
   * Nobody knows whether the broker has the batch whose answer is missing. Under the old producer id another batch with
   * the same sequence numbers could be taken for its repetition and be lost; a new producer id can only repeat.
   */
  async function discard(): Promise<void> {
    const old = producer
    producer = null
    await old?.disconnect().catch(() => undefined)
  }

  return {
    async start() {
      await connected()
    },
    publish(messages) {
      if (messages.length === 0) return Promise.resolve()
      const done = Promise.withResolvers<undefined>()
      queue.push({ messages, done })
      if (!isPumping) {
        isPumping = true
        pumping = pump()
      }
      return done.promise
    },
    async stop() {
      await pumping
      const last = producer
      producer = null
      await last?.disconnect()
    },
  }
}

function takeCalls(queue: readonly Call[]): Call[] {
  let bytes = 0
  let count = 0
  for (const call of queue) {
    for (const message of call.messages) bytes += message.value.length
    if (count > 0 && bytes > requestBytesMax) break
    count++
  }
  return queue.slice(0, count)
}

/** Bytes of a message's own frame in a record batch, rounded up (record header, varints). */
const frameBytes = 32

/**
 * kafkajs makes one record batch of all messages for one partition in a request, and brokers refuse a batch over 1 MB:
 * so each round holds at most that much for any one partition, in the order given.
 */
export function splitIntoRounds(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const rounds: OutgoingMessage[][] = []
  const fill = new Map<string, { round: number; bytes: number }>()
  for (const message of messages) {
    const key = `${message.topic}/${message.partition}`
    const size = message.value.length + frameBytes
    const at = fill.get(key) ?? { round: 0, bytes: 0 }
    if (at.bytes > 0 && at.bytes + size > messageBytesMax) {
      at.round++
      at.bytes = 0
    }
    at.bytes += size
    fill.set(key, at)
    ;(rounds[at.round] ??= []).push(message)
  }
  return rounds
}

/** What `publish` rejects with when the bus is not running. */
export function notRunning(): WardwatchError {
  return new WardwatchError('BUS_UNAVAILABLE', 'the bus is not running')
}
