import { tcpFlag } from '../records/flow-batch.ts'
import {
  doubleAt,
  type FlowBuffer,
  flowDoubles,
  flowFlag,
  flowWords,
  wordAt,
} from './flow-layout.ts'
import type { FlowTable } from './flow-table.ts'
import { ipProtocol } from './frame.ts'
import type { FlowFacts } from './protocol.ts'
import type { FlowIdentity, FlowRecord } from './record-sink.ts'
import { otherConnStateCode, tcpConnStateCode } from './tcp-state.ts'

/** Copies who talks to whom out of the table. */
export function readIdentity(table: FlowTable, slot: number, into: FlowIdentity): void {
  const { words } = table
  const base = slot * flowWords
  const isOrigA = (words[base + wordAt.flags]! & flowFlag.origIsA) !== 0
  into.flowId = table.flowId(slot)
  into.protocol = words[base + wordAt.protocol]! & 0xff
  into.space = words[base + wordAt.protocol]! >>> 8
  into.vlan = words[base + wordAt.vlan]!
  writeWords(into.origIp, words, base + (isOrigA ? wordAt.a : wordAt.b))
  writeWords(into.respIp, words, base + (isOrigA ? wordAt.b : wordAt.a))
  const ports = words[base + wordAt.ports]!
  if (into.protocol === ipProtocol.icmp || into.protocol === ipProtocol.icmpv6) {
    into.origPort = words[base + wordAt.first]! >>> 8
    into.respPort = words[base + wordAt.first]! & 0xff
  } else {
    into.origPort = isOrigA ? ports >>> 16 : ports & 0xffff
    into.respPort = isOrigA ? ports & 0xffff : ports >>> 16
  }
  writeMac(into.origMac, words, base + wordAt.origMac)
  writeMac(into.respMac, words, base + wordAt.respMac)
  writeMac(into.origLease, words, base + wordAt.origLease)
  writeMac(into.respLease, words, base + wordAt.respLease)
}

/** Copies a record's counters and states out of the table; sequence, time, kind, reason and service are the caller's. */
export function readRecord(table: FlowTable, slot: number, into: FlowRecord): void {
  readIdentity(table, slot, into)
  const { words, doubles } = table
  const base = slot * flowWords
  const at = slot * flowDoubles
  const flags = words[base + wordAt.flags]!
  const isTcp = into.protocol === ipProtocol.tcp
  into.isFirst = (flags & flowFlag.isStarted) === 0
  into.connState = isTcp
    ? tcpConnStateCode(words[base + wordAt.tcpFacts]!)
    : otherConnStateCode((flags & flowFlag.hasRespSent) !== 0)
  into.flowStartUs = doubles[at + doubleAt.startUs]!
  into.flowLastUs = doubles[at + doubleAt.lastUs]!
  into.origPackets = words[base + wordAt.origPackets]!
  into.respPackets = words[base + wordAt.respPackets]!
  into.origIpBytes = doubles[at + doubleAt.origIpBytes]!
  into.respIpBytes = doubles[at + doubleAt.respIpBytes]!
  into.origPayloadBytes = doubles[at + doubleAt.origPayloadBytes]!
  into.respPayloadBytes = doubles[at + doubleAt.respPayloadBytes]!
  const tcpFlags = words[base + wordAt.tcpFlags]!
  into.firstTcpFlags = tcpFlags & 0xff
  into.origTcpFlags = (tcpFlags >>> 8) & 0xff
  into.respTcpFlags = (tcpFlags >>> 16) & 0xff
  into.isUnreachable = (flags & flowFlag.isUnreachable) !== 0
  into.duplicatePackets = words[base + wordAt.duplicatePackets]!
}

/**
 * What a protocol decoder may know of its flow, read from the table when it is asked: few packets ask, and copying it
 * for each cost more than deciding that nobody wants the packet.
 */
export class FlowView implements FlowFacts {
  /** Of the packet at hand. */
  timeUs = 0
  slot = -1
  readonly #flows: FlowBuffer

  constructor(flows: FlowBuffer) {
    this.#flows = flows
  }

  get startUs(): number {
    return this.#flows.doubles[this.slot * flowDoubles + doubleAt.startUs]!
  }

  get origPort(): number {
    return this.#port(true)
  }

  get respPort(): number {
    return this.#port(false)
  }

  get origPayloadBytes(): number {
    return this.#flows.doubles[this.slot * flowDoubles + doubleAt.origPayloadTotal]!
  }

  get respPayloadBytes(): number {
    return this.#flows.doubles[this.slot * flowDoubles + doubleAt.respPayloadTotal]!
  }

  #port(ofOrig: boolean): number {
    const { words } = this.#flows
    const base = this.slot * flowWords
    const ports = words[base + wordAt.ports]!
    const isOrigA = (words[base + wordAt.flags]! & flowFlag.origIsA) !== 0
    return isOrigA === ofOrig ? ports >>> 16 : ports & 0xffff
  }
}

/** Whether an ended flow says anything about one-way traffic: TCP with payload or a bare ACK (a SYN scan does not). */
export function isJudgedForOneWay(table: FlowTable, slot: number): boolean {
  const base = slot * flowWords
  const at = slot * flowDoubles
  if ((table.words[base + wordAt.protocol]! & 0xff) !== ipProtocol.tcp) return false
  const payload =
    table.doubles[at + doubleAt.origPayloadTotal]! + table.doubles[at + doubleAt.respPayloadTotal]!
  const tcpFlags = table.words[base + wordAt.tcpFlags]!
  const first = tcpFlags & 0xff
  const isBareAck = (first & (tcpFlag.syn | tcpFlag.rst | tcpFlag.ack)) === tcpFlag.ack
  return payload > 0 || isBareAck
}

/** Whether one direction only was seen. */
export function isOneWay(table: FlowTable, slot: number): boolean {
  const both = flowFlag.hasOrigSent | flowFlag.hasRespSent
  return (table.words[slot * flowWords + wordAt.flags]! & both) !== both
}

function writeWords(into: Uint8Array, words: Int32Array, at: number): void {
  for (let i = 0; i < 4; i++) {
    const word = words[at + i]!
    into[i * 4] = word >>> 24
    into[i * 4 + 1] = word >>> 16
    into[i * 4 + 2] = word >>> 8
    into[i * 4 + 3] = word
  }
}

function writeMac(into: Uint8Array, words: Int32Array, at: number): void {
  const high = words[at]!
  const low = words[at + 1]!
  into[0] = high >>> 8
  into[1] = high
  into[2] = low >>> 24
  into[3] = low >>> 16
  into[4] = low >>> 8
  into[5] = low
}
