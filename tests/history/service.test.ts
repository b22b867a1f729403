import { describe, expect, test } from 'vitest'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import { historyConfigSchema } from '../../history/config.ts'
import { createHistorian } from '../../history/service.ts'
import { WardwatchError } from '../../records/errors.ts'
import type { FlowAppend, FlowStore } from '../../store/flow-store.ts'
import { flowMessage } from '../support/flow-messages.ts'
import { silentLogger } from '../support/silent-logger.ts'

const config = historyConfigSchema.parse({ holdMs: 10 })

/** A store that takes everything, or refuses while it is told to. */
function fakeStore() {
  const taken: number[] = []
  const waits: (number | undefined)[] = []
  const shed: FlowAppend[] = []
  let isFull = false
  const store: Pick<FlowStore, 'append' | 'position' | 'onFlushed' | 'noteShed'> = {
    append({ messages }, options) {
      waits.push(options?.holdMs)
      if (isFull)
        return Promise.reject(new WardwatchError('DUCKDB_UNAVAILABLE', 'full', { retryable: true }))
      taken.push(...messages.map(({ offset }) => offset))
      return Promise.resolve()
    },
    position: () => Promise.resolve(0),
    onFlushed: () => undefined,
    noteShed(batches) {
      shed.push(...batches)
      return Promise.resolve()
    },
  }
  return { store: store as FlowStore, taken, waits, shed, fill: (full: boolean) => (isFull = full) }
}

async function start() {
  const bus = createMemoryBus(memoryBusConfigSchema.parse({ partitions: { observations: 1 } }))
  const fake = fakeStore()
  const failures: unknown[] = []
  const historian = createHistorian(config, {
    bus,
    flows: fake.store,
    logger: silentLogger,
    failed: (error) => failures.push(error),
  })
  await bus.start()
  await historian.start()
  let sequence = 0
  const publish = () =>
    bus.publish([{ topic: 'observations', partition: 0, value: flowMessage(++sequence, []) }])
  return { bus, historian, publish, failures, ...fake }
}

describe('the historian', () => {
  test('hands every message on, in order, what is on the bus at the stop included', async () => {
    const { bus, historian, publish, taken } = await start()
    for (let i = 0; i < 20; i++) await publish()
    await historian.stop()
    expect(taken).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(historian.counters()).toEqual({ messages: 20, shed: 0 })
    await bus.stop()
  })

  test('does not hold back a bus in memory when the history is full: leaves out, counts, goes on', async () => {
    const { bus, historian, publish, taken, waits, shed, fill } = await start()
    fill(true)
    for (let i = 0; i < 3; i++) {
      await publish()
      await bus.settled('observations')
    }
    expect(historian.counters()).toEqual({ messages: 0, shed: 3 })
    // It waits once; then it asks only whether there is room again.
    expect(waits).toEqual([undefined, 0, 0])
    fill(false)
    await publish()
    await historian.stop()
    expect(taken).toEqual([3])
    // The next message kept shows the hole by its number; nothing else has to tell of it.
    expect(shed).toEqual([])
    await bus.stop()
  })

  test('tells of what it left out when no later message can', async () => {
    const { bus, historian, publish, shed, fill } = await start()
    fill(true)
    for (let i = 0; i < 4; i++) {
      await publish()
      await bus.settled('observations')
    }
    await historian.stop()
    expect(shed.flatMap(({ messages }) => messages.map(({ offset }) => offset))).toEqual([0, 3])
    await bus.stop()
  })

  test('ends when the store fails for good', async () => {
    const { bus, historian, publish, failures, store } = await start()
    store.append = () => Promise.reject(new Error('a bug'))
    await publish()
    await expect.poll(() => failures).toEqual([new Error('a bug')])
    await historian.stop()
    await bus.stop()
  })
})
