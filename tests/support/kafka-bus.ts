import { randomUUID } from 'node:crypto'
import { createKafkaBus } from '../../bus/adapters/kafka.ts'
import type { Bus } from '../../bus/bus.ts'
import { kafkaBusConfigSchema } from '../../bus/config.ts'
import type { Logger } from '../../records/service.ts'
import { silentLogger } from './silent-logger.ts'

/** A Kafka bus with topics of its own and time-outs that suit a test. */
export function testKafkaBus(
  brokers: readonly string[],
  over: object = {},
  logger: Logger = silentLogger,
): Bus {
  return createKafkaBus(
    kafkaBusConfigSchema.parse({
      kind: 'kafka',
      brokers: [...brokers],
      topicPrefix: `test-${randomUUID()}.`,
      partitions: { observations: 4 },
      connectionTimeoutMs: 1_000,
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 300,
      retryDelayMs: 100,
      retryDelayMsMax: 1_000,
      ...over,
    }),
    { logger },
  )
}
