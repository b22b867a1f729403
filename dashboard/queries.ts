import type { Alert } from '../records/alert.ts'
import type { Anomaly } from '../records/anomaly.ts'
import { formatTime } from '../records/time.ts'
import type { AlertRow, HostProgressRow, StateStore } from '../store/state-store.ts'
import type { AlertDetail, Learning, RatedSensor, Sighting, Status } from './api.ts'

/** What the dashboard reads of the store. */
export interface DashboardStates {
  readonly alerts: Pick<
    StateStore['alerts'],
    'get' | 'list' | 'anomaliesOf' | 'changedSince' | 'lastRevision'
  >
  readonly partitions: Pick<StateStore['partitions'], 'progress'>
}

/** Turns a row into what a reader sees; null for a row below any severity, which is not listed. */
export type Present = (row: AlertRow) => Alert | null

/** Lowest score of a severity: rows below it are kept and not shown (docs/decisions/0005). */
export const shownScoreMin = 0.3

/** Anomalies a detail shows. */
const sightingsMax = 100

/** The newest alerts with the revision they are at least at: what changed later is told again as a delta. */
export async function newestAlerts(
  states: DashboardStates,
  present: Present,
  limit: number,
): Promise<{ revision: number; alerts: Alert[] }> {
  const revision = await states.alerts.lastRevision()
  const rows = await states.alerts.list({ limit, scoreMin: shownScoreMin })
  return { revision, alerts: rows.map(present).filter((alert) => alert !== null) }
}

/** Everything the page shows of one alert, or null when there is none of that id. */
export async function detailOf(
  states: DashboardStates,
  present: Present,
  id: string,
): Promise<AlertDetail | null> {
  const row = await states.alerts.get(id)
  const alert = row === null ? null : present(row)
  if (row === null || alert === null) return null
  const anomalies = await states.alerts.anomaliesOf(id)
  const progress = await states.partitions.progress(row.leading.viewKey)
  return {
    revision: row.revision,
    alert,
    previousId: row.previousId,
    objectGroup: row.leading.objectGroup,
    sightings: anomalies.slice(-sightingsMax).reverse().map(sightingOf),
    sightingCount: anomalies.length,
    learning: progress === null ? null : learningOf(progress),
  }
}

function sightingOf(anomaly: Anomaly): Sighting {
  const { id, detector, score, count, summary, why, oldestUs, timeUs } = anomaly
  const [firstSeen, lastSeen] = [formatTime(oldestUs), formatTime(timeUs)]
  return { id, detector, score, count, summary, why, firstSeen, lastSeen }
}

function learningOf(progress: HostProgressRow): Learning {
  const { state, isApproved, firstSeenUs, lastSeenUs, daysSeen, activeHours, relations } = progress
  const [firstSeen, lastSeen] = [formatTime(firstSeenUs), formatTime(lastSeenUs)]
  return { state, isApproved, firstSeen, lastSeen, daysSeen, activeHours, relations }
}

/** @param nowMs wall clock; the lag is that of the slowest sensor that captures now */
export function statusOf(
  revision: number,
  sensors: readonly RatedSensor[],
  startedMs: number,
  nowMs: number,
): Status {
  const clocksUs = sensors.filter((s) => s.isLive && s.clockUs > 0).map((s) => s.clockUs)
  const lagMs = clocksUs.length === 0 ? null : Math.max(0, nowMs - Math.min(...clocksUs) / 1000)
  return { revision, nowMs, startedMs, lagMs, sensors: [...sensors] }
}
