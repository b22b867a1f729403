import { listAlerts } from '../../alerts/present.ts'
import type { AlertRow, AlertRows } from '../../store/state-store.ts'

/**
 * Everything the alert stage has written that must not depend on how the work was shared: rows and anomalies in canonical
 * order, as text. Left out: `revision` (the order in which rows changed) and `position` (where an anomaly lay on the bus).
 */
export async function stateDump(rows: AlertRows): Promise<string> {
  const all: AlertRow[] = []
  for (let revision = 0; ;) {
    const page = await rows.changedSince(revision, 500)
    if (page.length === 0) break
    all.push(...page)
    revision = page.at(-1)!.revision
  }
  const lines: string[] = []
  for (const row of all) {
    const leading = { ...row.leading, position: null }
    lines.push(JSON.stringify({ ...row, revision: null, leading }))
    for (const anomaly of await rows.anomaliesOf(row.id)) {
      lines.push(JSON.stringify({ alert: row.id, ...anomaly, position: null }))
    }
  }
  for (const alert of await listAlerts(rows, () => null)) lines.push(JSON.stringify(alert))
  return lines.sort().join('\n')
}
