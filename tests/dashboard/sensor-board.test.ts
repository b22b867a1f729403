import { expect, test, vi } from 'vitest'
import type { SensorStatus } from '../../dashboard/api.ts'
import { createSensorBoard } from '../../dashboard/sensor-board.ts'
import type { SensorRow } from '../../store/state-store.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { sensorOf } from '../support/sensor-status.ts'

const startMs = 1_772_438_400_000

function setUp() {
  vi.useFakeTimers({ now: startMs })
  const world = { own: [] as SensorStatus[], rows: [] as SensorRow[], isFailing: false }
  const logger = createQuietLogger()
  const board = createSensorBoard({
    own: () => world.own,
    store: {
      sensors: () =>
        world.isFailing ? Promise.reject(new Error('gone')) : Promise.resolve(world.rows),
    },
    logger,
    now: () => Date.now(),
  })
  return { world, board, logger }
}

function rowOf(packets: number, over: Partial<SensorRow> = {}): SensorRow {
  const { site, sensor, heardMs, clockUs, ...health } = sensorOf({ packets })
  return { site, sensor, run: 'r', heardMs, clockUs, health, ...over }
}

test('tells the speed of a sensor over the looks at it, and none after one look', async () => {
  const { world, board } = setUp()
  world.own = [sensorOf({ heardMs: startMs, packets: 100, bytes: 0 })]
  await board.start()
  expect(board.current()[0]).toMatchObject({ packets: 100, packetsPerSecond: null })
  for (let second = 1; second <= 30; second++) {
    const heardMs = startMs + second * 1000
    world.own = [sensorOf({ heardMs, packets: 100 + 50 * second, bytes: 1000 * second })]
    await vi.advanceTimersByTimeAsync(1000)
  }
  expect(board.current()[0]).toMatchObject({ packetsPerSecond: 50, bytesPerSecond: 1000 })
  await board.stop()
  vi.useRealTimers()
})

test('a sensor that begins anew has no speed yet, never a negative one', async () => {
  const { world, board } = setUp()
  world.own = [sensorOf({ heardMs: startMs, packets: 100 })]
  await board.start()
  world.own = [sensorOf({ heardMs: startMs + 1000, packets: 4 })]
  await vi.advanceTimersByTimeAsync(1000)
  expect(board.current()[0]!.packetsPerSecond).toBeNull()
  await board.stop()
  vi.useRealTimers()
})

test('shows sensors of other processes as the store has them, its own as they are', async () => {
  const { world, board } = setUp()
  world.own = [sensorOf({ packets: 99 })]
  world.rows = [
    rowOf(5),
    rowOf(7, { sensor: 'tap-2' }),
    rowOf(8, { sensor: 'tap-3', heardMs: startMs, clockUs: (startMs - 86_400_000) * 1000 }),
  ]
  await board.start()
  const told = board.current().map(({ sensor, packets, isLive }) => [sensor, packets, isLive])
  expect(told).toEqual([
    ['tap-1', 99, true],
    ['tap-2', 7, true],
    ['tap-3', 8, false],
  ])
  await board.stop()
  vi.useRealTimers()
})

test('keeps what it knew while the store fails, and says so once', async () => {
  const { world, board, logger } = setUp()
  world.rows = [rowOf(5)]
  await board.start()
  world.isFailing = true
  await vi.advanceTimersByTimeAsync(5000)
  expect(board.current()).toHaveLength(1)
  expect(logger.lines.filter((line) => line.level === 'error')).toHaveLength(1)
  await board.stop()
  vi.useRealTimers()
})
