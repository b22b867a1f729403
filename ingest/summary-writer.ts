import { parseIp } from '../records/address.ts'
import type { TimeUs } from '../records/time.ts'
import type { Bindings } from './bindings.ts'
import type { Summary } from './protocol.ts'
import {
  createFlowIdentity,
  type FlowIdentity,
  type RecordSink,
  type SummaryRecord,
} from './record-sink.ts'

/** Numbers of a sensor's run, shared by flow records and summaries. */
export interface RecordNumbers {
  /** Of the last record. */
  sequence: number
}

/** Completes what a decoder told with whose flow it was, and hands it to the sink. */
export interface SummaryWriter {
  /** Filled by the caller before each `write` of a summary that wants it: the flow of the summary. */
  readonly identity: FlowIdentity
  /** False when nobody looks at the flow of this summary. */
  wantsIdentity(summary: Summary): boolean
  readonly countByService: ReadonlyMap<string, number>
  /** One more of this service. */
  count(service: string): void
  write(summary: Summary, timeUs: TimeUs): void
}

/** A DHCP ACK that passes through here binds its address (docs/decisions/0003). */
export function createSummaryWriter(
  sink: RecordSink,
  numbers: RecordNumbers,
  bindings: Bindings,
): SummaryWriter {
  const record: SummaryRecord = {
    ...createFlowIdentity(),
    sequence: 0,
    timeUs: 0,
    summary: { service: 'arp', event: 'request' },
  }
  const countByService = new Map<string, number>()
  const count = (service: string) =>
    countByService.set(service, (countByService.get(service) ?? 0) + 1)
  return {
    identity: record,
    countByService,
    count,
    wantsIdentity: (summary) => sink.isBlind !== true || summary.service === 'dhcp',
    write(summary, timeUs) {
      if (summary.service === 'dhcp') onDhcp(record, summary, bindings)
      count(summary.service)
      numbers.sequence++
      if (sink.isBlind === true) return
      record.summary = summary
      record.sequence = numbers.sequence
      record.timeUs = timeUs
      sink.onSummary(record)
    },
  }
}

const dhcpPort = { server: 67, client: 68 }

/**
 * The client is the originator of every DHCP summary, also of an answer that the server sends to its relay or to
 * everybody: only so does a lease stand under the key of the host that got it.
 */
function onDhcp(record: SummaryRecord, summary: Summary, bindings: Bindings): void {
  const isAnswer = summary.event === 'lease' || summary.event === 'offer'
  if (!isAnswer) return
  const server = summary.server === undefined ? null : parseIp(summary.server)
  const client = summary.addresses === undefined ? null : parseIp(summary.addresses)
  if (server === null) record.respIp.fill(0)
  else record.respIp.set(server)
  if (client === null) record.origIp.fill(0)
  else record.origIp.set(client)
  record.origPort = dhcpPort.client
  record.respPort = dhcpPort.server
  record.origLease.fill(0)
  record.respLease.fill(0)
  record.origMac.fill(0)
  record.respMac.fill(0)
  if (summary.subjectMac === undefined) return
  record.origMac.set(summary.subjectMac)
  // The ACK of an INFORM gives no time: its address is no lease (RFC 2131 §4.3.5).
  if (
    summary.event !== 'lease' ||
    summary.outcome !== 'success' ||
    summary.ttlSeconds === undefined
  )
    return
  record.origLease.set(summary.subjectMac)
  if (summary.addresses !== undefined)
    bindings.bind(record.space, summary.addresses, summary.subjectMac)
}
