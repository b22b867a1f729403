import { afterEach, describe, expect, test, vi } from 'vitest'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import type { Bus } from '../../bus/bus.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import { createSeriesWriter, type SeriesWriter } from '../../history/series-service.ts'
import { encodeAnomalyMessage, encodeObservation } from '../../records/codec.ts'
import type { ObservationMessage } from '../../records/observation.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { sqliteStoreConfigSchema } from '../../store/config.ts'
import type { StateStore } from '../../store/state-store.ts'
import { anomaly } from '../contracts/state-store.contract.ts'
import { observation } from '../support/observation.ts'
import { createSeriesDouble, type SeriesDouble } from '../support/series-double.ts'
import { messageOf, seriesStartUs, view } from '../support/series-flows.ts'
import { silentLogger } from '../support/silent-logger.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function openBus(): Promise<Bus> {
  const partitions = { observations: 1, anomalies: 1 }
  const bus = createMemoryBus(memoryBusConfigSchema.parse({ partitions, deliveryBytesMax: 1 }))
  await bus.start()
  closers.push(() => bus.stop())
  return bus
}

async function openStates(): Promise<StateStore> {
  const config = sqliteStoreConfigSchema.parse({ path: ':memory:' })
  const states = createSqliteStore(config, { logger: silentLogger })
  await states.start()
  closers.push(() => states.stop())
  return states
}

interface Setting {
  readonly bus: Bus
  readonly states: StateStore
  readonly store: SeriesDouble
}

const setting = async (): Promise<Setting> => ({
  bus: await openBus(),
  states: await openStates(),
  store: createSeriesDouble(),
})

async function open(
  { bus, states, store }: Setting,
  options: { isDurable?: boolean; waitingPointsMax?: number; countersMax?: number } = {},
): Promise<SeriesWriter> {
  const { isDurable = true, waitingPointsMax = 1_000, countersMax = 1_000 } = options
  // Each look at the clock is a second later: every message is handed over at once.
  let clockMs = 0
  const writer = createSeriesWriter(
    { countersMax, devicesMax: 100, waitingPointsMax },
    {
      bus: { ...bus, isDurable },
      states,
      store,
      isDevice: (key) => key.includes('ip:10.'),
      logger: silentLogger,
      now: () => (clockMs += 1_000),
      failed: (error) => {
        throw error
      },
    },
  )
  await writer.start()
  closers.push(() => writer.stop())
  return writer
}

/** One message a ten seconds, for so many minutes, and the end. */
function minutesOf(count: number): ObservationMessage[] {
  const messages: ObservationMessage[] = []
  for (let i = 0; i < count * 6; i++)
    messages.push(
      messageOf([view({ atSeconds: i * 10, peer: `peer-${i % 9}` })], { sequence: i + 1 }),
    )
  messages.push(observation({ site: 'north', kind: 'end', sequence: count * 6 + 1 }))
  return messages
}

async function publish(bus: Bus, messages: readonly ObservationMessage[]): Promise<void> {
  for (const message of messages)
    await bus.publish([{ topic: 'observations', partition: 0, value: encodeObservation(message) }])
}

const waitFor = (condition: () => void) => vi.waitFor(condition, { timeout: 20_000, interval: 10 })
const traffic = ({ store }: Setting) =>
  [...store.traffic].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, point]) => point)

