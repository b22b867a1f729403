import type { Anomaly } from '../records/anomaly.ts'
import type { alertStatuses } from '../records/alert.ts'
import type { Service } from '../records/service.ts'
import type { SensorHealth } from '../records/observation.ts'
import type { TimeUs } from '../records/time.ts'
import type { SegmentStore } from './segment-store.ts'
import type { SeriesStateStore } from './series-state-store.ts'
import type { AccessStore } from './access-store.ts'
import type { AuditStore } from './audit-store.ts'
import type { AlertChangeStore, Handling, HistoryEntry } from './alert-change-store.ts'
import type { ObligationDraft, OutboxStore } from './outbox-store.ts'

/** Where a partition stands: one row, compare-and-set on `epoch` (docs/decisions/0004). */
export interface PartitionRow {
  readonly partition: number
  /** Raised by each worker that takes the partition; a commit under an older epoch is refused whole. */
  readonly epoch: number
  /** Offset of the first message not yet in the state. */
  readonly nextOffset: number
  /** Clock, recordings and last sequence per sensor, as the analyzer wrote them; null at first. */
  readonly state: Uint8Array | null
}

/** One section of one host's state, as the analyzer encoded it. */
export interface HostSectionRow {
  readonly host: string
  readonly section: string
  readonly value: Uint8Array
}

/** What the dashboard shows of a host's learning; written in the checkpoint transaction. */
export interface HostProgressRow {
  readonly host: string
  readonly site: string
  readonly state: 'observing' | 'provisional' | 'established'
  readonly isApproved: boolean
  readonly firstSeenUs: TimeUs
  readonly lastSeenUs: TimeUs
  readonly daysSeen: number
  readonly activeHours: number
  readonly relations: number
  readonly address: string | null
  readonly mac: string | null
  readonly vendor: string | null
  /** As declared, else as it calls itself by DHCP. */
  readonly name: string | null
  readonly deviceClass: string | null
  readonly zone: string | null
}

export interface PartitionCommit {
  readonly row: PartitionRow & { readonly state: Uint8Array }
  /** Dirty sections only. */
  readonly sections: readonly HostSectionRow[]
  /** Hosts evicted since the last commit: all their sections go. */
  readonly removedHosts: readonly string[]
  readonly progress: readonly HostProgressRow[]
}

export interface PartitionStates {
  /** Takes the partition: raises its epoch and returns the row. Whoever held it can no longer commit. */
  acquire(partition: number): Promise<PartitionRow>
  /** Every section of every host of the partition. */
  load(partition: number): Promise<HostSectionRow[]>
  /**
   * One transaction: all of it or none.
   * @throws WardwatchError PARTITION_LOST when the epoch is no longer the row's; drop the partition's state then.
   */
  commit(commit: PartitionCommit): Promise<void>
  progress(host: string): Promise<HostProgressRow | null>
}

export type AlertStatus = (typeof alertStatuses)[number]

/** One episode of one row key. */
export interface AlertRow {
  readonly id: string
  readonly rowKey: string
  /** Order of change over all rows, from 1, without holes that a reader could miss: the number of a live delta. */
  readonly revision: number
  readonly status: AlertStatus
  readonly firstSeenUs: TimeUs
  readonly lastSeenUs: TimeUs
  /** Sum of `count` over the anomalies of the episode, each in its newest revision. */
  readonly count: number
  /** The anomaly with the highest score, the newest of them: its sentence and numbers are the row's. */
  readonly leading: Anomaly
  /** Parties of all anomalies, at most 32, in the order they were met. */
  readonly peers: Anomaly['peers']
  readonly previousId: string | null
  /** What people have made of it; absent while nobody has touched it. */
  readonly handling?: Handling
}

/** How far a fold takes one observations partition; `from` is null where nothing was folded yet. */
export interface FoldMove {
  readonly from: Anomaly['position'] | null
  readonly to: Anomaly['position']
}

