import { isAbove, severityOf } from '../records/alert.ts'
import { alertId, type Anomaly, rowKeyOf } from '../records/anomaly.ts'
import { secondUs } from '../records/time.ts'
import type { AlertRow } from '../store/state-store.ts'
import type { AlertsConfig } from './config.ts'

/** A row as the fold makes it; the store numbers it. */
export type UnnumberedRow = Omit<AlertRow, 'revision'>

/** One alert with all that it counts: `anomalies` holds the newest revision of each, oldest first. */
export interface Episode {
  readonly row: UnnumberedRow
  readonly anomalies: readonly Anomaly[]
}

/** Who acts where no person does. */
export const programName = 'wardwatch'

/** Parties a row names. */
export const peersMax = 32

/**
 * Folds one anomaly into the newest episode of its row key (docs/decisions/0005). Pure; the same anomalies in the
 * same order give the same rows however they are cut into calls.
 * @returns the episode it now belongs to, or `existing` itself when the anomaly says nothing new.
 */
export function foldAnomaly(
  existing: Episode | null,
  anomaly: Anomaly,
  config: Pick<AlertsConfig, 'episodeGapSeconds' | 'episodeAnomaliesMax'>,
): Episode {
  if (existing === null) return openEpisode(null, anomaly)
  const known = existing.anomalies.find((a) => a.id === anomaly.id)
  if (known !== undefined) {
    return isNewer(anomaly, known) ? grow(existing, anomaly) : existing
  }
  const gapUs = config.episodeGapSeconds * secondUs
  const { row } = existing
  const isInReach =
    anomaly.oldestUs <= row.lastSeenUs + gapUs && anomaly.timeUs >= row.firstSeenUs - gapUs
  const isFull = existing.anomalies.length >= config.episodeAnomaliesMax
  return isInReach && !isFull && row.status !== 'closed'
    ? grow(existing, anomaly)
    : openEpisode(row, anomaly)
}

/** A revision counts more, or decides later; what is sent again after a crash does neither. */
function isNewer(anomaly: Anomaly, known: Anomaly): boolean {
  return anomaly.timeUs === known.timeUs
    ? anomaly.count > known.count
    : anomaly.timeUs > known.timeUs
}

function openEpisode(previous: UnnumberedRow | null, anomaly: Anomaly): Episode {
  const rowKey = rowKeyOf(anomaly)
  // Episodes of a row key do not start within one another: a row that was closed, or is full, may still reach past it.
  const isLater = previous !== null && anomaly.timeUs >= previous.firstSeenUs
  const startUs = isLater ? Math.max(anomaly.oldestUs, previous.lastSeenUs + 1) : anomaly.oldestUs
  return {
    row: {
      id: alertId(rowKey, startUs),
      rowKey,
      status: 'new',
      firstSeenUs: startUs,
      lastSeenUs: Math.max(startUs, anomaly.timeUs),
      count: anomaly.count,
      leading: anomaly,
      peers: mergePeers([], anomaly.peers),
      previousId: isLater ? previous.id : null,
    },
    anomalies: [anomaly],
  }
}

/** Adds an anomaly, or puts a revision in the place of the one it replaces. */
function grow(episode: Episode, anomaly: Anomaly): Episode {
  const index = episode.anomalies.findIndex((a) => a.id === anomaly.id)
  const anomalies =
    index < 0 ? [...episode.anomalies, anomaly] : episode.anomalies.with(index, anomaly)
  const { row } = episode
  const leading = anomalies.reduce((best, a) => (leads(a, best) ? a : best))
  return {
    row: {
      ...row,
      ...reopenedIfWorse(row, leading),
      // A row that follows another begins after it, so the newest row of a key is the one that began last.
      firstSeenUs:
        row.previousId === null ? Math.min(row.firstSeenUs, anomaly.oldestUs) : row.firstSeenUs,
      lastSeenUs: Math.max(row.lastSeenUs, anomaly.timeUs),
      count: anomalies.reduce((sum, a) => sum + a.count, 0),
      leading,
      peers: mergePeers(row.peers, anomaly.peers),
    },
    anomalies,
  }
}

/** A verdict was about what was known: a closed row that grows worse than that is open again, and nobody's. */
function reopenedIfWorse(row: UnnumberedRow, leading: Anomaly): Partial<UnnumberedRow> {
  const isWorse = isAbove(severityOf(leading.score), severityOf(row.leading.score))
  if (row.status !== 'closed' || !isWorse) return {}
  const atMs = Math.floor(leading.timeUs / 1000)
  const taught = row.handling?.taught ?? []
  return {
    status: 'new',
    handling: { by: programName, atMs, verdict: null, reason: null, taught },
  }
}

/** Highest score first, then the newest, then the id, so that the order of arrival cannot decide. */
function leads(a: Anomaly, b: Anomaly): boolean {
  if (a.score !== b.score) return a.score > b.score
  return a.timeUs === b.timeUs ? a.id < b.id : a.timeUs > b.timeUs
}

/** The parties met so far, then those not met yet, while there is room. */
function mergePeers(known: Anomaly['peers'], met: Anomaly['peers']): Anomaly['peers'] {
  const merged = new Map(known.map((peer) => [identityOf(peer), peer]))
  for (const peer of met) {
    const identity = identityOf(peer)
    if (!merged.has(identity) && merged.size < peersMax) merged.set(identity, peer)
  }
  return [...merged.values()]
}

function identityOf(peer: Anomaly['peers'][number]): string {
  return JSON.stringify([peer.key, peer.address, peer.mac, peer.name, peer.port, peer.protocol])
}
