import type { CaptureHealth } from '../records/observation.ts'
import type { Logger } from '../records/service.ts'
import type { LiveCapture } from './source.ts'

/** Tells in the log what happens to a capture: down, up again with its gap, packets lost. */
export interface CaptureLog {
  /** True when the capture has gone down or come up since the last call. */
  tellChanges(): boolean
}

/** Losses are told when they grow, which the capture asks for every few seconds only. */
export function createCaptureLog(capture: LiveCapture, logger: Logger): CaptureLog {
  let before: CaptureHealth = capture.health()
  let droppedTotal = capture.dropped()
  let toldFault: string | null = null
  return {
    tellChanges() {
      const health = capture.health()
      const hasGone = before.downSinceUs === null && health.downSinceUs !== null
      const hasCome = before.downSinceUs !== null && health.downSinceUs === null
      const gaps = health.gaps - before.gaps
      before = health
      const fault = capture.fault()
      if (health.downSinceUs !== null && (hasGone || fault !== toldFault))
        logger.error({ fault }, 'capture down, trying again')
      toldFault = fault
      if (gaps > 0) logger.error({ ...health.lastGap, gaps: health.gaps }, 'capture gap recorded')
      if (hasCome) logger.info({}, 'capture runs')
      const dropped = capture.dropped() - droppedTotal
      if (dropped > 0) {
        droppedTotal += dropped
        logger.error({ dropped, droppedTotal }, 'packets lost before they were read')
      }
      return hasGone || hasCome || gaps > 0
    },
  }
}
