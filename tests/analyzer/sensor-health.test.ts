import { expect, test } from 'vitest'
import { createSensorRecorder } from '../../analyzer/sensor-health.ts'
import { WardwatchError } from '../../records/errors.ts'
import type { ObservationMessage } from '../../records/observation.ts'
import type { SensorRow } from '../../store/state-store.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

function setUp() {
  const written: SensorRow[][] = []
  const logger = createQuietLogger()
  const clock = { ms: 1000, isFailing: false }
  const recorder = createSensorRecorder({
    store: {
      noteSensors: (rows) => {
        if (clock.isFailing) return Promise.reject(new WardwatchError('STATE_STORE_FAILED', 'full'))
        written.push([...rows])
        return Promise.resolve()
      },
    },
    logger,
    now: () => clock.ms,
  })
  return { written, logger, clock, recorder }
}

function message(packets: number, over: Partial<ObservationMessage> = {}): ObservationMessage {
  return {
    kind: 'clock',
    site: 'n',
    sensor: 'tap',
    run: 'r1',
    sequence: 1,
    clockUs: packets,
    health: {
      startedUs: 1,
      packets,
      bytes: 0,
      flows: 0,
      dropped: 0,
      rejects: {},
      duplicates: 0,
      clamped: 0,
      oneWayFlows: 0,
      judgedFlows: 0,
    },
    flows: null,
    summaries: null,
    ...over,
  }
}

test('writes the newest of each sensor, at most once a second', async () => {
  const { written, clock, recorder } = setUp()
  recorder.note(message(5))
  recorder.note(message(3))
  recorder.note(message(9, { sensor: 'other' }))
  await recorder.flush()
  expect(written.map((rows) => rows.map((row) => row.health.packets))).toEqual([[5, 9]])
  recorder.note(message(6))
  await recorder.flush()
  expect(written).toHaveLength(1)
  clock.ms += 1000
  await recorder.flush()
  await recorder.flush()
  expect(written.map((rows) => rows.map((row) => row.health.packets))).toEqual([[5, 9], [6]])
})

test('a new run begins anew, and what people decide is no sensor', async () => {
  const { written, recorder } = setUp()
  recorder.note(message(50))
  recorder.note(message(2, { run: 'r2' }))
  recorder.note(message(99, { kind: 'control', sensor: 'analyzer' }))
  await recorder.flush()
  expect(written.flat().map(({ run, sensor }) => [run, sensor])).toEqual([['r2', 'tap']])
})

test('a store that fails is logged, and the next second tries again', async () => {
  const { written, logger, clock, recorder } = setUp()
  clock.isFailing = true
  recorder.note(message(5))
  await recorder.flush()
  expect(logger.lines.map((line) => line.message)).toEqual(['health of sensors not written'])
  clock.isFailing = false
  clock.ms += 1000
  recorder.note(message(6))
  await recorder.flush()
  expect(written.flat()).toHaveLength(1)
})
