import { ConfigResourceTypes, Kafka, logLevel } from 'kafkajs'
import { randomUUID } from 'node:crypto'
import { describe, expect, inject, test, vi } from 'vitest'
import { startKafka } from '../../scripts/services/kafka.mjs'
import { busContract, message, Recorder, until } from '../contracts/bus.contract.ts'
import { testKafkaBus } from '../support/kafka-bus.ts'

const brokers = inject('kafkaBrokers')

busContract('kafka', () => testKafkaBus(brokers))

describe('kafka', () => {
  test('creates missing topics with the configured partition counts, and keeps `control` for ever', async () => {
    const topicPrefix = `test-${randomUUID()}.`
    const bus = testKafkaBus(brokers, {
      topicPrefix,
      partitions: { observations: 3, anomalies: 2 },
      retentionHours: 5,
    })
    await bus.start()
    await bus.stop()
    await withAdmin(async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({
        topics: ['observations', 'anomalies', 'alerts', 'control'].map(
          (name) => topicPrefix + name,
        ),
      })
      const counts = topics.map(
        (topic) => [topic.name.slice(topicPrefix.length), topic.partitions.length] as const,
      )
      expect(Object.fromEntries(counts)).toEqual({
        observations: 3,
        anomalies: 2,
        alerts: 1,
        control: 1,
      })
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: ['observations', 'control'].map((name) => ({
          type: ConfigResourceTypes.TOPIC,
          name: topicPrefix + name,
          configNames: ['retention.ms'],
        })),
      })
      expect(resources.map((resource) => resource.configEntries[0]?.configValue)).toEqual([
        String(5 * 3_600_000),
        '-1',
      ])
    })
  })

  test('refuses topics whose partition count has been raised', async () => {
    const topicPrefix = `test-${randomUUID()}.`
    const bus = testKafkaBus(brokers, { topicPrefix })
    await bus.start()
    await bus.stop()
    await withAdmin((admin) =>
      admin.createPartitions({
        topicPartitions: [{ topic: `${topicPrefix}observations`, count: 6 }],
      }),
    )
    await expect(testKafkaBus(brokers, { topicPrefix }).start()).rejects.toMatchObject({
      code: 'BUS_MISCONFIGURED',
      retryable: false,
      fields: { topic: `${topicPrefix}observations`, count: 6, configured: 4 },
    })
  })

  test('says that the bus is unavailable when no broker listens', async () => {
    const bus = testKafkaBus(['127.0.0.1:1'], { retries: 1 })
    await expect(bus.start()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE', retryable: true })
  })

  test('lets two processes start at the same moment on a cluster without topics', async () => {
    const topicPrefix = `test-${randomUUID()}.`
    const buses = [testKafkaBus(brokers, { topicPrefix }), testKafkaBus(brokers, { topicPrefix })]
    await Promise.all(buses.map((bus) => bus.start()))
    await Promise.all(buses.map((bus) => bus.stop()))
  })

  test('says that an offset is gone when retention has dropped it, and begins at the oldest for 0', async () => {
    const topicPrefix = `test-${randomUUID()}.`
    const bus = testKafkaBus(brokers, { topicPrefix })
    await bus.start()
    for (let i = 0; i < 5; i++) await bus.publish([message(0, String(i))])
    await withAdmin(async (admin) => {
      const topic = `${topicPrefix}observations`
      // kafkajs deletes only where it has read the metadata before.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
    })
    const late = new Recorder()
    late.wanted.set(0, 1)
    await bus.subscribe({
      topic: 'observations',
      group: 'late',
      handler: late,
      failed: late.failed,
    })
    await until(() => late.failures.length > 0)
    expect(late.failures[0]).toMatchObject({
      code: 'BUS_OFFSET_GONE',
      fields: { wanted: 1, low: 3, high: 5 },
    })

    const fresh = new Recorder()
    await bus.subscribe({
      topic: 'observations',
      group: 'fresh',
      handler: fresh,
      failed: fresh.failed,
    })
    await until(() => fresh.count === 2)
    expect(fresh.offsets(0)).toEqual([3, 4])
    await bus.stop()
  })

  test('reads gzip and stays quiet about the timers of kafkajs', async () => {
    const warnings: string[] = []
    const listen = (warning: Error) => warnings.push(warning.name)
    process.on('warning', listen)
    const bus = testKafkaBus(brokers, { compression: 'gzip' })
    await bus.start()
    const consumer = new Recorder()
    await bus.subscribe({
      topic: 'observations',
      group: 'analyzer',
      handler: consumer,
      failed: consumer.failed,
    })
    await bus.publish([message(0, 'x'.repeat(100_000))])
    await until(() => consumer.count === 1)
    expect(consumer.texts(0)[0]).toHaveLength(100_000)
    await bus.stop()
    process.off('warning', listen)
    expect(warnings).not.toContain('TimeoutNegativeWarning')
  })

  test(
    'loses nothing, and repeats only what was not acknowledged, when the broker is killed during traffic',
    { timeout: 120_000 },
    async () => {
      const broker = await startKafka()
      try {
        const bus = testKafkaBus(broker.brokers, { retries: 10 })
        await bus.start()
        const consumer = new Recorder()
        await bus.subscribe({
          topic: 'observations',
          group: 'analyzer',
          handler: consumer,
          failed: consumer.failed,
        })
        const acknowledged: string[][] = [[], [], [], []]
        let isOver = false
        const traffic = Promise.all(
          [0, 1, 2, 3].map(async (partition) => {
            for (let i = 0; !isOver; i++) {
              await vi.waitFor(() => bus.publish([message(partition, String(i))]), {
                timeout: 60_000,
              })
              acknowledged[partition]!.push(String(i))
            }
          }),
        )
        for (let kill = 0; kill < 2; kill++) {
          const before = consumer.count
          await until(() => consumer.count > before + 200)
          await broker.kill()
          await broker.restart()
        }
        const before = consumer.count
        await until(() => consumer.count > before + 200)
        isOver = true
        await traffic
        for (const partition of [0, 1, 2, 3]) {
          await until(() => consumer.texts(partition).at(-1) === acknowledged[partition]!.at(-1))
          // A redelivery after a reassignment starts at offset 0 again here; by offset, each message is there once.
          const byOffset = new Map(
            consumer
              .taken(partition)
              .map(({ offset, value }) => [offset, new TextDecoder().decode(value)]),
          )
          const inOrder = [...byOffset].sort(([a], [b]) => a - b)
          expect(inOrder.map(([offset]) => offset)).toEqual(inOrder.map((_, index) => index))
          const texts = inOrder.map(([, text]) => text)
          expect([...new Set(texts)]).toEqual(acknowledged[partition])
          expect(texts).toEqual([...texts].sort((a, b) => Number(a) - Number(b)))
        }
        expect(consumer.failures).toEqual([])
        await bus.stop()
      } finally {
        await broker.stop()
      }
    },
  )
})

async function withAdmin<T>(call: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    return await call(admin)
  } finally {
    await admin.disconnect()
  }
}
