import type { Bus } from '../bus/bus.ts'
import { createEvidenceFolder, evidencePath } from '../ingest/adapters/evidence-folder.ts'
import { createEvidence, type Evidence } from '../ingest/evidence/service.ts'
import { createIngest, type Ingest, type Recording } from '../ingest/service.ts'
import type { ControlCommand } from '../records/control.ts'
import type { Logger } from '../records/service.ts'
import type { Config } from './config.ts'

export interface SensorOptions {
  readonly bus: Bus
  readonly recordings: readonly Recording[]
  readonly commands?: readonly ControlCommand[]
  /** Seconds of event time a second of wall time; absent: a replay, as fast as it goes. */
  readonly pace?: number
  readonly logger: Logger
  readonly now: () => number
}

/** The role `ingest`, wired the same on the main thread and on one of its own (app/threads/). */
export function createSensor(config: Config, options: SensorOptions): Ingest {
  const { bus, recordings, commands = [], pace, logger, now } = options
  const rhythm = pace === undefined ? {} : { pace }
  const evidence = evidenceOf(config, bus, logger)
  const parts = { bus, recordings, commands, logger, now, ...rhythm, ...evidence }
  return createIngest(config.ingest, parts)
}

/** Only where it is asked for: packets are kept nowhere else. */
function evidenceOf({ ingest, data }: Config, bus: Bus, logger: Logger): { evidence?: Evidence } {
  const { evidence, site, sensor } = ingest
  if (!evidence.enabled) return {}
  const path = evidencePath(data, site, sensor)
  const folder = createEvidenceFolder(path, evidence.diskBytes)
  return { evidence: createEvidence(evidence, { bus, folder, group: `${site}.${sensor}`, logger }) }
}
