import { encodeObservation } from './codec.ts'
import type { ControlCommand } from './control.ts'
import type { SensorHealth } from './observation.ts'

/** What somebody knows of itself who is no sensor. */
export const noHealth: SensorHealth = {
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

/** A command as it travels. Commands are told apart by their ids: whoever sends them numbers nothing, and moves no clock. */
export function encodeControl(command: ControlCommand, sender: string): Uint8Array {
  return encodeObservation({
    kind: 'control',
    site: command.site,
    sensor: sender,
    run: command.id,
    sequence: 1,
    clockUs: 0,
    health: noHealth,
    command,
    flows: null,
    summaries: null,
  })
}
