import { dayUs, type TimeUs } from '../records/time.ts'

/** A stamp further ahead than this needs a second packet that agrees. */
export const jumpUsMax = 7 * dayUs

/**
 * The clock of one sensor: event time as its packets tell it (docs/decisions/0002). It never goes back; a stamp
 * over 7 days ahead is believed only when the next packet agrees within 7 days, else that packet takes the clock's value.
 */
export interface SensorClock {
  /** −Infinity before the first packet. */
  readonly nowUs: TimeUs
  /** Stamps that were replaced by the clock's value. */
  readonly clampedCount: number
  /** Whether `admit` cannot decide on this stamp without the next one. */
  needsNext(stampUs: TimeUs): boolean
  /** Advances by one packet; `nextStampUs` is NaN when no packet follows. Returns the packet's time. */
  admit(stampUs: TimeUs, nextStampUs: TimeUs): TimeUs
  /** Moves an idle sensor's clock with the capture's own; never back. */
  advance(timeUs: TimeUs): void
  /** Another recording begins: its first packet sets the clock anew. */
  restart(): void
}

export function createSensorClock(): SensorClock {
  const clock = {
    nowUs: -Infinity,
    clampedCount: 0,
    needsNext: (stampUs: TimeUs) => !(stampUs - clock.nowUs <= jumpUsMax),
    admit: (stampUs: TimeUs, nextStampUs: TimeUs) => {
      const admitted = judge(clock.nowUs, stampUs, nextStampUs)
      if (admitted !== stampUs) clock.clampedCount++
      clock.nowUs = admitted
      return admitted
    },
    advance: (timeUs: TimeUs) => {
      if (timeUs > clock.nowUs) clock.nowUs = timeUs
    },
    restart: () => {
      clock.nowUs = -Infinity
    },
  }
  return clock
}

function judge(nowUs: TimeUs, stampUs: TimeUs, nextStampUs: TimeUs): TimeUs {
  if (stampUs <= nowUs) return nowUs
  if (stampUs - nowUs <= jumpUsMax) return stampUs
  // The first packet has no clock to be measured by: only a second one far below it proves it wrong.
  if (nowUs === -Infinity) return stampUs - nextStampUs > jumpUsMax ? nextStampUs : stampUs
  return Math.abs(nextStampUs - stampUs) <= jumpUsMax ? stampUs : nowUs
}
