import type { CaptureGap, CaptureHealth } from '../records/observation.ts'
import type { TimeUs } from '../records/time.ts'
import type { CaptureFault } from './capture-faults.ts'

/** When a live port was watched and when not. */
export interface CaptureState {
  readonly isUp: boolean
  /** Times that watching has begun. */
  readonly starts: number
  up(timeUs: TimeUs): void
  down(timeUs: TimeUs, fault: CaptureFault): void
  health(): CaptureHealth
}

/** @param startedUs when the first try begins: nothing is captured from then on until `up` */
export function createCaptureState(startedUs: TimeUs): CaptureState {
  let downSinceUs: TimeUs | null = startedUs
  let cause: CaptureFault | null = null
  let gaps = 0
  let gapUs = 0
  let lastGap: CaptureGap | null = null
  let starts = 0
  return {
    get isUp() {
      return downSinceUs === null
    },
    get starts() {
      return starts
    },
    up(timeUs) {
      if (downSinceUs === null) return
      starts++
      // The wait for the first capture is a gap only when it failed at first.
      if (cause !== null) {
        // The clock on the wall may have been set back meanwhile.
        const toUs = Math.max(timeUs, downSinceUs)
        lastGap = { fromUs: downSinceUs, toUs, cause }
        gaps++
        gapUs += toUs - downSinceUs
      }
      downSinceUs = null
      cause = null
    },
    down(timeUs, fault) {
      downSinceUs ??= timeUs
      // What took it down is the cause, not what kept it there.
      cause ??= fault
    },
    health: () => ({ downSinceUs, gaps, gapUs, lastGap }),
  }
}
