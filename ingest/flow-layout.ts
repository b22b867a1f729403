// One flow is 192 bytes of one buffer, seen as 48 Int32 and as 24 Float64: what a packet touches lies in the first
// two cache lines, what only a record needs in the third. One array per field would cost a cache miss per field.

/** Bytes, 32-bit words and doubles of one flow. */
export const flowBytes = 192
export const flowWords = 48
export const flowDoubles = 24

/** Offsets of 32-bit words within a flow. */
export const wordAt = {
  /** Address of side A in four big-endian words, then of side B. A is the lower side (flow-key.ts). */
  a: 0,
  b: 4,
  /** Port of A << 16 | port of B. */
  ports: 8,
  /** IP protocol | address space << 8. */
  protocol: 9,
  /** Bits of `flowFlag`. */
  flags: 10,
  /** Control bits: first packet | originator << 8 | responder << 16. */
  tcpFlags: 11,
  /** (12, 13: doubleAt.lastUs.) Packets since the last record. */
  origPackets: 14,
  respPackets: 15,
  /** (16–25: doubles.) Facts of tcp-state.ts. */
  tcpFacts: 26,
  duplicatePackets: 27,
  /** (28–35: doubles.) */
  vlan: 36,
  /** Sequence number of the originator's SYN; ICMP: type << 8 | code of the first message. */
  first: 37,
  /** Hardware addresses: 2 bytes, then 4. */
  origMac: 38,
  respMac: 40,
  origLease: 42,
  respLease: 44,
} as const

/** Offsets of doubles within a flow. */
export const doubleAt = {
  lastUs: 6,
  origIpBytes: 8,
  respIpBytes: 9,
  origPayloadBytes: 10,
  respPayloadBytes: 11,
  /** Time of the first packet that no record has told of; NaN when there is none. */
  pendingSinceUs: 12,
  origPayloadTotal: 14,
  respPayloadTotal: 15,
  startUs: 16,
  /** 0: the slot is free. */
  flowId: 17,
} as const

export const flowFlag = {
  /** A is the originator. */
  origIsA: 1,
  /** The first record is out. */
  isStarted: 2,
  isUnreachable: 4,
  hasOrigSent: 8,
  hasRespSent: 16,
  /** TCP: both sides closed or one reset. */
  isClosed: 32,
  /** TCP: a connection that was answered, or data both ways. */
  isTwoWay: 64,
} as const

/** All flows of a table: one buffer, seen as words and as doubles. */
export interface FlowBuffer {
  readonly capacity: number
  readonly words: Int32Array
  readonly doubles: Float64Array
}

export function createFlowBuffer(capacity: number): FlowBuffer {
  const buffer = new ArrayBuffer(capacity * flowBytes)
  return { capacity, words: new Int32Array(buffer), doubles: new Float64Array(buffer) }
}
