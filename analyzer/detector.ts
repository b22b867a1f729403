import { z } from 'zod'
import type { Behaviour, Peer } from '../records/anomaly.ts'
import type { ControlCommand } from '../records/control.ts'
import type { FlowBatch } from '../records/flow-batch.ts'
import type { HostKey, HostKeyParts } from '../records/observation.ts'
import type { SummaryBatch } from '../records/summary-batch.ts'
import { secondUs, type TimeUs } from '../records/time.ts'

/** Classes that thresholds differ by. What nobody declared is `unknown`. */
export const deviceClasses = ['unknown', 'medical', 'server', 'scanner'] as const
export type DeviceClass = (typeof deviceClasses)[number]

/** What people have declared of a host; inventory/declared.ts answers, app/wire.ts joins the two. */
export interface DeclaredHost {
  readonly name: string | null
  readonly deviceClass: DeviceClass
  readonly roles: readonly string[]
  readonly zone: string | null
  readonly isClinical: boolean
  /** A private address, or in a configured network. */
  readonly isMonitored: boolean
}

/** The declared policy: roles, zones and the allow-list of the configuration. */
export interface DeclaredPolicy {
  hostOf(parts: HostKeyParts, address: string | null): DeclaredHost
  /** `undeclared` when the configuration says nothing about this pair. */
  accessOf(
    source: DeclaredHost,
    target: DeclaredHost,
    service: string,
  ): 'allowed' | 'forbidden' | 'undeclared'
  /**
   * Whether `caller` (calling AE title, HL7 sending application|facility) may come from `address`.
   * `undeclared` when there is no list for the protocol.
   */
  callerOf(
    protocol: 'dicom' | 'hl7',
    caller: string,
    address: string,
  ): 'allowed' | 'forbidden' | 'undeclared'
}

/** What is usual for one host (analyzer/device-baseline.ts). */
export interface BaselineView {
  readonly state: 'observing' | 'provisional' | 'established'
  readonly isApproved: boolean
  /** First time this key was seen, if that was in a teaching recording, before the site had a baseline, or if it is established by now; else NaN. */
  readonly firstSeenUs: TimeUs
  /** Whether the relation is usual: met in 3 active hours on 2 days, or approved (by a person or a teaching recording). */
  knows(relation: string): boolean
  /** Relations of a kind (`to`, `from`, `caller`) known so far. */
  count(kind: string): number
  /** Flows counted in the baseline, and days they cover: what a sentence about novelty rests on. */
  readonly flows: number
  readonly days: number
  /** The name by which the host last looked up `address` (DNS answer or SNI), or null. */
  nameOf(address: string): string | null
}

/** State of one detector on one host; `create` makes the empty one. Values are what `v8.serialize` can write. */
export interface Section<T extends object> {
  readonly name: string
  /** Raised when the shape changes; a section of another version is dropped and counted. */
  readonly version: number
  create(): T
}

/** A run of rows is shorter than this, so that a timer asked for at one of its rows never falls inside it. */
export const timerLeastUs = secondUs

export interface Host {
  readonly key: HostKey
  readonly parts: HostKeyParts
  /** Newest address and MAC the host was seen with. */
  readonly address: string | null
  readonly mac: string | null
  /** Maker of the network card by its MAC (IEEE list), or null. */
  readonly vendor: string | null
  readonly declared: DeclaredHost
  readonly policy: DeclaredPolicy
  readonly baseline: BaselineView
  /** The site has a baseline: a teaching recording has ended, or its sensors have run for the learning time. */
  readonly isSiteBaselined: boolean
  /** The current recording only teaches: findings are dropped. */
  readonly isTeaching: boolean
  /** Typed state; reading it marks it to be written at the next checkpoint. It must stay small and bounded. */
  section<T extends object>(section: Section<T>): T
  /** As `section`, but null when the host has none yet: does not create. */
  peek<T extends object>(section: Section<T>): T | null
  /**
   * Calls this detector's `onTimer` before the host's first record later than `time`, or when the partition clock passes
   * it. `time` lies at least `timerLeastUs` after the record it is asked at.
   */
  wakeAt(time: TimeUs): void
  declaredOf(key: HostKey, address: string | null): DeclaredHost
}

/** What a detector reports; the engine adds who, where and the id. */
export interface Finding {
  readonly objectGroup: string
  /** 0–1: weight × confidence × baseline quality (1 for facts and bursts). */
  readonly score: number
  /** Time of the oldest record counted: it names the anomaly. A finding with the same one is a revision. */
  readonly oldestUs: TimeUs
  readonly timeUs: TimeUs
  readonly count: number
  readonly summary: string
  readonly why: Readonly<Record<string, number | string>>
  readonly peers: readonly Peer[]
  /** Relations of the host it is about: approving them is what "this is expected" means. Left out: nothing to approve. */
  readonly relations?: readonly string[]
}

export interface Findings {
  report(finding: Finding): void
}

export interface DetectorHooks {
  /** Rows `from … to − 1` are one host's run, in the order of (time, sequence). */
  onFlows?(batch: FlowBatch, from: number, to: number, host: Host, out: Findings): void
  onSummaries?(batch: SummaryBatch, from: number, to: number, host: Host, out: Findings): void
  onTimer?(time: TimeUs, host: Host, out: Findings): void
  onControl?(command: ControlCommand, host: Host, out: Findings): void
  /** A finite input has ended at `time`: windows and open attempts close. Timers have fired. */
  onEnd?(time: TimeUs, host: Host, out: Findings): void
}

export interface Detector<C = unknown> {
  readonly behaviour: Behaviour
  readonly title: string
  /** MITRE ATT&CK technique ids. */
  readonly attack: readonly string[]
  /** The owner of its rows: whose view it judges (docs/decisions/0005). */
  readonly view: 'originator' | 'target' | 'self'
  readonly needs: {
    /** Not evaluated where a sensor sees one direction only (over 30 % of judged flows). */
    readonly bothDirections: boolean
    readonly payload: boolean
    readonly history: 'none' | 'baseline'
  }
  readonly config: z.ZodType<C>
  /** A new set of hooks; all state lives in `host`, so one set serves every host. */
  create(config: C): DetectorHooks
}

/** Types a detector; the only thing a detector file exports. */
export function defineDetector<C>(detector: Detector<C>): Detector<C> {
  return detector
}

/** Thresholds by device class; what is not given of a class, or the whole class, takes that class's own defaults. */
export function perClass<S extends z.ZodObject>(
  schema: S,
  defaults: Record<DeviceClass, z.input<S>>,
): z.ZodType<Record<DeviceClass, z.output<S>>> {
  const shape = Object.fromEntries(
    deviceClasses.map((c) => [c, z.preprocess(over(defaults[c]), schema).prefault({})]),
  )
  return z.strictObject(shape) as unknown as z.ZodType<Record<DeviceClass, z.output<S>>>
}

/** Lays an object over the defaults; anything else is left for the schema to refuse. */
function over(defaults: object): (given: unknown) => unknown {
  return (given) =>
    typeof given === 'object' && given !== null ? { ...defaults, ...given } : given
}
