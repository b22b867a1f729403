import { type Batch, createBatch, defineBatch } from './columns.ts'

/** What a record tells of its flow. Counters count since the last record of the same `flowId`. */
export const recordKinds = ['start', 'update', 'end'] as const
export const recordKind = { start: 0, update: 1, end: 2 } as const

/** Zeek's conn_state words (base/protocols/conn/main.zeek); for UDP and ICMP: S0 one way, SF both ways. */
export const connStates = [
  'S0',
  'S1',
  'SF',
  'REJ',
  'S2',
  'S3',
  'RSTO',
  'RSTR',
  'RSTOS0',
  'RSTRH',
  'SH',
  'SHR',
  'OTH',
] as const
export type ConnState = (typeof connStates)[number]

/** IANA IPFIX element 136, flowEndReason: 0 while the flow lasts. */
export const flowEndReason = {
  none: 0,
  idleTimeout: 1,
  activeTimeout: 2,
  endOfFlow: 3,
  forcedEnd: 4,
  lackOfResources: 5,
} as const

/** TCP control bits (IANA IPFIX element 6, RFC 9293 §3.1). */
export const tcpFlag = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
  ece: 64,
  cwr: 128,
} as const

/**
 * One row is one flow record seen from one of its two endpoints (its *view*); both views of a record carry the same `sequence`.
 * Rows of one host stand together, in the order of (`timeUs`, `sequence`, originator's view first).
 */
