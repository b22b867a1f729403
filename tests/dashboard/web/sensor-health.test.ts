import { expect, test } from 'vitest'
import { sensorHealthOf, worstFirst } from '../../../dashboard/web/data/sensor-health.ts'
import { sensorOf } from '../../support/sensor-status.ts'

const nowMs = 1_772_438_500_000
const rated = (changes: Parameters<typeof sensorOf>[0] = {}, dropped: number | null = 0) => ({
  ...sensorOf({ heardMs: nowMs - 500, clockUs: (nowMs - 900) * 1000, ...changes }),
  packetsPerSecond: 1240,
  bytesPerSecond: 12_500_000,
  droppedPerSecond: dropped,
})

test('a healthy sensor tells its figures with units', () => {
  const sensor = rated({ packets: 9990, dropped: 10, duplicates: 333, judgedFlows: 100 })
  expect(sensorHealthOf(sensor, nowMs)).toMatchObject({
    name: 'north/tap-1',
    level: 'good',
    rate: '1.2 kpkt/s',
    bits: '100 Mbit/s',
    lag: '0.4 s',
    loss: '0.1 %',
    duplicates: '3.3 %',
    oneWay: '0 %',
    skew: '0 s',
  })
})

test.each([
  { name: 'silent', change: { heardMs: nowMs - 6000 }, level: 'broken', word: 'silent' },
  {
    name: 'far behind',
    change: { clockUs: (nowMs - 20_000) * 1000 },
    level: 'broken',
    word: 'far behind',
  },
  { name: 'behind', change: { clockUs: (nowMs - 4000) * 1000 }, level: 'late', word: 'behind' },
  {
    name: 'ahead of us',
    change: { clockUs: (nowMs + 4000) * 1000 },
    level: 'late',
    word: 'clock ahead',
  },
  {
    name: 'blind to one direction',
    change: { judgedFlows: 100, oneWayFlows: 31 },
    level: 'late',
    word: 'sees one direction',
  },
  {
    name: 'of too few flows to say so',
    change: { judgedFlows: 19, oneWayFlows: 19 },
    level: 'good',
    word: 'healthy',
  },
  { name: 'without a packet', change: { packets: 0 }, level: 'idle', word: 'no packet yet' },
  { name: 'that replays', change: { isLive: false }, level: 'idle', word: 'replay' },
  {
    name: 'that is taught',
    change: { isLive: false, teaching: 0.437 },
    level: 'idle',
    word: 'learning',
  },
  {
    name: 'with its port down',
    change: { capture: { downSinceUs: 1, gaps: 0, gapUs: 0, lastGap: null } },
    level: 'broken',
    word: 'captures nothing',
  },
])('a sensor $name is $level: $word', ({ change, level, word }) => {
  expect(sensorHealthOf(rated(change), nowMs)).toMatchObject({ level, word })
})

test('a sensor that loses packets now is broken, whatever its share', () => {
  const sensor = rated({ packets: 1e9, dropped: 3 }, 1)
  expect(sensorHealthOf(sensor, nowMs)).toMatchObject({
    level: 'broken',
    word: 'losing packets',
    loss: '< 0.1 %',
  })
})

test('a sensor that says nothing of its clock shows no lag', () => {
  const health = sensorHealthOf(rated({ isLive: false }), nowMs)
  expect([health.lag, health.skew]).toEqual(['—', '—'])
})

test('what is worst comes first', () => {
  const sensors = [
    rated({ sensor: 'b' }),
    rated({ sensor: 'a' }),
    rated({ sensor: 'z', heardMs: 0 }),
    rated({ sensor: 'y', clockUs: (nowMs - 4000) * 1000 }),
  ].map((sensor) => sensorHealthOf(sensor, nowMs))
  expect(worstFirst(sensors).map(({ name }) => name.slice(6))).toEqual(['z', 'y', 'a', 'b'])
})
