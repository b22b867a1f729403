import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Anomaly, AnomalyMessage } from '../../records/anomaly.ts'
import { encodeAnomalyMessage } from '../../records/codec.ts'
import { isWardwatchError } from '../../records/errors.ts'
import { decodeWakeUp } from '../../records/wake-up.ts'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { foldBatch } from '../../alerts/fold-batch.ts'
import { createPositions } from '../../alerts/positions.ts'
import { type AlertsService, createAlerts } from '../../alerts/service.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import type { Bus } from '../../bus/bus.ts'
import type { AlertRows } from '../../store/state-store.ts'
import { createMemoryRows } from '../support/alert-rows.ts'
import { anomalyOf, streamOf } from '../support/anomalies.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

const config = alertsConfigSchema.parse({})
let bus: Bus
let memory: ReturnType<typeof createMemoryRows>
let logger: ReturnType<typeof createQuietLogger>
let failures: unknown[]
let service: AlertsService

const create = (rows: AlertRows = memory.store, group = config.group) =>
  createAlerts(
    { ...config, group },
    {
      bus,
      states: { alerts: rows },
      logger,
      now: () => 0,
      failed: (error) => failures.push(error),
    },
  )
const begin = () => {
  service = create()
  return service.start()
}

beforeEach(async () => {
  bus = createMemoryBus(memoryBusConfigSchema.parse({ partitions: { anomalies: 2, alerts: 2 } }))
  memory = createMemoryRows()
  logger = createQuietLogger()
  failures = []
  await bus.start()
})

afterEach(async () => {
  await service.stop()
  await bus.stop()
})

const send = (messages: readonly AnomalyMessage[], partition = 0) =>
  bus.publish(
    messages.map((message) => ({
      topic: 'anomalies' as const,
      partition,
      value: encodeAnomalyMessage(message),
    })),
  )
const endOf = (partition: number, offset: number): AnomalyMessage => ({
  kind: 'ended',
  site: 'north',
  sensor: 'tap-1',
  run: 'r1',
  position: { partition, offset, index: 0 },
  partitionCount: 2,
})
const rowCount = () => memory.content().length

describe('the alert stage', () => {
  test('writes a row and wakes the readers with its revision', async () => {
    const woken: number[] = []
    await bus.subscribe({
      topic: 'alerts',
      group: 'reader',
      handler: {
        assigned: () => Promise.resolve(0),
        messages: (_partition, messages) => {
          woken.push(...messages.map((m) => decodeWakeUp(m.value).revision))
          return Promise.resolve()
        },
        revoked: () => Promise.resolve(),
      },
      failed: (error) => failures.push(error),
    })
    await begin()
    await send(streamOf([anomalyOf()]))
    await vi.waitFor(() => expect(woken).toEqual([1]))
    expect(memory.content()[0]).toMatchObject({ count: 8, status: 'new' })
    expect(failures).toEqual([])
  })

  test('skips what it has folded when the topic is read again after a restart', async () => {
    await begin()
    const stream = streamOf([anomalyOf(), anomalyOf({ viewKey: 'north|lan|ip:10.60.1.67' })])
    await send(stream)
    await vi.waitFor(() => expect(rowCount()).toBe(2))
    const before = memory.content()
    await service.stop()
    await begin()
    await send(streamOf([anomalyOf({ viewKey: 'north|lan|ip:10.60.1.68' })]).map(at(0, 9)))
    await vi.waitFor(() => expect(rowCount()).toBe(3))
    expect(service.counters()).toMatchObject({ skipped: 2, folded: 1 })
    expect(memory.content()).toEqual(expect.arrayContaining(before))
  })

  test('keeps the order of two sites apart that share an observations partition', async () => {
    await begin()
    await send(streamOf([anomalyOf()]).map(at(0, 100)), 0)
    await vi.waitFor(() => expect(rowCount()).toBe(1))
    await send(streamOf([anomalyOf({ site: 'south' })]).map(at(0, 50)), 1)
    await vi.waitFor(() => expect(rowCount()).toBe(2))
    expect(service.counters().skipped).toBe(0)
  })

  test('counts an unreadable message, says so once in a while and goes on', async () => {
    await begin()
    const value = new TextEncoder().encode('{"kind":"anomaly"}')
    await bus.publish([
      { topic: 'anomalies', partition: 0, value },
      { topic: 'anomalies', partition: 0, value },
    ])
    await send(streamOf([anomalyOf()]))
    await vi.waitFor(() => expect(rowCount()).toBe(1))
    expect(service.counters().malformed).toBe(2)
    expect(logger.lines.filter((l) => l.level === 'error')).toHaveLength(1)
  })

  test('stops for good when the store fails, and folds everything once it is back', async () => {
    await begin()
    memory.fail(true)
    const waiting = service.ended('tap-1', 'r1', 1)
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ALERT_STORE_FAILED' })
    await send(streamOf([anomalyOf()]))
    await refused
    expect(failures.map((e) => isWardwatchError(e, 'ALERT_STORE_FAILED'))).toEqual([true])
    await send([
      ...streamOf([anomalyOf({ count: 24, timeUs: anomalyOf().timeUs + 1 })]).map(at(0, 1)),
    ])
    expect(rowCount()).toBe(0)
    await service.stop()
    memory.fail(false)
    await begin()
    await vi.waitFor(() => expect(memory.content()[0]?.count).toBe(24))
  })
})

