import type { Alert, Severity } from './alert.ts'
import { formatIp, formatMac, isMappedIpv4 } from './address.ts'
import { communityId } from './community-id.ts'
import { type ConnState } from './flow-batch.ts'
import { formatTime, type TimeUs } from './time.ts'

/** A whole flow, its records summed: what a user calls a flow. Addresses 16 bytes, MACs 6 bytes (zero: not seen). */
export interface WholeFlow {
  /** Within its sensor and run; null where it was not kept: the five-tuple and the begin tell flows apart, too. */
  readonly flowId: number | null
  readonly protocol: number
  readonly vlan: number
  readonly origIp: Uint8Array
  readonly respIp: Uint8Array
  readonly origPort: number
  readonly respPort: number
  readonly origMac: Uint8Array
  readonly respMac: Uint8Array
  readonly startUs: TimeUs
  readonly lastUs: TimeUs
  readonly origPackets: number
  readonly respPackets: number
  readonly origIpBytes: number
  readonly respIpBytes: number
  readonly origPayloadBytes: number
  readonly respPayloadBytes: number
  readonly connState: ConnState
  readonly service: string | null
  readonly duplicatePackets: number
}

const transports: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'ipv6-icmp',
  132: 'sctp',
}

/**
 * A flow in the names of the Elastic Common Schema 8; this is the only file that knows them. `*.bytes` are IP bytes,
 * `event.duration` is in nanoseconds; what ECS has no name for stands under `wardwatch`.
 */
export function flowToEcs(flow: WholeFlow) {
  const hasPorts = flow.protocol === 6 || flow.protocol === 17 || flow.protocol === 132
  const end = (ip: Uint8Array, port: number, mac: Uint8Array, packets: number, bytes: number) => ({
    ip: formatIp(ip),
    ...(hasPorts ? { port } : {}),
    ...optional('mac', macOf(mac)),
    packets,
    bytes,
  })
  return {
    '@timestamp': formatTime(flow.startUs),
    event: {
      kind: 'event',
      category: ['network'],
      type: ['connection', 'end'],
      ...optional('id', flow.flowId === null ? null : String(flow.flowId)),
      start: formatTime(flow.startUs),
      end: formatTime(flow.lastUs),
      duration: (flow.lastUs - flow.startUs) * 1000,
    },
    network: {
      type: isMappedIpv4(flow.origIp) ? 'ipv4' : 'ipv6',
      iana_number: String(flow.protocol),
      transport: transports[flow.protocol] ?? String(flow.protocol),
      ...optional('protocol', flow.service),
      ...(flow.vlan === 0 ? {} : { vlan: { id: String(flow.vlan) } }),
      community_id: communityId(flow),
      packets: flow.origPackets + flow.respPackets,
      bytes: flow.origIpBytes + flow.respIpBytes,
    },
    source: end(flow.origIp, flow.origPort, flow.origMac, flow.origPackets, flow.origIpBytes),
    destination: end(flow.respIp, flow.respPort, flow.respMac, flow.respPackets, flow.respIpBytes),
    wardwatch: {
      conn_state: flow.connState,
      orig_payload_bytes: flow.origPayloadBytes,
      resp_payload_bytes: flow.respPayloadBytes,
      duplicate_packets: flow.duplicatePackets,
      ...(hasPorts ? {} : { icmp: { type: flow.origPort, code: flow.respPort } }),
    },
  }
}

function optional<K extends string, V>(key: K, value: V | null): { [P in K]?: V } {
  return value === null ? {} : ({ [key]: value } as { [P in K]: V })
}

const severityNumbers: Readonly<Record<Severity, number>> = {
  low: 21,
  medium: 47,
  high: 73,
  critical: 99,
}

/**
 * An alert in the names of the Elastic Common Schema 8. `event.risk_score` is 0–100, `event.severity` as Elastic's own
 * rules number it; what ECS has no name for stands under `wardwatch`.
 */
export function alertToEcs(
  alert: Alert,
  told: {
    readonly action: string
    readonly cause: string
    readonly by: string | null
    readonly url: string
    readonly key: string
    readonly dedupKey: string
  },
) {
  const { device, peers } = alert
  const addresses = [...device.addresses, ...peers.map((peer) => peer.address)]
  return {
    '@timestamp': alert.lastSeen,
    message: alert.summary,
    event: {
      kind: 'alert',
      category: ['network', 'intrusion_detection'],
      type: ['info'],
      module: 'wardwatch',
      dataset: 'wardwatch.alert',
      id: told.key,
      action: told.action,
      reason: alert.summary,
      severity: severityNumbers[alert.severity],
      risk_score: Math.round(alert.score * 100),
      start: alert.firstSeen,
      end: alert.lastSeen,
      url: told.url,
    },
    rule: { name: alert.behaviour, category: alert.behaviour },
    host: {
      id: device.id,
      ...optional('name', device.name),
      ip: device.addresses,
      ...optional('mac', device.mac === null ? null : [ecsMac(device.mac)]),
    },
    observer: { vendor: 'Wardwatch', product: 'Wardwatch', type: 'ids', geo: { name: alert.site } },
    related: { ip: [...new Set(addresses.filter((address) => address !== null))] },
    threat: { framework: 'MITRE ATT&CK', technique: { id: alert.attack } },
    ...optional('user', told.by === null ? null : { name: told.by }),
    wardwatch: {
      alert_id: alert.id,
      dedup_key: told.dedupKey,
      cause: told.cause,
      site: alert.site,
      severity: alert.severity,
      status: alert.status,
      ...optional('verdict', alert.verdict ?? null),
      ...optional('reason', alert.reason ?? null),
      count: alert.count,
      why: alert.why,
      peers,
      ...optional('device_vendor', device.vendor),
    },
  }
}

function macOf(mac: Uint8Array): string | null {
  const text = formatMac(mac)
  return text === null ? null : ecsMac(text)
}

/** RFC 7042 as ECS writes it: upper case, hyphens. */
function ecsMac(mac: string): string {
  return mac.replaceAll(':', '-').toUpperCase()
}
