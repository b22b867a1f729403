import { recordKind } from '../records/flow-batch.ts'
import type { TimeUs } from '../records/time.ts'
import type { Bindings } from './bindings.ts'
import { type FlowView, isJudgedForOneWay, isOneWay, readRecord } from './flow-record.ts'
import { flowFlag, wordAt } from './flow-layout.ts'
import type { FlowEvents, FlowTable } from './flow-table.ts'
import type { DecoderOutput } from './protocol.ts'
import { createFlowRecord, type RecordSink } from './record-sink.ts'
import type { StreamHeads } from './stream-head.ts'
import type { RecordNumbers } from './summary-writer.ts'

/** What flow records come out of, and go to. */
export interface FlowEventDependencies {
  readonly sink: RecordSink
  readonly bindings: Bindings
  readonly heads: StreamHeads
  readonly numbers: RecordNumbers
  /** The flow that decoders look at. */
  readonly view: FlowView
  readonly output: DecoderOutput
  /** The table these events are of. */
  table(): FlowTable
}

/** Numbers of a sensor's run; they only grow. */
export interface FlowTotals {
  flowRecords: number
  judgedFlows: number
  oneWayFlows: number
}

/** Makes flow records of what the flow table tells, and lets the flow's decoder finish before its last record. */
export function createFlowEvents(
  deps: FlowEventDependencies,
): FlowEvents & { readonly totals: FlowTotals } {
  const { sink, bindings, heads, numbers, view, output } = deps
  const record = createFlowRecord()
  const totals: FlowTotals = { flowRecords: 0, judgedFlows: 0, oneWayFlows: 0 }
  /** Of the flow that ends: the heads forget it before its last record is written. */
  let endingService = -1

  return {
    totals,
    onNew(words, base) {
      if (bindings.leaseCount === 0) return
      const isOrigA = (words[base + wordAt.flags]! & flowFlag.origIsA) !== 0
      const [orig, resp] = isOrigA ? [wordAt.a, wordAt.b] : [wordAt.b, wordAt.a]
      writeLease(bindings, words, base, orig, wordAt.origLease)
      writeLease(bindings, words, base, resp, wordAt.respLease)
    },
    onEnding(slot: number, timeUs: TimeUs) {
      const table = deps.table()
      endingService = heads.serviceOf(slot)
      view.slot = slot
      view.timeUs = timeUs
      heads.onFlowEnd(slot, view, output)
      if (!isJudgedForOneWay(table, slot)) return
      totals.judgedFlows++
      if (isOneWay(table, slot)) totals.oneWayFlows++
    },
    onRecord(slot: number, kind: number, endReason: number, timeUs: TimeUs) {
      totals.flowRecords++
      numbers.sequence++
      if (sink.isBlind === true) return
      readRecord(deps.table(), slot, record)
      record.sequence = numbers.sequence
      record.timeUs = timeUs
      record.kind = kind
      record.endReason = endReason
      const service = kind === recordKind.end ? endingService : heads.serviceOf(slot)
      record.service = service < 0 ? null : heads.decoders[service]!.service
      sink.onFlowRecord(record)
    },
  }
}

/** Leases are of IPv4 addresses, whose mapped form has only its last word to itself. */
function writeLease(
  bindings: Bindings,
  words: Int32Array,
  base: number,
  addressAt: number,
  leaseAt: number,
): void {
  const address = base + addressAt
  if (words[address] !== 0 || words[address + 1] !== 0 || words[address + 2] !== 0xffff) return
  const mac = bindings.leaseOf(words[base + wordAt.protocol]! >>> 8, words[address + 3]!)
  if (mac === null) return
  words[base + leaseAt] = (mac[0]! << 8) | mac[1]!
  words[base + leaseAt + 1] = (mac[2]! << 24) | (mac[3]! << 16) | (mac[4]! << 8) | mac[5]!
}
