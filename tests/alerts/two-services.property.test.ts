import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { createAlerts } from '../../alerts/service.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import type { AnomalyMessage } from '../../records/anomaly.ts'
import { encodeAnomalyMessage } from '../../records/codec.ts'
import type { AlertRows } from '../../store/state-store.ts'
import { createMemoryRows } from '../support/alert-rows.ts'
import { streamOf } from '../support/anomalies.ts'
import { anomalyLists } from '../support/anomaly-arbitrary.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

// As after a rebalance that one of them has not noticed: both hold every partition, each under a group of its own.

/** Turns of the event loop that a service waits before each call of the store; the long ones are a stopped process. */
const pauses = fc.array(
  fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(40) }),
  { minLength: 1, maxLength: 12 },
)
const cases = anomalyLists.chain((list) =>
  fc.record({
    stream: fc.constant(streamOf(list)),
    cuts: fc.array(fc.nat({ max: list.length }), { maxLength: 6 }),
    pauses: fc.tuple(pauses, pauses),
  }),
)

test('two services that fold the same anomalies give the rows of one', async () => {
  let overtaken = 0
  await fc.assert(
    fc.asyncProperty(cases, async ({ stream, cuts, pauses }) => {
      const one = await foldedBy([[0]], stream, cuts)
      const two = await foldedBy(pauses, stream, cuts)
      expect(two.content).toEqual(one.content)
      expect(two.positions).toEqual(one.positions)
      expect(two.failures).toEqual([])
      overtaken += two.overtaken
    }),
  )
  // The case that matters was among them.
  expect(overtaken).toBeGreaterThan(50)
})

/** Folds the stream, published in pieces, by one service for each list of pauses, over one store. */
async function foldedBy(
  pauses: readonly (readonly number[])[],
  stream: readonly AnomalyMessage[],
  cuts: readonly number[],
) {
  const bus = createMemoryBus(memoryBusConfigSchema.parse({ partitions: { anomalies: 1 } }))
  const memory = createMemoryRows()
  const failures: unknown[] = []
  const services = pauses.map((each, index) =>
    createAlerts(
      { ...alertsConfigSchema.parse({ group: `group-${index}` }), episodeAnomaliesMax: 4 },
      {
        bus,
        states: { alerts: pausing(memory.store, each) },
        logger: createQuietLogger(),
        now: () => 0,
        failed: (error) => failures.push(error),
      },
    ),
  )
  await bus.start()
  for (const service of services) await service.start()
  const edges = [0, ...[...cuts].sort((a, b) => a - b), stream.length]
  for (const [index, edge] of edges.entries()) {
    const values = stream.slice(edges[index - 1] ?? 0, edge).map(encodeAnomalyMessage)
    await bus.publish(values.map((value) => ({ topic: 'anomalies', partition: 0, value })))
    await setImmediate()
  }
  await bus.settled('anomalies')
  for (const service of services) await service.stop()
  await bus.stop()
  return {
    content: memory.content(),
    positions: await memory.store.positions(),
    overtaken: services.reduce((sum, service) => sum + service.counters().overtaken, 0),
    failures,
  }
}

/** The store as a slow process meets it. */
function pausing(rows: AlertRows, pauses: readonly number[]): AlertRows {
  let calls = 0
  const pause = async () => {
    for (let turns = pauses[calls++ % pauses.length]!; turns > 0; turns--) await setImmediate()
  }
  return {
    ...rows,
    positions: () => pause().then(() => rows.positions()),
    newestOf: (rowKey) => pause().then(() => rows.newestOf(rowKey)),
    anomaliesOf: (alertId) => pause().then(() => rows.anomaliesOf(alertId)),
    get: (id) => pause().then(() => rows.get(id)),
    commit: (commit) => pause().then(() => rows.commit(commit)),
  }
}
