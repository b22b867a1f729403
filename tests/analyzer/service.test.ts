import { afterEach, describe, expect, test } from 'vitest'
import { analyzerConfigSchema } from '../../analyzer/config.ts'
import { portScan } from '../../analyzer/detectors/port-scan.ts'
import { createAnalyzer, type Analyzer } from '../../analyzer/service.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import type { Bus } from '../../bus/bus.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import type { AnomalyMessage } from '../../records/anomaly.ts'
import { decodeAnomalyMessage, decodeObservation, encodeObservation } from '../../records/codec.ts'
import { addressKey, type ObservationMessage, partitionOf } from '../../records/observation.ts'
import { isWardwatchError, WardwatchError } from '../../records/errors.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { sqliteStoreConfigSchema } from '../../store/config.ts'
import type { PartitionStates, StateStore } from '../../store/state-store.ts'
import { testPolicy } from '../support/policy.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { type RowSpec, SceneBuilder, sceneStartUs } from '../support/scene.ts'
import { silentLogger } from '../support/silent-logger.ts'

const partitionCount = 3
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function openBus(): Promise<Bus> {
  const bus = createMemoryBus(
    memoryBusConfigSchema.parse({
      partitions: { observations: partitionCount },
      deliveryBytesMax: 1,
    }),
  )
  await bus.start()
  closers.push(() => bus.stop())
  return bus
}

async function openStore(): Promise<StateStore> {
  const store = createSqliteStore(sqliteStoreConfigSchema.parse({ path: ':memory:' }), {
    logger: silentLogger,
  })
  await store.start()
  closers.push(() => store.stop())
  return store
}

interface Running {
  readonly analyzer: Analyzer
  readonly failure: Promise<unknown>
  readonly lines: ReturnType<typeof createQuietLogger>['lines']
}

async function openAnalyzer(
  bus: Bus,
  partitions: PartitionStates,
  checkpointSeconds = 60,
  isBusDurable = true,
): Promise<Running> {
  const logger = createQuietLogger()
  const { promise: failure, resolve: failed } = Promise.withResolvers<unknown>()
  let clockMs = 0
  const analyzer = createAnalyzer(analyzerConfigSchema.parse({ checkpointSeconds }), {
    bus: { ...bus, isDurable: isBusDurable },
    states: { partitions, devices: { noteSensors: () => Promise.resolve() } },
    policy: testPolicy(),
    detectors: [portScan],
    vendorOf: () => null,
    logger,
    now: () => (clockMs += 100),
    failed,
  })
  await analyzer.start()
  // One that was killed by the test cannot save what it holds.
  closers.push(() =>
    analyzer.stop().catch((error: unknown) => {
      if (!isWardwatchError(error, 'STATE_STORE_FAILED')) throw error
    }),
  )
  return { analyzer, failure, lines: logger.lines }
}

/** Collects what is published on a topic; `until` resolves when a condition on it holds. */
async function collect(bus: Bus): Promise<{
  messages: AnomalyMessage[]
  until: (isDone: (messages: AnomalyMessage[]) => boolean) => Promise<void>
}> {
  const messages: AnomalyMessage[] = []
  let check = (): void => undefined
  await bus.subscribe({
    topic: 'anomalies',
    group: 'test',
    failed: (error) => {
      throw error
    },
    handler: {
      assigned: () => Promise.resolve(0),
      revoked: () => Promise.resolve(),
      messages(_partition, incoming) {
        for (const { value } of incoming) messages.push(decodeAnomalyMessage(value))
        check()
        return Promise.resolve()
      },
    },
  })
  return {
    messages,
    until: (isDone) =>
      new Promise((resolve) => {
        check = () => {
          if (isDone(messages)) resolve()
        }
        check()
      }),
  }
}

const haveEnded = (messages: AnomalyMessage[]) =>
  messages.filter((m) => m.kind === 'ended').length >= partitionCount

async function publish(
  bus: Bus,
  perPartition: readonly (readonly ObservationMessage[])[],
): Promise<void> {
  for (const [partition, messages] of perPartition.entries()) {
    for (const message of messages)
      await bus.publish([{ topic: 'observations', partition, value: encodeObservation(message) }])
  }
}

/** Three scanners, each trying twenty ports. */
const scan: RowSpec[] = Array.from({ length: 60 }, (_, i): RowSpec => ({
  record: 'flow',
  at: i,
  orig: `10.0.0.${1 + (i % 3)}`,
  resp: '10.0.1.1',
  respPort: 20 + Math.floor(i / 3),
  outcome: 'unanswered',
}))

async function publishScan(bus: Bus): Promise<void> {
  const scene = new SceneBuilder({ partitionCount })
  await publish(bus, scene.rows(scan))
  await publish(bus, scene.mark('end', 70))
}

const anomaliesOf = (messages: readonly AnomalyMessage[]) =>
  [
    ...new Set(messages.filter((m) => m.kind === 'anomaly').map((m) => JSON.stringify(m.anomaly))),
  ].sort()

