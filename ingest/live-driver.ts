import type { Logger } from '../records/service.ts'
import type { TimeUs } from '../records/time.ts'
import { createCaptureLog } from './capture-log.ts'
import type { IngestConfig } from './config.ts'
import type { Driver } from './driver.ts'
import type { SensorCore } from './sensor-core.ts'
import type { LiveCapture, Source } from './source.ts'
import { createSleep, createWallSchedule } from './wall-schedule.ts'

export interface LiveOptions {
  readonly source: Source
  /** That of the source. */
  readonly live: LiveCapture
  /** Wall time in ms. */
  readonly now: () => number
  readonly logger: Logger
}

/** How often it looks whether something is due by wall time, in ms. */
const tickMs = 20

/**
 * A port that is watched now. Packets are taken as they come. What came of them is sent at once when nothing was sent in
 * the last `liveFlushMs`, else after these: alone in a quiet hour a record does not wait, in a busy one it gets company.
 * A slow bus holds up the reader, so that packets wait in the kernel's buffer and what does not fit is counted there.
 */
export function createLiveDriver(
  core: SensorCore,
  config: IngestConfig,
  { source, live, now, logger }: LiveOptions,
): Driver {
  const { pipeline, builder } = core
  const schedule = createWallSchedule(config, now)
  const sleep = createSleep()
  let hasEnded = false
  /** The reader waits for packets, and has done so since before the last look at the clock. */
  let isIdle = false
  /** The capture's clock at the last look. */
  let seenUs: TimeUs = -Infinity

  async function read(): Promise<void> {
    for await (const block of source.blocks()) {
      isIdle = false
      pipeline.onBlock(block)
      if (builder.hasRows && schedule.isFlushDue()) builder.flush(pipeline.clockUs)
      await core.publish()
      isIdle = false
    }
  }

  /**
   * Moves the clock of a port without packets, as far behind the capture's clock as a packet may still be on its way.
   * It goes to where the capture was at the last look: since then the port has been polled once and had nothing.
   */
  function advanceIdle(): void {
    const idleUs = isIdle ? seenUs - config.liveIdleMs * 1000 : -Infinity
    if (idleUs > pipeline.clockUs) pipeline.advance(idleUs)
    seenUs = live.clockUs()
    isIdle = true
  }

  async function tick(): Promise<void> {
    const log = createCaptureLog(live, logger)
    while (!hasEnded) {
      await sleep.for(tickMs)
      const hasChanged = log.tellChanges()
      // The bus is behind: nothing is added to what waits for it, and packets wait with it.
      if (core.isPublishing) {
        isIdle = false
        continue
      }
      advanceIdle()
      const isPunctual = schedule.isPunctuationDue() || hasChanged
      if (isPunctual || (builder.hasRows && schedule.isFlushDue()))
        builder.flush(Math.max(0, pipeline.clockUs), isPunctual)
      await core.publish()
    }
  }

  return {
    flushMs: config.flushMs,
    async play() {
      const reading = read().finally(() => {
        hasEnded = true
        sleep.wake()
      })
      try {
        await Promise.all([reading, tick()])
      } finally {
        live.stop()
        await reading.catch(() => undefined)
      }
      const clockUs = Math.max(0, pipeline.clockUs)
      pipeline.endRecording()
      builder.flush(clockUs)
      await core.publish()
      // A port has no end of its own: what is open when it is stopped is told, but judged by nobody as complete.
      return false
    },
    stop() {
      live.stop()
    },
  }
}