describe('two processes that hold the same partition', () => {
  /** Stopped like a process in the middle of a commit, until `resume`. */
  function createStopped() {
    const { promise: resumed, resolve } = Promise.withResolvers<undefined>()
    let commits = 0
    const rows: AlertRows = {
      ...memory.store,
      commit: async (commit) => {
        commits++
        await resumed
        return memory.store.commit(commit)
      },
    }
    return { rows, commits: () => commits, resume: () => resolve(undefined) }
  }
  const revised = (count: number) => anomalyOf({ count, timeUs: anomalyOf().timeUs + count })
  const warnings = () => logger.lines.filter((line) => line.level === 'warn')

  test('one that was stopped overwrites nothing, and goes on behind the other', async () => {
    const stopped = createStopped()
    service = create(stopped.rows)
    await service.start()
    await send(streamOf([anomalyOf()]))
    await vi.waitFor(() => expect(stopped.commits()).toBe(1))
    const other = create(memory.store, 'other')
    await other.start()
    await send(streamOf([anomalyOf(), revised(24)]).slice(1))
    await vi.waitFor(() => expect(memory.content()[0]?.count).toBe(24))
    const revision = await memory.store.lastRevision()
    stopped.resume()
    await bus.settled('anomalies')
    expect(await memory.store.lastRevision()).toBe(revision)
    expect(memory.content()[0]?.count).toBe(24)
    expect(service.counters()).toMatchObject({ overtaken: 1, folded: 0, skipped: 2 })
    expect(warnings()).toHaveLength(1)
    await other.stop()
    await send(streamOf([anomalyOf(), anomalyOf(), revised(30)]).slice(2))
    await bus.settled('anomalies')
    expect(memory.content()[0]?.count).toBe(30)
    expect(failures).toEqual([])
  })

  test('the one whose commit came too late folds what the faster one left when it died', async () => {
    const stopped = createStopped()
    service = create(stopped.rows)
    await service.start()
    await send(streamOf([anomalyOf(), revised(16), revised(24)]))
    await vi.waitFor(() => expect(stopped.commits()).toBe(1))
    const [first] = streamOf([anomalyOf()])
    const fast = createPositions(0, [])
    const { commit } = await foldBatch([first!], memory.store, config)
    await memory.store.commit({ ...commit, moves: fast.advance([first!]) })
    stopped.resume()
    await bus.settled('anomalies')
    expect(memory.content()[0]?.count).toBe(24)
    expect(service.counters()).toMatchObject({ overtaken: 1, skipped: 1 })
  })

  test('a store that has gone back stops the stage, so that the topic is read anew', async () => {
    await begin()
    await send(streamOf([anomalyOf()]))
    await vi.waitFor(() => expect(rowCount()).toBe(1))
    const restored = createMemoryRows()
    Object.assign(memory.store, restored.store)
    await send(streamOf([anomalyOf(), revised(16)]).slice(1))
    await vi.waitFor(() =>
      expect(failures.map((e) => isWardwatchError(e, 'PARTITION_LOST'))).toEqual([true]),
    )
    expect(restored.content()).toEqual([])
  })
})

describe('the end of an input', () => {
  test('is reached when every observations partition has reported it', async () => {
    await begin()
    let isEnded = false
    const ended = service.ended('tap-1', 'r1', 2).then(() => {
      isEnded = true
    })
    await send([...streamOf([anomalyOf()]), endOf(0, 1)])
    await vi.waitFor(() => expect(rowCount()).toBe(1))
    expect(isEnded).toBe(false)
    await send([endOf(1, 0)])
    await ended
  })

  test('is seen when another process has folded it', async () => {
    await begin()
    const ended = service.ended('tap-1', 'r1', 1)
    const end = { sensor: 'tap-1', run: 'r1', partition: 0 }
    await memory.store.commit({ anomalies: [], rows: [], moves: [], ended: [end] })
    await expect(ended).resolves.toBeUndefined()
  })

  test('is no longer waited for when the stage stops', async () => {
    await begin()
    const refused = expect(service.ended('tap-1', 'r1', 1)).rejects.toThrow('stopped')
    await service.stop()
    await refused
  })
})

/** Moves a message to a position of its own. */
function at(partition: number, offset: number) {
  return (message: AnomalyMessage): AnomalyMessage => {
    const position: Anomaly['position'] = { partition, offset, index: 0 }
    return message.kind === 'anomaly'
      ? { kind: 'anomaly', anomaly: { ...message.anomaly, position } }
      : { ...message, position }
  }
}
