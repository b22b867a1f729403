import type { Anomaly } from '../records/anomaly.ts'
import type { ControlCommand } from '../records/control.ts'
import type { ObservationMessage } from '../records/observation.ts'
import type { HostProgressRow, HostSectionRow } from '../store/state-store.ts'
import type { EngineConfig } from './config.ts'
import type { DeclaredPolicy, Detector, DetectorHooks } from './detector.ts'
import type { LearningGap } from './learning-gap.ts'

/** A detector and the hooks that its configuration made. */
export interface ConfiguredDetector {
  readonly detector: Pick<Detector, 'behaviour' | 'attack' | 'needs' | 'view'>
  readonly hooks: DetectorHooks
}

export interface EngineOptions {
  /** In the order in which they judge; the order decides nothing but the order of anomalies. */
  readonly detectors: readonly ConfiguredDetector[]
  readonly policy: DeclaredPolicy
  readonly config: EngineConfig
  /** Maker of a network card by its MAC. */
  readonly vendorOf: (mac: string) => string | null
}

/** Totals of one partition since it was opened. */
export interface EngineStats {
  readonly flowViews: number
  readonly summaryViews: number
  /** Rows more than 30 s behind the partition clock: history only. */
  readonly late: number
  /** Messages seen before, by (sensor, run, sequence). */
  readonly repeated: number
  /** Messages that a sensor numbered and that never came. */
  readonly missing: number
  readonly timersFired: number
  readonly timersMerged: number
  /** Sections of another version, or timers of a detector that is no more. */
  readonly sectionsDropped: number
  readonly hostsEvicted: number
  /** Times that a live sensor was not learned from, between two of its lives. */
  readonly learningGaps: number
  /** Findings dropped because a recording only teaches. */
  readonly taught: number
  readonly hosts: number
  /** Rows not given to a detector, by its name, because their sensor sees one direction only. */
  readonly notEvaluated: Readonly<Record<string, number>>
}

/** What one message brought about. */
export interface Judgement {
  readonly anomalies: readonly Anomaly[]
  /** To be published on the control topic, and in-band to the partition of the host each names. */
  readonly commands: readonly ControlCommand[]
  /** The message had been judged before, by (sensor, run, sequence) or by the id of its command: nothing was done. */
  readonly isRepeated: boolean
  /** The message was the end of a finite input. */
  readonly hasEnded: boolean
  /** A live sensor's new life begins with it: what lies between was not learned. */
  readonly learningGap: LearningGap | null
}

/** What has changed since the last call, to be committed with the offset after the last message. */
export interface Changes {
  readonly state: Uint8Array
  readonly sections: readonly HostSectionRow[]
  readonly removedHosts: readonly string[]
  readonly progress: readonly HostProgressRow[]
}

/** One partition of `observations` as it was saved. */
export interface SavedPartition {
  readonly state: Uint8Array | null
  readonly sections: readonly HostSectionRow[]
}

/** One partition: messages in, in offset order; anomalies out. Pure: the same messages give the same anomalies. */
export interface PartitionEngine {
  onMessage(message: ObservationMessage, offset: number): Judgement
  takeChanges(): Changes
  stats(): EngineStats
}

export interface Engine {
  /**
   * @throws WardwatchError STATE_INCOMPATIBLE when the saved state is of another version; a retry cannot help.
   */
  openPartition(partition: number, partitionCount: number, saved?: SavedPartition): PartitionEngine
}
