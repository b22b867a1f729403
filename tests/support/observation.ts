import type { ObservationMessage, SensorHealth } from '../../records/observation.ts'

export const emptyHealth: SensorHealth = {
  startedUs: 0,
  packets: 0,
  bytes: 0,
  flows: 0,
  dropped: 0,
  rejects: {},
  duplicates: 0,
  clamped: 0,
  oneWayFlows: 0,
  judgedFlows: 0,
}

/** A bare punctuation of sensor `tap`, with what the test sets. */
export function observation(fields: Partial<ObservationMessage> = {}): ObservationMessage {
  return {
    kind: 'data',
    site: 'default',
    sensor: 'tap',
    run: 'test',
    sequence: 1,
    clockUs: 0,
    health: emptyHealth,
    flows: null,
    summaries: null,
    ...fields,
  }
}
