import type { IngestConfig } from '../../ingest/config.ts'
import { createPipeline } from '../../ingest/pipeline.ts'
import type { FlowRecord, RecordSink, SummaryRecord } from '../../ingest/record-sink.ts'
import type { PacketTotals } from '../../ingest/record-source.ts'
import { linkType, type PacketBlock } from '../../ingest/source.ts'
import { parseIp } from '../../records/address.ts'
import { hourUs, type TimeUs } from '../../records/time.ts'
import type { Exchange } from '../exchange.ts'
import type { Packet } from '../packets.ts'

/** One record of an exchange, told under the stations and times it was recorded with. */
export interface TemplateRow {
  readonly afterUs: number
  /** A timer of the flow table told it, not a packet: at one moment timers come first. */
  readonly isTimer: boolean
  /** Whether its originator is the client of the exchange; null: it names neither side of the exchange's flow. */
  readonly isOrigClient: boolean | null
  readonly flow: FlowRecord | null
  readonly summary: SummaryRecord | null
}

/** What the ingest pipeline tells of one exchange that nothing else interferes with. */
export interface Template {
  readonly rows: readonly TemplateRow[]
  readonly hasFlow: boolean
  readonly startUs: TimeUs
  /** From the first packet to the last. */
  readonly lastAfterUs: number
  readonly totals: PacketTotals
}

/** Longer than any time-out of the flow table lasts when it is configured as usual, and than one of a day. */
const settleUs = 25 * hourUs

/**
 * Plays the packets of one exchange through a pipeline of its own and keeps what comes out. Times, stations, the
 * client's port and the numbers of the run are replaced when it is told again (direct-records.ts).
 * @throws TypeError when the exchange is more than one flow.
 */
export function recordTemplate(exchange: Exchange, config: IngestConfig): Template {
  const rows: TemplateRow[] = []
  const { startUs } = exchange
  const clientIp = parseIp(exchange.client.ip)!
  const serverIp = parseIp(exchange.server.ip)!
  let isTimer = false
  const side = (record: Readonly<FlowRecord | SummaryRecord>): boolean | null => {
    if (isEqual(record.origIp, clientIp) && isEqual(record.respIp, serverIp)) return true
    return isEqual(record.origIp, serverIp) && isEqual(record.respIp, clientIp) ? false : null
  }
  const sink: RecordSink = {
    dueUs: Infinity,
    onClock: () => undefined,
    onFlowRecord(record) {
      const afterUs = record.timeUs - startUs
      const flow = { ...record, ...copiesOf(record) }
      rows.push({ afterUs, isTimer, isOrigClient: side(record), flow, summary: null })
    },
    onSummary(record) {
      const afterUs = record.timeUs - startUs
      const summary = { ...record, ...copiesOf(record), summary: ownSummary(record.summary) }
      const isOrigClient = isLeaseOfAnother(record) ? null : side(record)
      rows.push({ afterUs, isTimer, isOrigClient, flow: null, summary })
    },
  }
  const pipeline = createPipeline({ ...config, flowsMax: 16, leasesMax: 16 }, { sink })
  const packets = exchange.packets()
  const block = createBlock()
  for (const packet of packets) {
    isTimer = true
    pipeline.advance(packet.timeUs)
    isTimer = false
    pipeline.onBlock(fill(block, packet))
  }
  const lastUs = packets.at(-1)?.timeUs ?? startUs
  isTimer = true
  pipeline.advance(lastUs + settleUs)
  const { bytes, flows, judgedFlows, oneWayFlows } = pipeline.stats()
  if (flows > 1) throw new TypeError(`an exchange of ${flows} flows: ${exchange.shape}`)
  return {
    rows,
    hasFlow: flows === 1,
    startUs,
    lastAfterUs: lastUs - startUs,
    totals: { packets: packets.length, bytes, judgedFlows, oneWayFlows },
  }
}

/** The pipeline reuses its records, their arrays too. */
function copiesOf(record: Readonly<FlowRecord | SummaryRecord>) {
  return {
    origIp: record.origIp.slice(),
    respIp: record.respIp.slice(),
    origMac: record.origMac.slice(),
    respMac: record.respMac.slice(),
    origLease: record.origLease.slice(),
    respLease: record.respLease.slice(),
  }
}

function ownSummary(summary: SummaryRecord['summary']): SummaryRecord['summary'] {
  const { subjectMac } = summary
  return subjectMac === undefined ? { ...summary } : { ...summary, subjectMac: subjectMac.slice() }
}

/** What a DHCP server gives stands under the host that got it, whoever the flow is of (summary-writer.ts). */
function isLeaseOfAnother({ summary }: Readonly<SummaryRecord>): boolean {
  return summary.service === 'dhcp' && (summary.event === 'lease' || summary.event === 'offer')
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i])
}

/** One packet a block: what is told between two packets must be told apart. */
function createBlock(): PacketBlock {
  return {
    bytes: new Uint8Array(65_536),
    count: 1,
    timeUs: new Float64Array(1),
    offset: new Uint32Array(1),
    capturedLength: new Uint32Array(1),
    originalLength: new Uint32Array(1),
    linkType: Uint16Array.of(linkType.ethernet),
  }
}

function fill(block: PacketBlock, { timeUs, bytes }: Packet): PacketBlock {
  block.bytes.set(bytes)
  block.timeUs[0] = timeUs
  block.capturedLength[0] = block.originalLength[0] = bytes.length
  return block
}