export const flowBatchFormat = defineBatch('flow-batch', 1, {
  host: {
    kind: 'dictionary',
    meaning: 'key of the endpoint this view belongs to',
    source: 'records/observation.ts, hostKey',
  },
  peer: {
    kind: 'dictionary',
    meaning: 'key of the other endpoint',
    source: 'records/observation.ts, hostKey',
    nullMeans: 'broadcast, multicast or unspecified address: it has no key',
  },
  isOrig: {
    kind: 'bool',
    meaning: 'the host is the originator of the flow',
    source: 'Zeek conn.log id.orig_h',
  },
  timeUs: {
    kind: 'f64',
    unit: 'µs since the epoch',
    meaning: 'sensor clock when this record was emitted',
    source: 'docs/decisions/0002',
  },
  sequence: {
    kind: 'f64',
    meaning:
      'number of the record within its sensor and run, from 1, shared by flows and summaries',
    source: 'sensor',
  },
  flowId: {
    kind: 'f64',
    meaning: 'number of the flow within its sensor and run, from 1',
    source: 'IANA element 148, flowId',
  },
  kind: {
    kind: 'u8',
    words: recordKinds,
    meaning: 'start: the outcome of the first contact is known; update: active timeout; end',
    source: 'docs/formats/flow-batch.md',
  },
  isFirst: {
    kind: 'bool',
    meaning: 'first record of its flow: exactly one a flow, where its contact is counted',
    source: 'sensor',
  },
  connState: {
    kind: 'u8',
    words: connStates,
    meaning: 'state of the connection when the record was emitted',
    source: 'Zeek conn.log conn_state',
  },
  endReason: {
    kind: 'u8',
    meaning: 'why the flow ended',
    source: 'IANA element 136, flowEndReason',
    nullMeans: 'the flow goes on',
  },
  protocol: {
    kind: 'u8',
    meaning: 'IP protocol number',
    source: 'IANA element 4, protocolIdentifier',
  },
  vlan: {
    kind: 'u16',
    meaning: 'outermost VLAN id',
    source: 'IEEE 802.1Q; IANA element 58',
    nullMeans: 'no VLAN tag',
  },
  origIp: {
    kind: 'ip',
    meaning: 'address of the originator, IPv4 as ::ffff:a.b.c.d',
    source: 'Zeek id.orig_h',
  },
  respIp: {
    kind: 'ip',
    meaning: 'address of the responder, IPv4 as ::ffff:a.b.c.d',
    source: 'Zeek id.resp_h',
  },
  origPort: {
    kind: 'u16',
    meaning: 'port of the originator; ICMP: type of the first message',
    source: 'Zeek id.orig_p',
  },
  respPort: {
    kind: 'u16',
    meaning: 'port of the responder; ICMP: code of the first message',
    source: 'Zeek id.resp_p',
  },
  origMac: {
    kind: 'mac',
    meaning: 'link-layer source of the first packet from the originator',
    source: 'Zeek orig_l2_addr',
    nullMeans: 'not seen',
  },
  respMac: {
    kind: 'mac',
    meaning:
      "link-layer source of the first packet from the responder, else the destination of the originator's",
    source: 'Zeek resp_l2_addr',
    nullMeans: 'not seen',
  },
  flowStartUs: {
    kind: 'f64',
    unit: 'µs since the epoch',
    meaning: 'first packet of the flow',
    source: 'IANA element 154, flowStartMicroseconds',
  },
  flowLastUs: {
    kind: 'f64',
    unit: 'µs since the epoch',
    meaning: 'last packet of the flow so far',
    source: 'IANA element 155, flowEndMicroseconds',
  },
  origPackets: {
    kind: 'u32',
    unit: 'packets',
    meaning: 'from the originator since the last record',
    source: 'Zeek orig_pkts',
  },
  respPackets: {
    kind: 'u32',
    unit: 'packets',
    meaning: 'from the responder since the last record',
    source: 'Zeek resp_pkts',
  },
  origIpBytes: {
    kind: 'f64',
    unit: 'bytes',
    meaning: 'IP bytes, headers included, from the originator since the last record',
    source: 'IANA element 1, octetDeltaCount; Zeek orig_ip_bytes',
  },
  respIpBytes: {
    kind: 'f64',
    unit: 'bytes',
    meaning: 'IP bytes, headers included, from the responder since the last record',
    source: 'IANA element 1, octetDeltaCount; Zeek resp_ip_bytes',
  },
  origPayloadBytes: {
    kind: 'f64',
    unit: 'bytes',
    meaning: 'transport payload from the originator since the last record',
    source: 'Zeek orig_bytes',
    nullMeans: 'no packets were seen (an exporter told of the flow)',
  },
  respPayloadBytes: {
    kind: 'f64',
    unit: 'bytes',
    meaning: 'transport payload from the responder since the last record',
    source: 'Zeek resp_bytes',
    nullMeans: 'no packets were seen (an exporter told of the flow)',
  },
  firstTcpFlags: {
    kind: 'u8',
    meaning: 'control bits of the first packet of the flow; 0 also for other protocols',
    source: 'IANA element 6, tcpControlBits',
  },
  origTcpFlags: {
    kind: 'u8',
    meaning: 'all control bits the originator has sent so far',
    source: 'IANA element 6, tcpControlBits',
  },
  respTcpFlags: {
    kind: 'u8',
    meaning: 'all control bits the responder has sent so far',
    source: 'IANA element 6, tcpControlBits',
  },
  isUnreachable: {
    kind: 'bool',
    meaning: 'an ICMP error about this flow came back (RFC 792 type 3, RFC 4443 type 1)',
    source: 'sensor',
  },
  duplicatePackets: {
    kind: 'u32',
    unit: 'packets',
    meaning:
      'second copies of a doubled mirror, suppressed since the last record, in no other counter',
    source: 'docs/decisions/0006',
  },
  service: {
    kind: 'dictionary',
    meaning: 'application protocol recognised by its structure',
    source: 'Zeek conn.log service',
    nullMeans: 'none recognised so far',
  },
})

export type FlowBatch = Batch<typeof flowBatchFormat.spec>

/** An empty flow batch with room for `capacity` rows. */
export function createFlowBatch(capacity?: number): FlowBatch {
  return createBatch(flowBatchFormat, capacity)
}
