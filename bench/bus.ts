import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'
import { createKafkaBus } from '../bus/adapters/kafka.ts'
import { kafkaBusConfigSchema } from '../bus/config.ts'
import { formatIp } from '../records/address.ts'
import { decodeObservation, encodeObservation } from '../records/codec.ts'
import { textAt } from '../records/columns.ts'
import type { ObservationMessage } from '../records/observation.ts'
import type { Logger } from '../records/service.ts'
import { kafkaFromEnvironment, startKafka } from '../scripts/services/kafka.mjs'
import { type BenchResult, type BenchSize, compareInRounds } from './harness.ts'
import { generateMessages } from './support/views.ts'

const seed = 20_268
const partitions = 12
const rowsPerMessage = 2_000
/** Publishing calls under way at the same time, on both sides. */
const callsInFlight = 4
const sizes = {
  small: { views: 20_000, rounds: 3 },
  full: { views: 100_000, rounds: 5 },
} as const

/** Flow batches through Kafka against one JSON message a flow, same client library, same broker, same flows. */
export async function run(size: BenchSize): Promise<BenchResult> {
  const { views, rounds } = sizes[size]
  const given = kafkaFromEnvironment()
  const kafka = given === null ? await startKafka() : null
  const brokers = given ?? kafka!.brokers
  const messages = generateMessages({ views, hosts: 5_000, rowsPerMessage, seed })
  const sides: Side[] = []
  try {
    const ours = await createOurs(brokers, messages)
    sides.push(ours)
    const peer = await createPeer(brokers, messages)
    sides.push(peer)
    assert.deepEqual(await ours.once(), await peer.once(), 'both carried the same flows and bytes')
    const compared = await compareInRounds({
      ours: async () => (await ours.once()).flows,
      peer: async () => (await peer.once()).flows,
      rounds,
    })
    return {
      name: 'bus',
      claim:
        'Through Kafka, flow batches travel several times as fast as one JSON message per flow.',
      input: `${views.toLocaleString('en')} views over 5,000 hosts, ${rowsPerMessage} rows a message, ${partitions} partitions, seed ${seed}; broker on the same machine`,
      rounds: compared.rounds,
      ratio: compared.ratio,
      ours: { value: compared.ours, unit: 'flow views/s', spread: compared.spreads.ours },
      peer: {
        name: 'kafkajs, one JSON message per flow',
        value: compared.peer,
        unit: 'flow views/s',
        spread: compared.spreads.peer,
      },
      notes: [
        'From a batch in memory until the consumer has decoded it and summed its bytes; both sums agree before the first round.',
        'The peer is handed ready-made objects and sends 2,000 of them a call, without idempotence; ours is idempotent, keeps order, and also carries the 5 % of summaries, which are not counted.',
      ],
      bar: { min: size === 'full' ? 3 : 1.5 },
      goal: { min: 300_000 },
    }
  } finally {
    for (const side of sides) await side.stop()
    await kafka?.stop()
  }
}

interface Totals {
  readonly flows: number
  readonly ipBytes: number
}

interface Side {
  /** Sends every flow once; resolves when all have been consumed. */
  once(): Promise<Totals>
  stop(): Promise<void>
}

const ignore = (): void => {}
const logger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => logger,
}

async function createOurs(
  brokers: string[],
  messages: readonly ObservationMessage[],
): Promise<Side> {
  const bus = createKafkaBus(
    kafkaBusConfigSchema.parse({ kind: 'kafka', brokers, topicPrefix: `bench-${randomUUID()}.` }),
    { logger },
  )
  await bus.start()
  const counter = createCounter(messages)
  await bus.subscribe({
    topic: 'observations',
    group: 'bench',
    failed: counter.fail,
    handler: {
      assigned: () => Promise.resolve(0),
      revoked: () => Promise.resolve(),
      messages(_, incoming) {
        for (const { value } of incoming) {
          const { flows } = decodeObservation(value)
          if (flows === null) continue
          let ipBytes = 0
          for (let row = 0; row < flows.rowCount; row++)
            ipBytes += flows.origIpBytes[row]! + flows.respIpBytes[row]!
          counter.add(flows.rowCount, ipBytes)
        }
        return Promise.resolve()
      },
    },
  })
  return {
    async once() {
      const all = counter.expect()
      await inFlight(messages, (message, index) =>
        bus.publish([
          {
            topic: 'observations',
            partition: index % partitions,
            value: encodeObservation(message),
          },
        ]),
      )
      return all
    },
    stop: () => bus.stop(),
  }
}

async function createPeer(
  brokers: string[],
  messages: readonly ObservationMessage[],
): Promise<Side> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const topic = `bench-json-${randomUUID()}`
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  await producer.connect()
  const counter = createCounter(messages)
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 250 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    partitionsConsumedConcurrently: 4,
    eachBatch({ batch }) {
      for (const { value } of batch.messages) {
        const flow = JSON.parse(value!.toString()) as { origIpBytes: number; respIpBytes: number }
        counter.add(1, flow.origIpBytes + flow.respIpBytes)
      }
      return Promise.resolve()
    },
  })
  const calls = messages.map((message) =>
    message.flows === null ? [] : flowObjects(message.flows),
  )
  return {
    async once() {
      const all = counter.expect()
      await inFlight(calls, async (flows) => {
        await producer.send({
          topic,
          messages: flows.map((flow, row) => ({
            partition: row % partitions,
            value: JSON.stringify(flow),
          })),
        })
      })
      return all
    },
    async stop() {
      await consumer.disconnect()
      await producer.disconnect()
    },
  }
}

/** Every column of the batch as a field of an object. */
function flowObjects(flows: NonNullable<ObservationMessage['flows']>): Record<string, unknown>[] {
  return Array.from({ length: flows.rowCount }, (_, row) => {
    const flow: Record<string, unknown> = {}
    for (const [name, column] of Object.entries(flows)) {
      if (typeof column === 'number') continue
      if (!ArrayBuffer.isView(column)) flow[name] = textAt(column, row)
      else if (name.endsWith('Ip'))
        flow[name] = formatIp(flows[name === 'origIp' ? 'origIp' : 'respIp'], row * 16)
      else if (name.endsWith('Mac'))
        flow[name] = Buffer.from(column.buffer, column.byteOffset + row * 6, 6).toString('hex')
      else flow[name] = column[row]
    }
    return flow
  })
}

async function inFlight<T>(
  items: readonly T[],
  send: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++
      await send(items[index]!, index)
    }
  }
  await Promise.all(Array.from({ length: callsInFlight }, worker))
}

function createCounter(messages: readonly ObservationMessage[]) {
  const expected = messages.reduce((sum, { flows }) => sum + (flows?.rowCount ?? 0), 0)
  let flows = 0
  let ipBytes = 0
  let done = Promise.withResolvers<Totals>()
  return {
    expect(): Promise<Totals> {
      flows = 0
      ipBytes = 0
      done = Promise.withResolvers()
      return done.promise
    },
    add(count: number, sum: number): void {
      flows += count
      ipBytes += sum
      if (flows >= expected) done.resolve({ flows, ipBytes })
    },
    fail: (error: unknown): void => done.reject(error),
  }
}
