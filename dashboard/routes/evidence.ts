import type { AuditStore } from '../../store/audit-store.ts'
import type { Evidence, EvidencePacket } from '../api/evidence.ts'
import { auditOf } from '../audit.ts'
import { type Call, type Caller, defineRoute, Refusal, type Route } from '../http/route.ts'
import type { DashboardStates } from '../queries.ts'

/** Reads what sensors have kept; a sensor on another machine keeps its own (docs/evidence.md). */
export type ReadEvidence = (anomalyIds: readonly string[]) => Promise<{
  readonly lines: readonly EvidencePacket[]
  readonly files: readonly Evidence['files'][number][]
  /** The packets as one capture file. */
  readonly capture: () => Uint8Array
}>

/** Packets listed in one answer; the file holds them all. */
const packetsMax = 1000

/** The packets of an alert, to read and to take along. */
export function evidenceRoutes(deps: {
  readonly states: DashboardStates
  readonly audit: AuditStore
  readonly evidence: ReadEvidence
  readonly now: () => number
}): Route[] {
  const { states, audit, evidence, now } = deps

  async function read(call: Call, caller: Caller, action: string) {
    const id = call.params['id'] ?? ''
    if ((await states.alerts.get(id)) === null) throw new Refusal(404, 'no such alert')
    const anomalies = await states.alerts.anomaliesOf(id)
    const found = await evidence(anomalies.map((anomaly) => anomaly.id))
    if (found.lines.length > 0)
      await audit.record(auditOf(caller, call, { atMs: now(), action, object: id }))
    return found
  }

  return [
    defineRoute({
      method: 'GET',
      path: '/api/alerts/:id/evidence',
      requires: 'read',
      handle: async (call, caller) => {
        const { lines, files } = await read(call, caller, 'evidence.look-up')
        const packets = lines.slice(0, packetsMax)
        return {
          json: { packets, packetCount: lines.length, files: [...files] } satisfies Evidence,
        }
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/alerts/:id/evidence.pcap',
      requires: 'read',
      handle: async (call, caller) => {
        const { lines, capture } = await read(call, caller, 'evidence.download')
        if (lines.length === 0) throw new Refusal(404, 'no packets are kept of this alert')
        const name = `${call.params['id'] ?? 'alert'}.pcap`
        return { file: capture(), type: 'application/vnd.tcpdump.pcap', name }
      },
    }),
  ]
}
