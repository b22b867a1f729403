import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createControlRelay, type ControlRelay } from '../../alerts/control-relay.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import type { Bus } from '../../bus/bus.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import { decodeObservation } from '../../records/codec.ts'
import type { ControlCommand } from '../../records/control.ts'
import { WardwatchError } from '../../records/errors.ts'
import type { StoredCommand } from '../../store/alert-change-store.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

const commandOf = (id: string): ControlCommand => ({
  version: 1,
  id,
  site: 'north',
  effectiveUs: 1,
  by: 'm.weber',
  reason: '',
  kind: 'approve',
  host: 'north|lan|ip:10.60.1.66',
  relation: 'to|tcp/443|x',
})

/** Commands in memory, as store/alert-change-store.ts promises them. */
function createCommands(...ids: string[]) {
  const all: (StoredCommand & { sent: boolean })[] = []
  const add = (id: string, sent = false) =>
    all.push({ sequence: all.length + 1, command: commandOf(id), sent })
  for (const id of ids) add(id)
  return {
    add,
    unsentCommands: (limit: number) =>
      Promise.resolve(all.filter(({ sent }) => !sent).slice(0, limit)),
    markSent: (sequences: readonly number[]) => {
      for (const one of all) if (sequences.includes(one.sequence)) one.sent = true
      return Promise.resolve()
    },
    sentCommands: (limit: number) => Promise.resolve(all.filter(({ sent }) => sent).slice(-limit)),
  }
}

let bus: Bus
let relay: ControlRelay | null
const heard = new Map<string, string[]>()

beforeEach(async () => {
  bus = createMemoryBus(
    memoryBusConfigSchema.parse({ partitions: { observations: 3, control: 1 } }),
  )
  await bus.start()
  heard.clear()
  for (const topic of ['observations', 'control'] as const) {
    await bus.subscribe({
      topic,
      group: 'test',
      handler: {
        assigned: () => Promise.resolve(0),
        messages: (partition, messages) => {
          const ids = messages.map(({ value }) => decodeObservation(value).command!.id)
          heard.set(`${topic}/${partition}`, [
            ...(heard.get(`${topic}/${partition}`) ?? []),
            ...ids,
          ])
          return Promise.resolve()
        },
        revoked: () => Promise.resolve(),
      },
      failed: (error) => {
        throw error
      },
    })
  }
})
afterEach(async () => {
  await relay?.stop()
  await bus.stop()
})

const begin = async (store: ReturnType<typeof createCommands>, over: Partial<Bus> = {}) => {
  const logger = createQuietLogger()
  relay = createControlRelay({ bus: { ...bus, ...over }, store, logger, now: () => 0 })
  await relay.start()
  return logger
}
const everywhere = (ids: string[]) => ({
  'observations/0': ids,
  'observations/1': ids,
  'observations/2': ids,
  'control/0': ids,
})
const all = () => Object.fromEntries(heard)

describe('a command', () => {
  test('reaches every partition and the record, in order', async () => {
    await begin(createCommands('a', 'b'))
    await vi.waitFor(() => expect(all()).toEqual(everywhere(['a', 'b'])))
  })

  test('that is stored later is sent when the relay is woken', async () => {
    const store = createCommands()
    await begin(store)
    store.add('a')
    relay!.wake()
    await vi.waitFor(() => expect(all()).toEqual(everywhere(['a'])))
  })

  test('is told again at the next start to a bus that forgets, before anything new', async () => {
    const store = createCommands()
    store.add('a', true)
    store.add('b')
    await begin(store)
    await vi.waitFor(() => expect(all()).toEqual(everywhere(['a', 'b'])))
  })

  test('is not told again to a bus that keeps it', async () => {
    const store = createCommands()
    store.add('a', true)
    store.add('b')
    await begin(store, { isDurable: true })
    await vi.waitFor(() => expect(all()).toEqual(everywhere(['b'])))
  })

  test('waits while the bus does not answer, and says so', async () => {
    let isDown = true
    const store = createCommands('a')
    const logger = await begin(store, {
      isDurable: true,
      publish: (messages) =>
        isDown
          ? Promise.reject(new WardwatchError('BUS_UNAVAILABLE', 'down', { retryable: true }))
          : bus.publish(messages),
    })
    await vi.waitFor(() => expect(logger.lines).toMatchObject([{ level: 'error' }]))
    expect(await store.unsentCommands(5)).toHaveLength(1)
    isDown = false
    relay!.wake()
    await vi.waitFor(() => expect(all()).toEqual(everywhere(['a'])))
  })
})
