import { dayUs, hourUs, type TimeUs } from '../../records/time.ts'

/** How long a host is learned before what is new for it means something (docs/detectors/README names the defaults). */
export interface LearningConfig {
  /** Days with traffic, one of them on a weekend, before a baseline can be established. */
  readonly daysMin: number
  /** Hours with traffic before a baseline can be established. */
  readonly activeHoursMin: number
  /** A baseline that is still not settled after this many days is established all the same, marked thin. */
  readonly daysMax: number
}

export type LearningState = 'observing' | 'provisional' | 'established'

/** What the decision rests on, all of it from closed hours. */
export interface LearningFacts {
  readonly state: LearningState
  readonly firstSeenUs: TimeUs
  /** End of the hour that is being closed. */
  readonly nowUs: TimeUs
  readonly days: number
  readonly weekendDays: number
  readonly activeHours: number
  readonly relations: number
  /** Relations first met in the trailing 48 hours. */
  readonly newRelations: number
}

/**
 * Where a host stands after an hour has closed. `provisional` after a day; `established` when it has been seen on
 * enough days and hours and has nearly stopped meeting anyone new: at most max(1, 5 %) in 48 hours. It never goes back.
 */
export function nextLearningState(
  facts: LearningFacts,
  config: LearningConfig,
): { state: LearningState; isThin: boolean } {
  if (facts.state === 'established') return { state: 'established', isThin: false }
  const isSeenEnough =
    facts.days >= config.daysMin &&
    facts.weekendDays >= 1 &&
    facts.activeHours >= config.activeHoursMin
  if (isSeenEnough && facts.newRelations <= Math.max(1, 0.05 * facts.relations))
    return { state: 'established', isThin: false }
  const ageUs = facts.nowUs - facts.firstSeenUs
  if (ageUs >= config.daysMax * dayUs) return { state: 'established', isThin: true }
  return { state: ageUs >= 24 * hourUs ? 'provisional' : facts.state, isThin: false }
}
