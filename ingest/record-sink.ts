import type { Summary } from './protocol.ts'
import type { TimeUs } from '../records/time.ts'

/** The flow a record or summary belongs to, with numbers as in records/flow-batch.ts. */
export interface FlowIdentity {
  /** 0 when there is no flow (ARP, NDP). */
  flowId: number
  protocol: number
  /** Outermost VLAN id; 0 without a tag. */
  vlan: number
  /** Index of the address space (ingest/bindings.ts). */
  space: number
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d; all zero: none. */
  origIp: Uint8Array
  respIp: Uint8Array
  origPort: number
  respPort: number
  /** 6 bytes; all zero: not seen. */
  origMac: Uint8Array
  respMac: Uint8Array
  /** 6 bytes: hardware address that held the lease of the address when the flow began; all zero: none. */
  origLease: Uint8Array
  respLease: Uint8Array
}

/** One flow record. Fields as in records/flow-batch.ts; counters since the last record of the flow. */
export interface FlowRecord extends FlowIdentity {
  sequence: number
  timeUs: TimeUs
  kind: number
  isFirst: boolean
  connState: number
  endReason: number
  flowStartUs: TimeUs
  flowLastUs: TimeUs
  origPackets: number
  respPackets: number
  origIpBytes: number
  respIpBytes: number
  origPayloadBytes: number
  respPayloadBytes: number
  firstTcpFlags: number
  origTcpFlags: number
  respTcpFlags: number
  isUnreachable: boolean
  duplicatePackets: number
  service: string | null
}

/** One protocol event with the flow it belongs to. */
export interface SummaryRecord extends FlowIdentity {
  sequence: number
  timeUs: TimeUs
  summary: Summary
}

/**
 * Where records go, in the order of (timeUs, sequence). The records are reused objects: copy what you keep,
 * the byte arrays too.
 */
export interface RecordSink {
  /** The sink wants to be told when the sensor clock reaches this time; Infinity: never. */
  readonly dueUs: TimeUs
  /** True: it looks at no record, so that none is filled in for it and none handed to it. */
  readonly isBlind?: boolean
  onClock(timeUs: TimeUs): void
  onFlowRecord(record: Readonly<FlowRecord>): void
  onSummary(record: Readonly<SummaryRecord>): void
}

export function createFlowIdentity(): FlowIdentity {
  return {
    flowId: 0,
    protocol: 0,
    vlan: 0,
    space: 0,
    origIp: new Uint8Array(16),
    respIp: new Uint8Array(16),
    origPort: 0,
    respPort: 0,
    origMac: new Uint8Array(6),
    respMac: new Uint8Array(6),
    origLease: new Uint8Array(6),
    respLease: new Uint8Array(6),
  }
}

/** A record to be filled again and again. */
export function createFlowRecord(): FlowRecord {
  return {
    ...createFlowIdentity(),
    sequence: 0,
    timeUs: 0,
    kind: 0,
    isFirst: false,
    connState: 0,
    endReason: 0,
    flowStartUs: 0,
    flowLastUs: 0,
    origPackets: 0,
    respPackets: 0,
    origIpBytes: 0,
    respIpBytes: 0,
    origPayloadBytes: 0,
    respPayloadBytes: 0,
    firstTcpFlags: 0,
    origTcpFlags: 0,
    respTcpFlags: 0,
    isUnreachable: false,
    duplicatePackets: 0,
    service: null,
  }
}
