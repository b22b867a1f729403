import assert from 'node:assert'
import type { Admin, Kafka } from 'kafkajs'
import { WardwatchError } from '../../records/errors.ts'
import type { Logger } from '../../records/service.ts'
import { type Bus, type Subscription, topicNames, type TopicName } from '../bus.ts'
import type { KafkaBusConfig } from '../config.ts'
import { busError, createKafkaClient } from './kafka-client.ts'
import { createKafkaPublisher, notRunning } from './kafka-publisher.ts'
import { subscribeToKafka } from './kafka-subscription.ts'
import { checkSize } from './message-size.ts'

/**
 * The bus over Apache Kafka, through kafkajs. `start` creates the topics that are missing and compares the partition
 * counts of the others. How each promise of the interface is kept: docs/adapters/bus.md.
 * @throws WardwatchError from `start` and `subscribe`: BUS_UNAVAILABLE (retryable), BUS_MISCONFIGURED.
 */
export function createKafkaBus(config: KafkaBusConfig, deps: { logger: Logger }): Bus {
  const logger = deps.logger.child({ stage: 'bus', part: 'kafka' })
  const kafka = createKafkaClient(config, logger)
  const nameOf = (topic: TopicName): string => config.topicPrefix + topic
  const publisher = createKafkaPublisher(kafka, config, nameOf)
  const subscriptions = new Set<Subscription>()
  let isRunning = false

  return {
    isDurable: true,
    settled: () => Promise.resolve(),
    partitionCount: (topic) => config.partitions[topic],
    async start() {
      if (isRunning) return
      try {
        await withAdmin(kafka, (admin) => prepareTopics(admin, config, nameOf))
        await publisher.start()
      } catch (error) {
        throw busError('answer', error)
      }
      isRunning = true
      logger.info(
        { brokers: config.brokers, topicPrefix: config.topicPrefix },
        'connected to kafka',
      )
    },
    async stop() {
      if (!isRunning) return
      isRunning = false
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()))
      await publisher.stop()
    },
    async publish(messages) {
      if (!isRunning) throw notRunning()
      for (const message of messages) {
        checkSize(message)
        assert(
          message.partition < config.partitions[message.topic],
          `${message.topic} has no partition ${message.partition}`,
        )
      }
      await publisher.publish(messages)
    },
    async subscribe(options) {
      if (!isRunning) throw notRunning()
      const topic = nameOf(options.topic)
      const subscription = await subscribeToKafka(config, options, {
        kafka,
        logger: logger.child({ topic, group: options.group }),
        topic,
        // Members of one Kafka group must want the same topics; ours are per topic.
        group: `${config.topicPrefix}${options.group}.${options.topic}`,
        watermarks: (partition) => withAdmin(kafka, (admin) => watermarks(admin, topic, partition)),
        ended: () => subscriptions.delete(subscription),
      })
      subscriptions.add(subscription)
      return subscription
    },
  }
}

async function withAdmin<T>(kafka: Kafka, call: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await call(admin)
  } catch (error) {
    throw busError('answer', error)
  } finally {
    await admin.disconnect()
  }
}

async function watermarks(
  admin: Admin,
  topic: string,
  partition: number,
): Promise<{ low: number; high: number }> {
  const marks = (await admin.fetchTopicOffsets(topic)).find((mark) => mark.partition === partition)
  if (marks === undefined)
    throw new WardwatchError('BUS_MISCONFIGURED', `${topic} has no partition ${partition}`)
  return { low: Number(marks.low), high: Number(marks.high) }
}

const hourMs = 3_600_000

async function prepareTopics(
  admin: Admin,
  config: KafkaBusConfig,
  nameOf: (topic: TopicName) => string,
): Promise<void> {
  await admin.createTopics({
    waitForLeaders: true,
    topics: await missingTopics(admin, config, nameOf),
  })
  const { topics } = await admin.fetchTopicMetadata({ topics: topicNames.map(nameOf) })
  for (const name of topicNames) {
    const count = topics.find((topic) => topic.name === nameOf(name))?.partitions.length ?? 0
    if (count === config.partitions[name]) continue
    throw new WardwatchError(
      'BUS_MISCONFIGURED',
      `topic ${nameOf(name)} has ${count} partitions, the configuration says ${config.partitions[name]}: ` +
        'the count is fixed for the life of a topic, since it decides which partition holds a host; ' +
        'correct bus.partitions, or begin again under another bus.topicPrefix',
      { fields: { topic: nameOf(name), count, configured: config.partitions[name] } },
    )
  }
}

async function missingTopics(
  admin: Admin,
  config: KafkaBusConfig,
  nameOf: (topic: TopicName) => string,
) {
  const existing = new Set(await admin.listTopics())
  return topicNames
    .filter((name) => !existing.has(nameOf(name)))
    .map((name) => ({
      topic: nameOf(name),
      numPartitions: config.partitions[name],
      replicationFactor: config.replicationFactor,
      configEntries: [
        { name: 'cleanup.policy', value: 'delete' },
        // What people decided is part of every later replay.
        {
          name: 'retention.ms',
          value: String(name === 'control' ? -1 : config.retentionHours * hourMs),
        },
      ],
    }))
}
