import { type Alert, severityOf } from '../records/alert.ts'
import { parseHostKey } from '../records/observation.ts'
import { formatTime } from '../records/time.ts'
import type { AlertRow, AlertRows } from '../store/state-store.ts'

/** Maker of a network card by its MAC, or null when the first 24 bits are nobody's. */
export type VendorOf = (mac: string) => string | null

/**
 * An alert as it leaves the system. Its fields stand in one fixed order, so equal rows are equal text.
 * @returns null when no anomaly of the row reaches a severity: such a row is kept and counts on, but is not listed.
 */
export function presentAlert(row: Omit<AlertRow, 'revision'>, vendorOf: VendorOf): Alert | null {
  const { leading } = row
  const severity = severityOf(leading.score)
  if (severity === 'record') return null
  const owner = parseHostKey(leading.viewKey)
  const mac = leading.device.mac ?? owner.mac
  const address = leading.device.address ?? owner.address
  return {
    id: row.id,
    behaviour: leading.behaviour,
    severity,
    score: leading.score,
    site: leading.site,
    device: {
      id: leading.viewKey,
      name: leading.device.name,
      addresses: address === null ? [] : [address],
      mac,
      vendor: mac === null ? null : vendorOf(mac),
    },
    peers: row.peers.map(({ address, mac, name, port, protocol }) => ({
      address,
      mac,
      name,
      port,
      protocol,
    })),
    firstSeen: formatTime(row.firstSeenUs),
    lastSeen: formatTime(row.lastSeenUs),
    count: row.count,
    summary: leading.summary,
    why: leading.why,
    attack: leading.attack,
    status: row.status,
    ...handled(row.handling),
  }
}

/** Who has changed the status, and what came of it; nothing while nobody has. */
function handled(handling: AlertRow['handling']): Partial<Alert> {
  if (handling === undefined) return {}
  const { by, atMs, verdict, reason } = handling
  return {
    statusBy: by,
    statusAt: formatTime(atMs * 1000),
    ...(verdict === null ? {} : { verdict }),
    ...(reason === null ? {} : { reason }),
  }
}

/** Rows read from the store at a time. */
const pageRows = 1000

/**
 * Every alert in canonical order, (first seen, id): the same rows give the same list, whatever order they changed in.
 * @throws WardwatchError ALERT_STORE_FAILED or STATE_STORE_FAILED from the store.
 */
export async function listAlerts(rows: AlertRows, vendorOf: VendorOf): Promise<Alert[]> {
  const alerts: Alert[] = []
  for (let revision = 0; ;) {
    const page = await rows.changedSince(revision, pageRows)
    for (const row of page) {
      const alert = presentAlert(row, vendorOf)
      if (alert !== null) alerts.push(alert)
    }
    const last = page.at(-1)
    if (last === undefined) break
    revision = last.revision
  }
  return alerts.sort((a, b) => compare(a.firstSeen, b.firstSeen) || compare(a.id, b.id))
}

/** By UTF-16 units: no locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** One line of `replay --json`. */
export function alertLine(alert: Alert): string {
  return JSON.stringify(alert)
}