/** What one batch changed; written in one transaction with the positions it came from and led to. */
export interface FoldCommit {
  /** Rows of the store that the fold was worked out from, in the state it read them in; absent: none. */
  readonly restsOn?: readonly { readonly id: string; readonly revision: number }[]
  /** Rows that grew worse after they were closed, and are open again. */
  readonly history?: readonly {
    readonly alertId: string
    readonly entry: Omit<HistoryEntry, 'revision'>
  }[]
  /** What receivers are owed for it. */
  readonly obligations?: readonly ObligationDraft[]
  readonly anomalies: readonly { readonly alertId: string; readonly anomaly: Anomaly }[]
  readonly rows: readonly Omit<AlertRow, 'revision'>[]
  /** One for each partition of the batch. */
  readonly moves: readonly FoldMove[]
  readonly ended: readonly {
    readonly sensor: string
    readonly run: string
    readonly partition: number
  }[]
}

export interface AlertRows {
  /** Last position folded of each observations partition. */
  positions(): Promise<Anomaly['position'][]>
  /** The newest episode of a row key. */
  newestOf(rowKey: string): Promise<AlertRow | null>
  /** Newest revision of each anomaly of an alert, oldest first. */
  anomaliesOf(alertId: string): Promise<Anomaly[]>
  /**
   * One transaction; gives each row a new revision. Resolves to the last one.
   * @throws WardwatchError PARTITION_LOST when a partition does not stand at `from`: another process has folded it
   * meanwhile, what was read of it is old, and nothing was written. ALERT_CHANGED when a row no longer is as
   * `restsOn` says: a person has changed it, nothing was written; fold the batch again. ALERT_STORE_FAILED: nothing was written; stop
   * acknowledging (fail-stop).
   */
  commit(commit: FoldCommit): Promise<number>
  /** Partitions that have reported the end of the input. */
  endedPartitions(sensor: string, run: string): Promise<number>
  get(id: string): Promise<AlertRow | null>
  /** Rows whose leading anomaly reaches `scoreMin`, newest `lastSeen` first. */
  list(options: { limit: number; scoreMin: number }): Promise<AlertRow[]>
  /** Rows changed after `revision`, whatever their score, in the order of their revision. */
  changedSince(revision: number, limit: number): Promise<AlertRow[]>
  lastRevision(): Promise<number>
}

export const deviceSorts = ['name', 'state', 'firstSeen', 'lastSeen', 'alerts'] as const
export type DeviceSort = (typeof deviceSorts)[number]

export interface DeviceQuery {
  /** Part of a name, an address, a MAC, a vendor or a site, whatever its case; empty: all. */
  readonly text: string
  readonly sort: DeviceSort
  readonly isDescending: boolean
  readonly limit: number
  readonly offset: number
}

/** A host that is monitored, with how many of its alerts are not closed. */
export interface DeviceRow extends HostProgressRow {
  readonly openAlerts: number
}

/** What a sensor last said of itself, as an analyzer has read it. */
export interface SensorRow {
  readonly site: string
  readonly sensor: string
  readonly run: string
  /** Wall clock of the analyzer when it read it, in ms. */
  readonly heardMs: number
  readonly clockUs: TimeUs
  readonly health: SensorHealth
}

/** What people look up of devices and sensors. Written by the analyzer, read by the dashboard. */
export interface DeviceStore {
  list(query: DeviceQuery): Promise<{ total: number; rows: DeviceRow[] }>
  get(host: string): Promise<DeviceRow | null>
  /** What those of the hosts are called that have a name. */
  namesOf(hosts: readonly string[]): Promise<Map<string, string>>
  /** What the analyzer keeps of the host under these names. */
  sectionsOf(host: string, names: readonly string[]): Promise<HostSectionRow[]>
  /** Alerts that the host owns, newest last seen first. */
  alertsOf(host: string, options: { limit: number; scoreMin: number }): Promise<AlertRow[]>
  /** Alerts that name the host as the other party, among the 5,000 newest of all. */
  alertsNaming(host: string, options: { limit: number; scoreMin: number }): Promise<AlertRow[]>
  noteSensors(rows: readonly SensorRow[]): Promise<void>
  sensors(): Promise<SensorRow[]>
}

/** What must survive a restart. Every promise is tested by tests/contracts/state-store.contract.ts. */
export interface StateStore extends Service {
  readonly alertChanges: AlertChangeStore
  readonly outbox: OutboxStore
  readonly partitions: PartitionStates
  readonly alerts: AlertRows
  readonly access: AccessStore
  readonly audit: AuditStore
  readonly devices: DeviceStore
  readonly segments: SegmentStore
  readonly series: SeriesStateStore
}
