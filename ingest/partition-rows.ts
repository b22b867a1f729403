import {
  type Batch,
  type BatchFormat,
  type BatchSpec,
  createBatch,
  type DictionaryColumn,
  reserve,
} from '../records/columns.ts'
import { type FlowBatch, flowBatchFormat } from '../records/flow-batch.ts'
import type { HostKey } from '../records/observation.ts'
import { outcomeCode, type SummaryBatch, summaryBatchFormat } from '../records/summary-batch.ts'
import type { FlowIdentity, FlowRecord, SummaryRecord } from './record-sink.ts'

/** Views of one partition since the last flush, in the order they came, and the copies of them that are sent. */
export interface PartitionRows {
  readonly rowCount: number
  addFlow(host: HostKey, peer: HostKey | null, isOrig: boolean, record: Readonly<FlowRecord>): void
  addSummary(
    host: HostKey,
    peer: HostKey | null,
    isOrig: boolean,
    record: Readonly<SummaryRecord>,
  ): void
  /**
   * The rows grouped by host, hosts in the order they came, rows of one host in theirs; null where there are none.
   * The batches are reused: valid until the next `take`. Nothing is left behind.
   */
  take(): { readonly flows: FlowBatch | null; readonly summaries: SummaryBatch | null }
}

export function createPartitionRows(): PartitionRows {
  const flows = createGroupedBatch(flowBatchFormat)
  const summaries = createGroupedBatch(summaryBatchFormat)
  return {
    get rowCount() {
      return flows.rows.rowCount + summaries.rows.rowCount
    },
    addFlow(host, peer, isOrig, record) {
      const row = flows.open()
      const { rows } = flows
      rows.host.codes[row] = flows.code('host', host)
      rows.peer.codes[row] = flows.code('peer', peer)
      rows.isOrig[row] = isOrig ? 1 : 0
      rows.service.codes[row] = flows.code('service', record.service)
      writeFlow(rows, row, record)
    },
    addSummary(host, peer, isOrig, record) {
      const row = summaries.open()
      const { rows } = summaries
      const { summary } = record
      rows.host.codes[row] = summaries.code('host', host)
      rows.peer.codes[row] = summaries.code('peer', peer)
      rows.isOrig[row] = isOrig ? 1 : 0
      rows.service.codes[row] = summaries.code('service', summary.service)
      rows.event.codes[row] = summaries.code('event', summary.event)
      rows.reason.codes[row] = summaries.code('reason', summary.reason ?? null)
      writeSummary(rows, row, record)
    },
    take: () => ({ flows: flows.take(), summaries: summaries.take() }),
  }
}

function writeIdentity(
  rows: FlowBatch | SummaryBatch,
  row: number,
  flow: Readonly<FlowIdentity>,
): void {
  rows.protocol[row] = flow.protocol
  rows.vlan[row] = flow.vlan
  rows.origIp.set(flow.origIp, row * 16)
  rows.respIp.set(flow.respIp, row * 16)
  rows.origPort[row] = flow.origPort
  rows.respPort[row] = flow.respPort
  rows.origMac.set(flow.origMac, row * 6)
  rows.respMac.set(flow.respMac, row * 6)
}

function writeFlow(rows: FlowBatch, row: number, record: Readonly<FlowRecord>): void {
  writeIdentity(rows, row, record)
  rows.timeUs[row] = record.timeUs
  rows.sequence[row] = record.sequence
  rows.flowId[row] = record.flowId
  rows.kind[row] = record.kind
  rows.isFirst[row] = record.isFirst ? 1 : 0
  rows.connState[row] = record.connState
  rows.endReason[row] = record.endReason
  rows.flowStartUs[row] = record.flowStartUs
  rows.flowLastUs[row] = record.flowLastUs
  rows.origPackets[row] = record.origPackets
  rows.respPackets[row] = record.respPackets
  rows.origIpBytes[row] = record.origIpBytes
  rows.respIpBytes[row] = record.respIpBytes
  rows.origPayloadBytes[row] = record.origPayloadBytes
  rows.respPayloadBytes[row] = record.respPayloadBytes
  rows.firstTcpFlags[row] = record.firstTcpFlags
  rows.origTcpFlags[row] = record.origTcpFlags
  rows.respTcpFlags[row] = record.respTcpFlags
  rows.isUnreachable[row] = record.isUnreachable ? 1 : 0
  rows.duplicatePackets[row] = record.duplicatePackets
}

const noMac = new Uint8Array(6)

