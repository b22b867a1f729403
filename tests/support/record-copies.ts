import type { FlowRecord, RecordSink, SummaryRecord } from '../../ingest/record-sink.ts'
import { formatIp, formatMac } from '../../records/address.ts'

/** Records in the order they came, flow records and summaries alike, every field of them in words and numbers. */
export function createCopySink(): RecordSink & { readonly copies: object[] } {
  const copies: object[] = []
  return {
    copies,
    dueUs: Infinity,
    onClock: () => undefined,
    onFlowRecord: (record) => copies.push(copyOf(record)),
    onSummary: (record) => copies.push(copyOf(record)),
  }
}

function copyOf(record: Readonly<FlowRecord | SummaryRecord>): object {
  const { origIp, respIp, origMac, respMac, origLease, respLease, ...rest } = record
  return {
    ...rest,
    ...('summary' in rest ? { summary: ownSummary(rest.summary) } : {}),
    origIp: formatIp(origIp),
    respIp: formatIp(respIp),
    origMac: formatMac(origMac),
    respMac: formatMac(respMac),
    origLease: formatMac(origLease),
    respLease: formatMac(respLease),
  }
}

function ownSummary(summary: SummaryRecord['summary']): object {
  const { subjectMac, ...rest } = summary
  return subjectMac === undefined ? rest : { ...rest, subjectMac: formatMac(subjectMac) }
}
