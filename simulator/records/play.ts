import type {
  FlowIdentity,
  FlowRecord,
  RecordSink,
  SummaryRecord,
} from '../../ingest/record-sink.ts'
import type { RecordAccount } from '../../ingest/record-source.ts'
import { isMappedIpv4, parseIp } from '../../records/address.ts'
import { flowEndReason, recordKind } from '../../records/flow-batch.ts'
import type { TimeUs } from '../../records/time.ts'
import type { Exchange } from '../exchange.ts'
import { macBytes } from '../packets.ts'
import type { Template, TemplateRow } from './template.ts'

/** One side of an exchange, as columns want it. */
interface Side {
  readonly ip: Uint8Array
  readonly mac: Uint8Array
  /** The lease in force when the flow began; null: none. */
  readonly lease: Uint8Array | null
}

/** An exchange that is being told. */
export interface Play {
  readonly template: Template
  readonly order: number
  /** 0 when it is no flow. */
  readonly flowId: number
  readonly startUs: TimeUs
  readonly client: Side
  readonly server: Side
  readonly clientPort: number
  readonly vlan: number
  readonly space: number
  /** Row that is told next, and when. */
  at: number
  dueUs: TimeUs
  isTimerDue: boolean
}

/** Records that are filled in again and again. */
export interface Told {
  readonly flow: FlowRecord
  readonly summary: SummaryRecord
}

export function beginPlay(
  exchange: Exchange,
  template: Template,
  order: number,
  account: RecordAccount,
): Play {
  const { client, server, clientPort, startUs } = exchange
  const vlan = client.vlan ?? 0
  const space = account.bindings.spaceOf(vlan)
  const sideOf = ({ ip, mac }: { ip: string; mac: string }): Side => {
    const bytes = addressOf(ip)
    return { ip: bytes, mac: macBytes(mac), lease: leaseOf(bytes, space, account) }
  }
  const first = template.rows[0]
  return {
    template,
    order,
    flowId: template.hasFlow ? account.nextFlowId() : 0,
    startUs,
    client: sideOf(client),
    server: sideOf(server),
    clientPort,
    vlan,
    space,
    at: 0,
    dueUs: startUs + (first?.afterUs ?? 0),
    isTimerDue: first?.isTimer ?? false,
  }
}

const addresses = new Map<string, Uint8Array>()
const addressesMax = 16_384

function addressOf(ip: string): Uint8Array {
  let bytes = addresses.get(ip)
  if (bytes === undefined) {
    bytes = parseIp(ip)!
    if (addresses.size >= addressesMax) addresses.clear()
    addresses.set(ip, bytes)
  }
  return bytes
}

function leaseOf(ip: Uint8Array, space: number, { bindings }: RecordAccount): Uint8Array | null {
  if (bindings.leaseCount === 0 || !isMappedIpv4(ip)) return null
  return bindings.leaseOf(space, (ip[12]! << 24) | (ip[13]! << 16) | (ip[14]! << 8) | ip[15]!)
}

/** Tells the row that is due, and moves on to the next. */
export function tellRow(play: Play, told: Told, sink: RecordSink, account: RecordAccount): void {
  const row = play.template.rows[play.at]!
  tell(play, row, play.startUs + row.afterUs, told, sink, account)
  play.at++
  const next = play.template.rows[play.at]
  if (next === undefined) return
  play.dueUs = play.startUs + next.afterUs
  play.isTimerDue = next.isTimer
}

/**
 * The input ends at `endUs`, when every packet of the exchange has been: what timers would still have told is told now,
 * as summaries and one last record.
 */
export function forceEnd(
  play: Play,
  endUs: TimeUs,
  told: Told,
  sink: RecordSink,
  account: RecordAccount,
): void {
  const rest = play.template.rows.slice(play.at)
  for (const row of rest) if (row.summary !== null) tell(play, row, endUs, told, sink, account)
  const flows = rest.flatMap(({ flow }) => (flow === null ? [] : [flow]))
  const last = rest.findLast(({ flow }) => flow !== null)
  if (last?.flow === null || last === undefined) return
  const sum = (field: CounterField) => flows.reduce((total, flow) => total + flow[field], 0)
  const flow: FlowRecord = {
    ...last.flow,
    ...Object.fromEntries(counterFields.map((field) => [field, sum(field)])),
    kind: recordKind.end,
    endReason: flowEndReason.forcedEnd,
    isFirst: flows.some(({ isFirst }) => isFirst),
  }
  tell(play, { ...last, flow }, endUs, told, sink, account)
}

const counterFields = [
  'origPackets',
  'respPackets',
  'origIpBytes',
  'respIpBytes',
  'origPayloadBytes',
  'respPayloadBytes',
  'duplicatePackets',
] as const
type CounterField = (typeof counterFields)[number]

function tell(
  play: Play,
  row: TemplateRow,
  timeUs: TimeUs,
  told: Told,
  sink: RecordSink,
  account: RecordAccount,
): void {
  account.advance(timeUs)
  if (sink.dueUs <= timeUs) sink.onClock(timeUs)
  if (row.flow !== null) {
    const { flow } = told
    Object.assign(flow, row.flow)
    identify(play, row, flow)
    flow.timeUs = timeUs
    flow.flowStartUs = play.startUs + (row.flow.flowStartUs - play.template.startUs)
    flow.flowLastUs = play.startUs + (row.flow.flowLastUs - play.template.startUs)
    flow.sequence = account.nextSequence()
    account.countFlowRecord()
    sink.onFlowRecord(flow)
  } else if (row.summary !== null) {
    const { summary } = told
    Object.assign(summary, row.summary)
    identify(play, row, summary)
    summary.timeUs = timeUs
    summary.sequence = account.nextSequence()
    account.countSummary(summary.summary.service)
    bind(summary, account)
    sink.onSummary(summary)
  }
}

/** Puts this exchange's stations where the template's stood. */
function identify(play: Play, row: TemplateRow, into: FlowIdentity): void {
  if (into.flowId !== 0) into.flowId = play.flowId
  into.vlan = play.vlan
  into.space = play.space
  if (row.isOrigClient === null) return
  const [orig, resp] = row.isOrigClient ? [play.client, play.server] : [play.server, play.client]
  into.origIp = orig.ip
  into.respIp = resp.ip
  into.origMac = isZero(into.origMac) ? into.origMac : orig.mac
  into.respMac = isZero(into.respMac) ? into.respMac : resp.mac
  if (play.flowId !== 0) {
    into.origLease = orig.lease ?? noMac
    into.respLease = resp.lease ?? noMac
  }
  if (play.clientPort === 0) return
  if (row.isOrigClient) into.origPort = play.clientPort
  else into.respPort = play.clientPort
}

const noMac = new Uint8Array(6)

function isZero(mac: Uint8Array): boolean {
  return (mac[0]! | mac[1]! | mac[2]! | mac[3]! | mac[4]! | mac[5]!) === 0
}

/** A lease that is told here binds its address, as in the pipeline (ingest/summary-writer.ts). */
function bind({ summary, space }: SummaryRecord, { bindings }: RecordAccount): void {
  const { service, event, outcome, ttlSeconds, addresses, subjectMac } = summary
  if (service !== 'dhcp' || event !== 'lease' || outcome !== 'success') return
  if (ttlSeconds === undefined || addresses === undefined || subjectMac === undefined) return
  bindings.bind(space, addresses, subjectMac)
}
