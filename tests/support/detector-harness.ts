import { type EngineConfig, engineConfigSchema } from '../../analyzer/config.ts'
import type { DeclaredPolicy, Detector } from '../../analyzer/detector.ts'
import {
  configureDetector,
  createEngine,
  type Engine,
  type EngineStats,
  type PartitionEngine,
} from '../../analyzer/engine.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import type { ControlCommand } from '../../records/control.ts'
import type { ObservationMessage } from '../../records/observation.ts'
import type { HostSectionRow } from '../../store/state-store.ts'
import { testPolicy } from './policy.ts'
import {
  type FlowSpec,
  type RowSpec,
  SceneBuilder,
  type SceneOptions,
  type SummarySpec,
} from './scene.ts'

export interface HarnessOptions extends SceneOptions {
  /** Thresholds of the detector; what is missing takes its default. */
  readonly config?: unknown
  readonly policy?: DeclaredPolicy
  readonly engine?: Partial<EngineConfig>
  /** Save the state and open it anew after each message (property P7). */
  readonly restartsAfterEachMessage?: boolean
}

/**
 * Runs detectors over a scene through the real engine: `harness(portScan).flow({…}).advance(60).end()`.
 * Times are seconds since `sceneStartUs`. Rows added one after the other are flushed together when they are within
 * 100 ms, as ingest does; both endpoints get their view.
 */
export class Harness {
  readonly anomalies: Anomaly[] = []
  /** Commands the engine asked to publish. */
  readonly commands: ControlCommand[] = []
  readonly #scene: SceneBuilder
  readonly #engine: Engine
  readonly #partitions: PartitionEngine[]
  readonly #offsets: number[]
  readonly #saved: Map<string, HostSectionRow>[]
  readonly #restarts: boolean
  #rows: RowSpec[] = []

  constructor(detectors: readonly Detector[], options: HarnessOptions = {}) {
    this.#scene = new SceneBuilder(options)
    this.#engine = createEngine({
      detectors: detectors.map((detector) => configureDetector(detector, options.config)),
      policy: options.policy ?? testPolicy(),
      config: { ...engineConfigSchema.parse({}), ...options.engine },
      vendorOf: () => null,
    })
    const count = options.partitionCount ?? 1
    this.#restarts = options.restartsAfterEachMessage ?? false
    this.#partitions = Array.from({ length: count }, (_, partition) =>
      this.#engine.openPartition(partition, count),
    )
    this.#offsets = new Array<number>(count).fill(0)
    this.#saved = Array.from({ length: count }, () => new Map<string, HostSectionRow>())
  }

  flow(spec: FlowSpec): this {
    this.#rows.push({ record: 'flow', ...spec })
    return this
  }

  summary(spec: SummarySpec): this {
    this.#rows.push({ record: 'summary', ...spec })
    return this
  }

  rows(rows: readonly RowSpec[]): this {
    this.#rows.push(...rows)
    return this
  }

  /** The sensor clock reaches `at` seconds without another record. */
  advance(at: number): this {
    this.#flush()
    return this.#send(this.#scene.mark('clock', at))
  }

  /** What was added so far taught, and counts as approved: a site with a baseline. Time begins anew. */
  learned(): this {
    return this.recording('learned', false)
  }

  /** A recording begins. Call with `teaches` before the rows that teach, then `learned()`. */
  recording(name: string, teaches: boolean): this {
    this.#flush()
    return this.#send(this.#scene.mark('recording', undefined, { recording: { name, teaches } }))
  }

  /** Rows that teach, as one `--learn` recording; the site is baselined afterwards. */
  learn(rows: readonly RowSpec[]): this {
    return this.recording('teaching', true).rows(rows).learned()
  }

  command(command: ControlCommand, at?: number): this {
    this.#flush()
    return this.#send(this.#scene.mark('control', at, { command }))
  }

  /** The finite input ends; returns every anomaly so far, revisions included. */
  end(at?: number): Anomaly[] {
    this.#flush()
    this.#send(this.#scene.mark('end', at))
    return this.anomalies
  }

  /** Every anomaly so far, revisions included, without ending the input. */
  soFar(): Anomaly[] {
    this.#flush()
    return this.anomalies
  }

  /** Totals of each partition. */
  stats(): EngineStats[] {
    this.#flush()
    return this.#partitions.map((partition) => partition.stats())
  }

  /** Bytes that saving everything takes: what a bound on state is measured by. */
  stateBytes(): number {
    this.#flush()
    this.#save()
    return this.#saved
      .flatMap((rows) => [...rows.values()])
      .reduce((sum, row) => sum + row.value.length, 0)
  }

  /** Bytes of the largest section that a detector keeps of one host. */
  sectionBytesMax(detector: string): number {
    this.#flush()
    this.#save()
    const sections = this.#saved.flatMap((rows) => [...rows.values()])
    return Math.max(
      0,
      ...sections
        .filter((row) => row.section === `detector/${detector}`)
        .map((row) => row.value.length),
    )
  }

  /** Messages as a test made them. */
  messages(perPartition: readonly (readonly ObservationMessage[])[]): this {
    return this.#send(perPartition)
  }

  #flush(): void {
    const rows = this.#rows
    this.#rows = []
    if (rows.length > 0) this.#send(this.#scene.rows(rows))
  }

  #send(perPartition: readonly (readonly ObservationMessage[])[]): this {
    perPartition.forEach((messages, partition) => {
      for (const message of messages) {
        const judgement = this.#partitions[partition]!.onMessage(
          message,
          this.#offsets[partition]!++,
        )
        this.anomalies.push(...judgement.anomalies)
        this.commands.push(...judgement.commands)
        if (this.#restarts) this.#restart()
      }
    })
    return this
  }

  #save(): Uint8Array[] {
    return this.#partitions.map((partition, i) => {
      const changes = partition.takeChanges()
      const rows = this.#saved[i]!
      for (const host of changes.removedHosts) {
        for (const [key, row] of rows) if (row.host === host) rows.delete(key)
      }
      for (const row of changes.sections) rows.set(`${row.host} ${row.section}`, row)
      return changes.state
    })
  }

  #restart(): void {
    const states = this.#save()
    states.forEach((state, i) => {
      const sections = [...this.#saved[i]!.values()]
      this.#partitions[i] = this.#engine.openPartition(i, states.length, { state, sections })
    })
  }
}

/** A harness of one detector. */
export function harness(detector: Detector, options?: HarnessOptions): Harness {
  return new Harness([detector], options)
}

/** The newest revision of each anomaly, in the order in which they first came. */
export function newest(anomalies: readonly Anomaly[]): Anomaly[] {
  return [...new Map(anomalies.map((anomaly) => [anomaly.id, anomaly])).values()]
}
