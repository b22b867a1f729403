import type { Ingest } from '../../ingest/service.ts'
import type { PipelineStats } from '../../ingest/pipeline.ts'
import type { SensorHealth } from '../../records/observation.ts'
import type { Thread } from './thread.ts'

/** The sensor in its thread, seen from the main thread. What it tells of itself is as old as the thread's last status. */
export function createIngestThread(thread: Thread): Ingest {
  const told = () => thread.status()?.ingest ?? null
  return {
    done: thread.done,
    start: () => thread.start(),
    stop: () => thread.stop(),
    control: (command) => thread.control(command),
    stats: () => told()?.stats ?? nothingRead,
    progress: () => told()?.progress ?? null,
    teaching: () => told()?.teaching ?? null,
    clock: () => told()?.clock ?? { clockUs: 0, health: noHealth },
  }
}

/** Before the thread's first word. */
const nothingRead: PipelineStats = {
  packets: 0,
  bytes: 0,
  flows: 0,
  flowRecords: 0,
  summaries: {},
  rejects: {},
  duplicates: 0,
  clamped: 0,
  evictedFlows: 0,
  forgottenLeases: 0,
  unmatchedFragments: 0,
  judgedFlows: 0,
  oneWayFlows: 0,
  streams: {},
}

const noHealth: SensorHealth = {
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
