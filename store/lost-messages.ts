import { decodeObservation } from '../records/codec.ts'
import { isWardwatchError } from '../records/errors.ts'
import type { ObservationMessage } from '../records/observation.ts'
import type { FlowAppend } from './flow-store.ts'
import type { HistoryGap } from './segment-store.ts'

/**
 * The stretches of time that are missing without these messages, one for each sensor and partition: from the first of
 * its clocks to the last record. What cannot be read tells nothing.
 */
export function gapsOf(lost: readonly FlowAppend[], reason: HistoryGap['reason']): HistoryGap[] {
  const gaps = new Map<string, HistoryGap>()
  for (const { partition, messages } of lost) {
    for (const { value } of messages) {
      const message = read(value)
      if (message === null || message.kind === 'control' || message.clockUs <= 0) continue
      const { site, sensor, clockUs } = message
      const key = JSON.stringify([site, sensor, partition])
      const before = gaps.get(key)
      let first = clockUs
      for (let row = 0; row < (message.flows?.rowCount ?? 0); row++)
        first = Math.min(first, message.flows!.flowLastUs[row]!)
      gaps.set(key, {
        site,
        sensor,
        partition,
        fromUs: Math.min(before?.fromUs ?? first, first),
        toUs: Math.max(before?.toUs ?? 0, clockUs + 1),
        reason,
        messages: (before?.messages ?? 0) + 1,
      })
    }
  }
  return [...gaps.values()]
}

function read(value: Uint8Array): ObservationMessage | null {
  try {
    return decodeObservation(value)
  } catch (error) {
    if (isWardwatchError(error)) return null
    throw error
  }
}
