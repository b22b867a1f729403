import { formatIp, formatMac } from '../records/address.ts'
import type { WholeFlow } from '../records/ecs.ts'
import { formatTime } from '../records/time.ts'

/** Columns of `flows --csv`: name and text. */
const columns: readonly (readonly [string, (flow: WholeFlow) => string | number])[] = [
  ['start', (f) => formatTime(f.startUs)],
  ['end', (f) => formatTime(f.lastUs)],
  ['orig_ip', (f) => formatIp(f.origIp)],
  ['orig_port', (f) => f.origPort],
  ['resp_ip', (f) => formatIp(f.respIp)],
  ['resp_port', (f) => f.respPort],
  ['protocol', (f) => f.protocol],
  ['service', (f) => f.service ?? ''],
  ['conn_state', (f) => f.connState],
  ['vlan', (f) => (f.vlan === 0 ? '' : f.vlan)],
  ['orig_packets', (f) => f.origPackets],
  ['resp_packets', (f) => f.respPackets],
  ['orig_ip_bytes', (f) => f.origIpBytes],
  ['resp_ip_bytes', (f) => f.respIpBytes],
  ['orig_payload_bytes', (f) => f.origPayloadBytes],
  ['resp_payload_bytes', (f) => f.respPayloadBytes],
  ['orig_mac', (f) => formatMac(f.origMac) ?? ''],
  ['resp_mac', (f) => formatMac(f.respMac) ?? ''],
  ['duplicate_packets', (f) => f.duplicatePackets],
]

export const csvHeader = columns.map(([name]) => name).join(',')

/** RFC 4180. No column holds text from the wire, so nothing needs quoting or can be read as a formula. */
export function csvLine(flow: WholeFlow): string {
  return columns.map(([, text]) => String(text(flow))).join(',')
}