describe('the analyzer', () => {
  test('publishes what it finds, then that each partition has ended, and saves at the end', async () => {
    const [bus, store] = [await openBus(), await openStore()]
    const collected = await collect(bus)
    const { analyzer } = await openAnalyzer(bus, store.partitions)
    await publishScan(bus)
    await collected.until(haveEnded)
    await analyzer.stop()
    const owners = new Set(
      collected.messages.flatMap((m) => (m.kind === 'anomaly' ? [m.anomaly.device.address] : [])),
    )
    expect(owners).toEqual(new Set(['10.0.0.1', '10.0.0.2', '10.0.0.3']))
    expect(analyzer.stats().checkpoints).toBeGreaterThanOrEqual(partitionCount)
    expect(analyzer.stats().stateBytes).toBeGreaterThan(0)
    const key = addressKey('default', 'default', '10.0.0.1')
    expect(await store.partitions.progress(key)).toMatchObject({
      state: 'observing',
      daysSeen: 0,
      lastSeenUs: sceneStartUs + 57e6,
    })
  })

  test('skips and counts a message that cannot be read, and goes on', async () => {
    const [bus, store] = [await openBus(), await openStore()]
    const collected = await collect(bus)
    const { analyzer, lines } = await openAnalyzer(bus, store.partitions)
    for (let i = 0; i < 9; i++)
      await bus.publish([
        { topic: 'observations', partition: i % partitionCount, value: Uint8Array.of(1, 2, 3) },
      ])
    await publishScan(bus)
    await collected.until(haveEnded)
    expect(analyzer.stats().quarantined).toBe(9)
    expect(lines.filter((l) => l.level === 'warn')).toHaveLength(3)
    expect(anomaliesOf(collected.messages).length).toBeGreaterThan(0)
  })

  test('drops a partition that another worker has taken, and keeps the others', async () => {
    const [bus, store] = [await openBus(), await openStore()]
    const collected = await collect(bus)
    const { analyzer, lines } = await openAnalyzer(bus, store.partitions)
    const scene = new SceneBuilder({ partitionCount })
    await publish(bus, scene.mark('clock', 0))
    await store.partitions.acquire(1)
    await publish(bus, scene.mark('end', 1))
    await collected.until(haveEnded)
    await analyzer.stop()
    expect(analyzer.stats().partitionsLost).toBe(1)
    expect(lines.some((l) => l.message.startsWith('partition lost'))).toBe(true)
    const rows = await Promise.all(
      [0, 1, 2].map((partition) => store.partitions.acquire(partition)),
    )
    expect(rows.map((row) => row.nextOffset)).toEqual([2, 0, 2])
  })

  test('answers same-device with the profile, on record and where the new key lives', async () => {
    const [bus, store] = [await openBus(), await openStore()]
    const collected = await collect(bus)
    const { analyzer } = await openAnalyzer(bus, store.partitions)
    const [oldKey, newKey] = ['10.0.0.1', '10.0.0.2'].map((ip) =>
      addressKey('default', 'default', ip),
    ) as [string, string]
    expect(partitionOf(oldKey, partitionCount)).not.toBe(partitionOf(newKey, partitionCount))
    const { promise: recorded, resolve } = Promise.withResolvers<ObservationMessage>()
    await bus.subscribe({
      topic: 'control',
      group: 'test',
      failed: (error) => {
        throw error
      },
      handler: {
        assigned: () => Promise.resolve(0),
        revoked: () => Promise.resolve(),
        messages(_partition, incoming) {
          resolve(decodeObservation(incoming[0]!.value))
          return Promise.resolve()
        },
      },
    })
    const scene = new SceneBuilder({ partitionCount })
    await publish(bus, scene.rows([{ record: 'flow', at: 0, orig: '10.0.0.1', resp: '10.0.1.1' }]))
    const command = {
      version: 1,
      kind: 'same-device',
      id: 's1',
      site: 'default',
      effectiveUs: sceneStartUs,
      by: 'test',
      reason: '',
      oldKey,
      newKey,
    } as const
    await publish(bus, scene.mark('control', 1, { command }))
    expect((await recorded).command).toMatchObject({
      kind: 'profile',
      id: 's1/profile',
      host: newKey,
    })
    await publish(bus, scene.mark('end', 2))
    await collected.until(haveEnded)
    await analyzer.stop()
    expect(await store.partitions.progress(newKey)).toMatchObject({
      relations: 1,
      firstSeenUs: sceneStartUs,
    })
  })
})

describe('recovery', () => {
  async function undisturbed(): Promise<string[]> {
    const [bus, store] = [await openBus(), await openStore()]
    const collected = await collect(bus)
    await openAnalyzer(bus, store.partitions)
    await publishScan(bus)
    await collected.until(haveEnded)
    return anomaliesOf(collected.messages)
  }

  /** A store that takes a number of checkpoints and then dies under the worker: all since the last one is lost. */
  function dyingAfter(states: PartitionStates, commits: number): PartitionStates {
    let left = commits
    return {
      ...states,
      commit: (commit) => {
        if (left-- > 0) return states.commit(commit)
        return Promise.reject(new WardwatchError('STATE_STORE_FAILED', 'killed by the test'))
      },
    }
  }

  test.each([0, 1, 2, 5, 11, 23])(
    'after a worker that died at checkpoint %i gives the same anomalies, over the same topic',
    async (commits) => {
      const expected = await undisturbed()
      const [bus, store] = [await openBus(), await openStore()]
      const collected = await collect(bus)
      const dying = await openAnalyzer(bus, dyingAfter(store.partitions, commits), 0.2)
      await publishScan(bus)
      await dying.failure
      await dying.analyzer.stop().catch(() => undefined)
      await openAnalyzer(bus, store.partitions)
      await collected.until(haveEnded)
      expect(anomaliesOf(collected.messages)).toEqual(expected)
    },
  )

  test.each([1, 4, 17])(
    'embedded: the same input replayed from its start after checkpoint %i gives the same anomalies',
    async (commits) => {
      const expected = await undisturbed()
      const store = await openStore()
      const first = await openBus()
      const before = await collect(first)
      const dying = await openAnalyzer(first, dyingAfter(store.partitions, commits), 0.2, false)
      await publishScan(first)
      await dying.failure
      await first.stop()
      const second = await openBus()
      const after = await collect(second)
      await openAnalyzer(second, store.partitions, 60, false)
      await publishScan(second)
      await after.until(haveEnded)
      expect(anomaliesOf([...before.messages, ...after.messages])).toEqual(expected)
    },
  )
})
