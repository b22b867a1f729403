import { createCaptureFileSource } from '../ingest/adapters/capture-file.ts'
import { createLivePortSource } from '../ingest/adapters/live-port.ts'
import type { LivePortConfig } from '../ingest/live-config.ts'
import { createLoopedSource } from '../ingest/looped.ts'
import type { Recording } from '../ingest/service.ts'
import { type DemoPlan, demoRecordings } from './demo.ts'

/** What a sensor reads, as plain data: it crosses to the thread that decodes. A new kind of input is a member here. */
export type InputPlan =
  | {
      readonly kind: 'captures'
      /** Only teach the baseline, each a recording of its own. */
      readonly learn: readonly string[]
      /** Watched: one sensor, merged by packet time. */
      readonly files: readonly string[]
      /** Play `files` again and again, each pass later. */
      readonly repeat: boolean
    }
  | {
      readonly kind: 'port'
      readonly learn: readonly string[]
      /** Watched live. */
      readonly port: LivePortConfig
    }
  | DemoPlan

/** The recordings of a plan, opened by whoever reads them. */
export function recordingsFor(plan: InputPlan): Recording[] {
  if (plan.kind === 'demo') return demoRecordings(plan, Date.now)
  if (plan.kind === 'port') return portRecordings(plan.learn, plan.port)
  const { learn, files, repeat } = plan
  const recordings = recordingsOf(learn, files)
  if (!repeat) return recordings
  const source = createLoopedSource(() => createCaptureFileSource(files), {
    passes: Infinity,
    gapUs: 1e6,
  })
  return [...recordings.slice(0, -1), { name: files.join(' '), teaches: false, source }]
}

/** Each file that teaches is a recording of its own; the files to watch are one. */
export function recordingsOf(learn: readonly string[], files: readonly string[]): Recording[] {
  const watched = { name: files.join(' '), teaches: false, source: createCaptureFileSource(files) }
  return [...taughtBy(learn), watched]
}

function portRecordings(learn: readonly string[], port: LivePortConfig): Recording[] {
  const source = createLivePortSource(port, { now: Date.now })
  return [...taughtBy(learn), { name: source.name, teaches: false, source }]
}

function taughtBy(learn: readonly string[]): Recording[] {
  return learn.map((file) => ({
    name: file,
    teaches: true,
    source: createCaptureFileSource([file]),
  }))
}
