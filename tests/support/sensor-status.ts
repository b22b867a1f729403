import type { SensorStatus } from '../../dashboard/api.ts'

/** A healthy sensor. */
export function sensorOf(changes: Partial<SensorStatus> = {}): SensorStatus {
  return {
    site: 'north',
    sensor: 'tap-1',
    clockUs: 1_772_438_400_000_000,
    startedUs: 1,
    heardMs: 1_772_438_400_000,
    isLive: true,
    packets: 10,
    bytes: 1000,
    flows: 2,
    dropped: 0,
    rejects: {},
    duplicates: 0,
    clamped: 0,
    oneWayFlows: 0,
    judgedFlows: 0,
    ...changes,
  }
}
