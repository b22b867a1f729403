import { alertId, type Anomaly, type AnomalyMessage, rowKeyOf } from '../records/anomaly.ts'
import type { AlertRow, AlertRows, FoldCommit } from '../store/state-store.ts'
import type { AlertsConfig } from './config.ts'
import { type Episode, foldAnomaly, type UnnumberedRow } from './fold.ts'

/** A row before and after a fold; `before` is null where the row is new. */
export interface RowChange {
  readonly before: AlertRow | null
  readonly after: UnnumberedRow
}

export interface FoldedBatch {
  readonly commit: Omit<FoldCommit, 'moves' | 'obligations'>
  readonly changes: readonly RowChange[]
  /** Anomalies that said nothing new. */
  readonly repeated: number
}

/**
 * Folds a batch in its order. Rows that several of its anomalies change are written once, an anomaly with several
 * revisions in its newest; so how a stream is cut into batches shows in the number of revisions only.
 */
export async function foldBatch(
  batch: readonly AnomalyMessage[],
  rows: AlertRows,
  config: AlertsConfig,
): Promise<FoldedBatch> {
  const episodes = createEpisodes(rows)
  const changed = new Map<string, Episode['row']>()
  const anomalies = new Map<string, FoldCommit['anomalies'][number]>()
  const ended: FoldCommit['ended'][number][] = []
  let repeated = 0
  for (const message of batch) {
    if (message.kind === 'ended') {
      const { sensor, run, position } = message
      ended.push({ sensor, run, partition: position.partition })
      continue
    }
    const { anomaly } = message
    const existing = await episodes.of(anomaly)
    const episode = foldAnomaly(existing, anomaly, config)
    if (episode === existing) {
      repeated++
      continue
    }
    episodes.set(episode)
    changed.set(episode.row.id, episode.row)
    anomalies.set(anomaly.id, { alertId: episode.row.id, anomaly })
  }
  const changes = [...changed.values()].map((after) => ({
    before: episodes.stored.get(after.id) ?? null,
    after,
  }))
  const commit = {
    anomalies: [...anomalies.values()],
    rows: [...changed.values()],
    ended,
    restsOn: [...episodes.stored.values()].map(({ id, revision }) => ({ id, revision })),
    history: changes.flatMap(reopeningOf),
  }
  return { commit, changes, repeated }
}

/** The fold changes a status in one case only: a closed row has grown worse. */
function reopeningOf({ before, after }: RowChange): NonNullable<FoldCommit['history']>[number][] {
  const handling = after.handling ?? null
  if (before === null || handling === null || before.status === after.status) return []
  const { by, atMs } = handling
  const entry = {
    action: 'escalate' as const,
    by,
    atMs,
    before: { status: before.status, handling: before.handling ?? null },
    after: { status: after.status, handling },
  }
  return [{ alertId: after.id, entry }]
}

/** The store's episodes as this batch has changed them so far. */
function createEpisodes(rows: AlertRows) {
  const stored = new Map<string, AlertRow>()
  const byId = new Map<string, Episode>()
  const newest = new Map<string, Episode | null>()

  async function withAnomalies(row: AlertRow | null): Promise<Episode | null> {
    if (row === null) return null
    if (!stored.has(row.id)) stored.set(row.id, row)
    const episode = byId.get(row.id) ?? { row, anomalies: await rows.anomaliesOf(row.id) }
    byId.set(row.id, episode)
    return episode
  }

  async function newestOf(rowKey: string): Promise<Episode | null> {
    const known = newest.get(rowKey)
    if (known !== undefined) return known
    const episode = await withAnomalies(await rows.newestOf(rowKey))
    newest.set(rowKey, episode)
    return episode
  }

  return {
    /** Rows as the store has them, by id: what the fold rests on. */
    stored,
    /** The episode that holds the anomaly already, else the newest of its row key. */
    async of(anomaly: Anomaly): Promise<Episode | null> {
      const rowKey = rowKeyOf(anomaly)
      const last = await newestOf(rowKey)
      if (last === null || anomaly.oldestUs >= last.row.firstSeenUs) return last
      // It began before the newest episode: it may be a revision of what an earlier one holds.
      for (const id of [last.row.previousId, alertId(rowKey, anomaly.oldestUs)]) {
        if (id === null) continue
        const earlier = byId.get(id) ?? (await withAnomalies(await rows.get(id)))
        if (earlier?.anomalies.some((a) => a.id === anomaly.id) === true) return earlier
      }
      return last
    },
    set(episode: Episode): void {
      byId.set(episode.row.id, episode)
      const last = newest.get(episode.row.rowKey)
      const isNewest = last === null || last === undefined || startsNoEarlier(episode, last)
      if (isNewest) newest.set(episode.row.rowKey, episode)
    },
  }
}

function startsNoEarlier(a: Episode, b: Episode): boolean {
  return a.row.id === b.row.id || a.row.firstSeenUs >= b.row.firstSeenUs
}
