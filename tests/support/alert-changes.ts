import { anomalyOf } from './anomalies.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import type { HistoryEntry } from '../../store/alert-change-store.ts'
import type { AlertRow } from '../../store/state-store.ts'

/** A row of one anomaly, as the store gives it. */
export function rowOf(changes: Partial<AlertRow> = {}): AlertRow {
  const leading = changes.leading ?? anomalyOf()
  return {
    id: 'a1b2',
    rowKey: 'key',
    revision: 10,
    status: 'new',
    firstSeenUs: leading.oldestUs,
    lastSeenUs: leading.timeUs,
    count: leading.count,
    leading,
    peers: leading.peers,
    previousId: null,
    ...changes,
  }
}

/** An anomaly that one approval would have prevented. */
export function teachable(relations: string[] = ['to|tcp/443|x.example']): Anomaly {
  return anomalyOf({ behaviour: 'irregular-destination', relations })
}

export const untouched: HistoryEntry['before'] = { status: 'new', handling: null }
