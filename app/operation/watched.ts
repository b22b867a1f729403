import type { Delivery } from '../../alerts/delivery.ts'
import type { AlertsService } from '../../alerts/service.ts'
import type { Analyzer } from '../../analyzer/service.ts'
import type { TopicName } from '../../bus/bus.ts'
import type { MeteredBus } from '../../bus/metered.ts'
import type { SensorStatus } from '../../dashboard/api.ts'
import type { Dashboard } from '../../dashboard/server.ts'
import type { SeriesWriter } from '../../history/series-service.ts'
import type { Historian } from '../../history/service.ts'
import type { Ingest } from '../../ingest/service.ts'
import type { FlowStore } from '../../store/flow-store.ts'
import type { SeriesStore } from '../../store/series-store.ts'
import type { PartState } from '../parts.ts'
import type { ThreadStatus } from '../threads/protocol.ts'

/** What was last heard of a thread. */
export interface ThreadWord {
  readonly name: string
  readonly status: ThreadStatus | null
  /** Wall time in ms; null before the first word. */
  readonly heardMs: number | null
}

export interface BusTraffic extends Pick<MeteredBus, 'topics' | 'readers' | 'waitingMessages'> {
  /** Of a bus in memory: bytes it holds, by topic. */
  heldBytes?(): Readonly<Record<TopicName, number>>
}

/** What health and metrics are read off: the parts of this process; null: it has no such part. */
export interface Watched {
  readonly ingest: Pick<Ingest, 'stats' | 'clock'> | null
  readonly analyzer: Pick<Analyzer, 'stats'> | null
  readonly alerts: Pick<AlertsService, 'counters'> | null
  readonly delivery: Pick<Delivery, 'counters'> | null
  readonly history: {
    readonly historian: Pick<Historian, 'counters'>
    readonly flows: Pick<FlowStore, 'health'>
  } | null
  readonly series?: {
    readonly writer: Pick<SeriesWriter, 'counters'> | null
    readonly store: Pick<SeriesStore, 'status'>
  } | null
  readonly dashboard: Pick<Dashboard, 'clientCount' | 'policyReports'> | null
  readonly traffic: BusTraffic
  readonly sensors: () => readonly SensorStatus[]
  readonly threads: () => readonly ThreadWord[]
  readonly parts: () => Readonly<Record<string, PartState>>
  /** Times the configuration was read again. */
  readonly reloads: () => Readonly<Record<'accepted' | 'refused', number>>
  /** Wall clock in ms. */
  readonly now: () => number
}