function writeSummary(rows: SummaryBatch, row: number, record: Readonly<SummaryRecord>): void {
  const { summary } = record
  writeIdentity(rows, row, record)
  rows.timeUs[row] = record.timeUs
  rows.sequence[row] = record.sequence
  rows.flowId[row] = record.flowId === 0 ? NaN : record.flowId
  rows.outcome[row] = summary.outcome === undefined ? 0 : outcomeCode[summary.outcome]
  rows.name[row] = summary.name ?? null
  rows.client[row] = summary.client ?? null
  rows.server[row] = summary.server ?? null
  rows.version[row] = summary.version ?? null
  rows.addresses[row] = summary.addresses ?? null
  rows.subjectMac.set(summary.subjectMac ?? noMac, row * 6)
  rows.ttlSeconds[row] = summary.ttlSeconds ?? NaN
  rows.details[row] = summary.details === undefined ? null : JSON.stringify(summary.details)
}

type DictionaryName<S extends BatchSpec> = {
  [C in keyof S]: S[C]['kind'] extends 'dictionary' ? C : never
}[keyof S] &
  string

/** A batch that is filled in order of arrival and taken grouped by host. */
function createGroupedBatch<
  S extends BatchSpec & { readonly host: { readonly kind: 'dictionary' } },
>(format: BatchFormat<S>) {
  const rows = createBatch(format)
  const grouped = createBatch(format)
  const codes = new Map<string, Map<string, number>>()
  return {
    rows,
    /** Number of a new row, for which there is room. */
    open(): number {
      const row = rows.rowCount++
      if (row >= dictionaryOf(rows, 'host').codes.length) reserve(format, rows, row + 1)
      return row
    },
    code(column: DictionaryName<S>, text: string | null): number {
      if (text === null) return -1
      const byText = codes.get(column) ?? new Map<string, number>()
      codes.set(column, byText)
      const known = byText.get(text)
      if (known !== undefined) return known
      const { values } = dictionaryOf(rows, column)
      byText.set(text, values.length)
      return values.push(text) - 1
    },
    take(): Batch<S> | null {
      if (rows.rowCount === 0) return null
      const host = dictionaryOf(rows, 'host')
      const order = orderByCode(host.codes, rows.rowCount, host.values.length)
      reserve(format, grouped, rows.rowCount)
      gather(format, rows, order, grouped)
      rows.rowCount = 0
      for (const [column, byText] of codes) {
        byText.clear()
        dictionaryOf(rows, column).values = []
      }
      return grouped
    },
  }
}

/** The column is a dictionary by its specification; the type of a generic batch cannot say so. */
function dictionaryOf(batch: { rowCount: number }, column: string): DictionaryColumn {
  return (batch as unknown as Record<string, DictionaryColumn>)[column]!
}

/** Row numbers by code, stable: a counting sort. */
function orderByCode(codes: Int32Array, rowCount: number, codeCount: number): Int32Array {
  const starts = new Int32Array(codeCount + 1)
  for (let row = 0; row < rowCount; row++) starts[codes[row]! + 1]! += 1
  for (let code = 0; code < codeCount; code++) starts[code + 1]! += starts[code]!
  const order = new Int32Array(rowCount)
  for (let row = 0; row < rowCount; row++) order[starts[codes[row]!]!++] = row
  return order
}

/** Copies rows in the given order; dictionaries are handed over. */
function gather<S extends BatchSpec>(
  format: BatchFormat<S>,
  from: Batch<S>,
  order: Int32Array,
  to: Batch<S>,
): void {
  const source = from as unknown as Record<string, unknown>
  const target = to as unknown as Record<string, unknown>
  to.rowCount = order.length
  for (const [column, { kind }] of Object.entries(format.spec)) {
    if (kind === 'dictionary') {
      const { codes, values } = source[column] as DictionaryColumn
      const into = target[column] as DictionaryColumn
      into.values = values
      gatherValues(codes, order, into.codes)
    } else if (kind === 'ip' || kind === 'mac') {
      gatherBytes(
        source[column] as Uint8Array,
        order,
        target[column] as Uint8Array,
        kind === 'ip' ? 16 : 6,
      )
    } else gatherValues(source[column] as Values, order, target[column] as Values)
  }
}

interface Values {
  [row: number]: unknown
}

function gatherValues(from: Values, order: Int32Array, to: Values): void {
  for (let row = 0; row < order.length; row++) to[row] = from[order[row]!]
}

function gatherBytes(from: Uint8Array, order: Int32Array, to: Uint8Array, width: number): void {
  for (let row = 0; row < order.length; row++) {
    const at = order[row]! * width
    for (let i = 0; i < width; i++) to[row * width + i] = from[at + i]!
  }
}
