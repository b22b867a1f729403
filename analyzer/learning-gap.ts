import type { ObservationMessage } from '../records/observation.ts'
import type { TimeUs } from '../records/time.ts'

/** What happened between these times was not learned: nobody watched, or what had been learned was lost in a crash. */
export interface LearningGap {
  readonly site: string
  readonly sensor: string
  readonly fromUs: TimeUs
  readonly toUs: TimeUs
}

/** How far each live sensor has been learned from, by site and name: part of what a checkpoint saves. */
export type LearnedUntil = Map<string, { readonly run: string; readonly untilUs: TimeUs }>

/** Live sensors remembered; a site has a handful. */
const sensorsMax = 1024

/**
 * Notes the clock of a live sensor. When the sensor begins another life, what lies between is a gap: from the last
 * checkpoint, since that is what a worker that died has left (docs/decisions/0021).
 */
export function noteLearned(
  learned: LearnedUntil,
  message: Pick<ObservationMessage, 'site' | 'sensor' | 'run' | 'clockUs' | 'health'>,
): LearningGap | null {
  const { site, sensor, run, clockUs, health } = message
  // A replay is repeated from its start; a sensor that has seen nothing yet has no clock.
  if (health.capture === undefined || clockUs <= 0) return null
  const name = `${site}|${sensor}`
  const before = learned.get(name)
  if (before === undefined && learned.size >= sensorsMax) return null
  if (before?.run === run && before.untilUs >= clockUs) return null
  learned.set(name, { run, untilUs: clockUs })
  const isGap = before !== undefined && before.run !== run && clockUs > before.untilUs
  return isGap ? { site, sensor, fromUs: before.untilUs, toUs: clockUs } : null
}
