import { z } from 'zod'

const count = z.number().int().min(1).max(1024)

const partitions = (observations: number) =>
  z
    .strictObject({
      observations: count.default(observations).describe('host keys are spread over these'),
      anomalies: count.default(1).describe('sites are spread over these'),
      alerts: count.default(1).describe('sites are spread over these'),
      control: count.default(1).describe('sites are spread over these'),
    })
    .prefault({})
    .describe('partitions of each topic; fixed for the life of a topic')

/** Largest message of any adapter: Kafka's default `message.max.bytes` less the frame of a record batch. */
export const messageBytesMax = 1_000_000

/** The bus inside one process. */
export const memoryBusConfigSchema = z.strictObject({
  kind: z.literal('memory').default('memory').describe('inside one process'),
  partitions: partitions(4),
  partitionBytesMax: z
    .number()
    .int()
    .min(messageBytesMax)
    .default(4 * 1024 * 1024)
    .describe(
      'bytes a partition holds; publishing waits when a group has not taken its oldest message',
    ),
  deliveryBytesMax: z
    .number()
    .int()
    .min(1)
    .default(1024 * 1024)
    .describe('bytes handed to a consumer at once; a larger message goes alone'),
})
export type MemoryBusConfig = z.infer<typeof memoryBusConfigSchema>

const milliseconds = z.number().int().min(1)

/** Apache Kafka 3.7 and later. */
export const kafkaBusConfigSchema = z
  .strictObject({
    kind: z.literal('kafka').describe('a Kafka cluster, between processes'),
    brokers: z
      .array(z.string().regex(/^.+:\d+$/, 'host:port'))
      .min(1)
      .describe('host:port of some brokers of the cluster'),
    clientId: z
      .string()
      .min(1)
      .default('wardwatch')
      .describe('how this process calls itself in the broker’s logs'),
    topicPrefix: z
      .string()
      .regex(/^[a-zA-Z0-9._-]*$/, 'letters, digits, dot, underscore, hyphen')
      .max(200)
      .default('wardwatch.')
      .describe('stands before every topic and consumer group name'),
    partitions: partitions(12),
    replicationFactor: z
      .number()
      .int()
      .min(-1)
      .default(-1)
      .describe('copies of a topic created here; -1: the cluster’s default'),
    retentionHours: z
      .number()
      .int()
      .min(1)
      .default(168)
      .describe('how long a topic created here keeps messages; `control` keeps them for ever'),
    compression: z
      .enum(['none', 'gzip'])
      .default('none')
      .describe('gzip saves network and disk, and costs CPU on both sides'),
    connectionTimeoutMs: milliseconds.default(3_000).describe('to open a connection'),
    requestTimeoutMs: milliseconds.default(15_000).describe('to answer a request'),
    retries: z
      .number()
      .int()
      .min(1)
      .default(6)
      .describe('attempts after the first before a call is given up'),
    retryDelayMs: milliseconds
      .default(200)
      .describe('before the first retry; doubles from one to the next'),
    retryDelayMsMax: milliseconds.default(5_000).describe('longest pause between two attempts'),
    sessionTimeoutMs: milliseconds
      .default(15_000)
      .describe('a consumer silent for so long loses its partitions'),
    rebalanceTimeoutMs: milliseconds
      .default(60_000)
      .describe('how long a group waits for a member to hand over'),
    heartbeatIntervalMs: milliseconds
      .default(2_000)
      .describe('between two signs of life of a consumer'),
    fetchWaitMs: milliseconds
      .default(250)
      .describe('how long a broker holds a fetch that finds nothing'),
    queueBytesMax: z
      .number()
      .int()
      .min(1)
      .default(4 * 1024 * 1024)
      .describe('bytes read ahead for one partition; fetching waits beyond it'),
    partitionsConcurrently: count
      .default(4)
      .describe('partitions of one consumer whose messages are taken in at the same time'),
    tls: z
      .strictObject({
        ca: z
          .string()
          .optional()
          .describe('PEM of the authorities to trust; the system’s when absent'),
        cert: z.string().optional().describe('PEM of this client’s certificate'),
        key: z.string().optional().describe('PEM of this client’s key'),
        serverName: z.string().optional().describe('name to expect in the brokers’ certificates'),
      })
      .nullable()
      .default(null)
      .describe('encrypts and authenticates the connection to the brokers'),
    sasl: z
      .strictObject({
        mechanism: z
          .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
          .describe('how the password is proved'),
        username: z.string().min(1).describe('user towards the brokers'),
        password: z.string().min(1).describe('its password'),
      })
      .nullable()
      .default(null)
      .describe('user and password towards the brokers; `plain` only together with tls'),
  })
  .refine((config) => config.sasl?.mechanism !== 'plain' || config.tls !== null, {
    path: ['sasl', 'mechanism'],
    message: 'plain sends the password readable: configure tls as well, or use scram-sha-512',
  })
export type KafkaBusConfig = z.infer<typeof kafkaBusConfigSchema>

/** The `bus` section of the configuration. */
export const busConfigSchema = z
  .discriminatedUnion('kind', [
    memoryBusConfigSchema.extend({ kind: z.literal('memory').describe('inside one process') }),
    kafkaBusConfigSchema,
  ])
  .describe('what carries records between the stages')
  .prefault({ kind: 'memory' })
export type BusConfig = z.infer<typeof busConfigSchema>
