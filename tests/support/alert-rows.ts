import { isDeepStrictEqual } from 'node:util'
import type { Anomaly } from '../../records/anomaly.ts'
import { WardwatchError } from '../../records/errors.ts'
import type { AlertRow, AlertRows, FoldCommit } from '../../store/state-store.ts'

/** Alert rows in memory that keep the promises of store/state-store.ts; `fail` makes the next commits fail. */
export function createMemoryRows() {
  const rows = new Map<string, AlertRow>()
  const anomalies = new Map<string, { alertId: string; anomaly: Anomaly }>()
  const positions = new Map<number, Anomaly['position']>()
  const ended = new Set<string>()
  let revision = 0
  let isFailing = false

  const byRevision = () => [...rows.values()].sort((a, b) => a.revision - b.revision)

  function commit(fold: FoldCommit): number {
    if (isFailing) throw new WardwatchError('ALERT_STORE_FAILED', 'disk full')
    for (const { from, to } of fold.moves) {
      const stored = positions.get(to.partition) ?? null
      if (!isDeepStrictEqual(stored, from)) throw new WardwatchError('PARTITION_LOST', 'moved')
    }
    for (const row of fold.rows) rows.set(row.id, { ...row, revision: ++revision })
    for (const entry of fold.anomalies) anomalies.set(entry.anomaly.id, entry)
    for (const { to } of fold.moves) positions.set(to.partition, to)
    for (const e of fold.ended) ended.add(JSON.stringify([e.sensor, e.run, e.partition]))
    return revision
  }

  const store: AlertRows = {
    positions: () => Promise.resolve([...positions.values()]),
    newestOf: (rowKey) => {
      const own = [...rows.values()].filter((row) => row.rowKey === rowKey)
      return Promise.resolve(own.sort((a, b) => b.firstSeenUs - a.firstSeenUs)[0] ?? null)
    },
    anomaliesOf: (alertId) => {
      const own = [...anomalies.values()].filter((entry) => entry.alertId === alertId)
      const sorted = own.map((entry) => entry.anomaly).sort((a, b) => a.oldestUs - b.oldestUs)
      return Promise.resolve(sorted)
    },
    commit: async (fold) => Promise.resolve(commit(fold)),
    endedPartitions: (sensor, run) => {
      const prefix = JSON.stringify([sensor, run]).slice(0, -1)
      return Promise.resolve([...ended].filter((key) => key.startsWith(prefix)).length)
    },
    get: (id) => Promise.resolve(rows.get(id) ?? null),
    list: ({ limit, scoreMin }) => {
      const shown = [...rows.values()].filter((row) => row.leading.score >= scoreMin)
      const newest = shown.sort((a, b) => b.lastSeenUs - a.lastSeenUs)
      return Promise.resolve(newest.slice(0, limit))
    },
    changedSince: (since, limit) =>
      Promise.resolve(
        byRevision()
          .filter((row) => row.revision > since)
          .slice(0, limit),
      ),
    lastRevision: () => Promise.resolve(revision),
  }
  return {
    store,
    fail: (isNowFailing: boolean) => {
      isFailing = isNowFailing
    },
    /** Every row without its number, by id: what must not depend on how the stream was cut. */
    content: () => {
      const unnumbered = [...rows.values()].map((row): Omit<AlertRow, 'revision'> => {
        const { id, rowKey, status, firstSeenUs, lastSeenUs, count, leading, peers, previousId } =
          row
        return { id, rowKey, status, firstSeenUs, lastSeenUs, count, leading, peers, previousId }
      })
      return unnumbered.sort((a, b) => (a.id < b.id ? -1 : 1))
    },
    /** As a person would: the row is closed and changes. */
    close: (id: string) => {
      const row = rows.get(id)
      if (row !== undefined) rows.set(id, { ...row, status: 'closed', revision: ++revision })
    },
  }
}