describe('the writer of series', () => {
  test('writes the points of closed minutes, and what it has read', async () => {
    const own = await setting()
    const writer = await open(own)
    await publish(own.bus, minutesOf(3))
    await waitFor(() => expect(own.store.traffic.size).toBe(12))
    expect(traffic(own)[0]).toMatchObject({ minuteUs: seriesStartUs, service: 'all', packets: 12 })
    expect(writer.counters()).toMatchObject({ messages: 19, rows: 18, points: 12, lostPoints: 0 })
  })

  test('killed and started again at any message, it leaves what an undisturbed one leaves', async () => {
    const messages = minutesOf(6)
    const undisturbed = await setting()
    await open(undisturbed)
    await publish(undisturbed.bus, messages)
    await waitFor(() => expect(undisturbed.store.traffic.size).toBe(24))
    for (const died of [3, 11, 20, 29]) {
      const own = await setting()
      const first = await open(own)
      await publish(own.bus, messages.slice(0, died))
      await waitFor(() => expect(first.counters().messages).toBe(died))
      // The next one takes the partition while the first still holds it, as after a pause: the first can commit no more.
      const second = await open(own)
      await publish(own.bus, messages.slice(died))
      await waitFor(() => expect(traffic(own)).toEqual(traffic(undisturbed)))
      expect(second.counters().lostPoints).toBe(0)
    }
  })

  test('goes on where it was stopped, not at the start', async () => {
    const own = await setting()
    const messages = minutesOf(6)
    const first = await open(own)
    await publish(own.bus, messages.slice(0, 30))
    await waitFor(() => expect(first.counters().messages).toBe(30))
    await first.stop()
    const second = await open(own)
    await publish(own.bus, messages.slice(30))
    await waitFor(() => expect(own.store.traffic.size).toBe(24))
    expect(second.counters().messages).toBeLessThan(messages.length - 6)
  })

  test('on a durable bus waits for a store that is down, and loses nothing', async () => {
    const own = await setting()
    const writer = await open(own)
    own.store.isDown = true
    await publish(own.bus, minutesOf(6))
    await waitFor(() => expect(writer.counters().messages).toBeGreaterThan(9))
    expect(own.store.traffic.size).toBe(0)
    own.store.isDown = false
    await waitFor(() => expect(own.store.traffic.size).toBe(24))
    expect(writer.counters().lostPoints).toBe(0)
  })

  test('in memory goes on while the store is down, and counts what it gives up', async () => {
    const own = await setting()
    const writer = await open(own, { isDurable: false, waitingPointsMax: 8 })
    own.store.isDown = true
    await publish(own.bus, minutesOf(10))
    await waitFor(() => expect(writer.counters().messages).toBe(61))
    own.store.isDown = false
    await waitFor(() => {
      const { points, lostPoints } = writer.counters()
      expect([points + lostPoints, own.store.traffic.size]).toEqual([40, points])
    })
    expect(writer.counters().lostPoints).toBeGreaterThan(0)
  })

  test('stops although the store does not answer', async () => {
    const own = await setting()
    const writer = await open(own)
    own.store.isDown = true
    await publish(own.bus, minutesOf(6))
    await waitFor(() => expect(writer.counters().messages).toBeGreaterThan(9))
    await writer.stop()
    expect(own.store.traffic.size).toBe(0)
  })

  test('skips what it cannot read, and counts it', async () => {
    const own = await setting()
    const writer = await open(own)
    await own.bus.publish([{ topic: 'observations', partition: 0, value: Uint8Array.of(1, 2) }])
    await publish(own.bus, minutesOf(1))
    await waitFor(() => expect(own.store.traffic.size).toBe(4))
    expect(writer.counters().malformed).toBe(1)
  })

  test('writes the highest score of a minute, also after a restart with a lower one', async () => {
    const own = await setting()
    const tell = (score: number, fields = {}) =>
      own.bus.publish([
        {
          topic: 'anomalies',
          partition: 0,
          value: encodeAnomalyMessage({
            kind: 'anomaly',
            anomaly: {
              ...anomaly(seriesStartUs),
              viewKey: 'north|lan|ip:10.0.0.1',
              score,
              timeUs: seriesStartUs + 5e6,
              ...fields,
            },
          }),
        },
      ])
    const first = await open(own)
    await tell(0.4)
    await tell(0.8)
    await tell(0.5)
    await tell(0.9, { viewKey: 'north|wan|ip:1.2.3.4' })
    const scores = () => [...own.store.scores.values()].map(({ score }) => score)
    await waitFor(() => expect(first.counters().messages).toBe(4))
    await first.stop()
    expect(scores()).toEqual([0.8])
    const second = await open(own)
    await tell(0.6)
    await tell(0.7, { timeUs: seriesStartUs + 65e6 })
    await waitFor(() => expect(scores()).toEqual([0.8, 0.7]))
    expect(second.counters().messages).toBe(2)
  })
})
