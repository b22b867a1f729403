import type { IngestConfig } from './config.ts'
import type { Driver } from './driver.ts'
import { createPace, slicesOf } from './pace.ts'
import type { SensorCore } from './sensor-core.ts'
import type { PacketBlock, Source } from './source.ts'
import { createSleep, createWallSchedule } from './wall-schedule.ts'

export interface PacedOptions {
  readonly source: Source
  /** Seconds of event time in one second of wall time. */
  readonly pace: number
  /** Wall time in ms. */
  readonly now: () => number
}

/** A recording played as if it were live: each packet at its time, flushed and punctuated by wall time. */
export function createPacedDriver(
  core: SensorCore,
  config: IngestConfig,
  { source, pace: factor, now }: PacedOptions,
): Driver {
  const { pipeline, builder } = core
  const schedule = createWallSchedule(config, now)
  const sleep = createSleep()
  const pace = createPace(factor)
  let isStopping = false

  /** Waits until the slice is due, telling the clock meanwhile; false when stopped before. */
  async function waitFor(slice: PacketBlock): Promise<boolean> {
    const startUs = slice.timeUs[0]!
    while (!isStopping) {
      const waitMs = pace.waitMs(startUs, now())
      if (schedule.isFlushDue()) {
        pipeline.advance(Math.min(pace.eventUs(now()), startUs))
        if (pipeline.clockUs !== -Infinity)
          builder.flush(pipeline.clockUs, schedule.isPunctuationDue())
        await core.publish()
      }
      if (waitMs <= 0) return true
      await sleep.for(Math.min(waitMs, config.liveFlushMs))
    }
    return false
  }

  return {
    flushMs: config.flushMs,
    async play() {
      for await (const block of source.blocks()) {
        for (const slice of slicesOf(block)) if (await waitFor(slice)) pipeline.onBlock(slice)
        await core.publish()
        if (isStopping) return false
      }
      pipeline.endRecording()
      return true
    },
    stop() {
      isStopping = true
      sleep.wake()
    },
  }
}
