import { connStates, recordKind } from '../records/flow-batch.ts'
import type { WholeFlow } from '../records/ecs.ts'
import type { FlowRecord, RecordSink } from '../ingest/record-sink.ts'

type Sum = { -readonly [K in keyof WholeFlow]: WholeFlow[K] }

/**
 * Adds the records of each flow up and hands the whole flow over at its end. It holds the flows that are open in the
 * flow table, no more.
 */
export function createFlowSums(onFlow: (flow: WholeFlow) => void): RecordSink {
  const open = new Map<number, Sum>()
  return {
    dueUs: Infinity,
    onClock: () => undefined,
    onSummary: () => undefined,
    onFlowRecord(record) {
      const sum = open.get(record.flowId) ?? begin(record)
      add(sum, record)
      if (record.kind === recordKind.end) {
        open.delete(record.flowId)
        onFlow(sum)
      } else open.set(record.flowId, sum)
    },
  }
}

function begin(record: Readonly<FlowRecord>): Sum {
  return {
    flowId: record.flowId,
    protocol: record.protocol,
    vlan: record.vlan,
    origIp: record.origIp.slice(),
    respIp: record.respIp.slice(),
    origPort: record.origPort,
    respPort: record.respPort,
    origMac: record.origMac.slice(),
    respMac: record.respMac.slice(),
    startUs: record.flowStartUs,
    lastUs: record.flowLastUs,
    origPackets: 0,
    respPackets: 0,
    origIpBytes: 0,
    respIpBytes: 0,
    origPayloadBytes: 0,
    respPayloadBytes: 0,
    connState: 'OTH',
    service: null,
    duplicatePackets: 0,
  }
}

function add(sum: Sum, record: Readonly<FlowRecord>): void {
  sum.lastUs = record.flowLastUs
  sum.origPackets += record.origPackets
  sum.respPackets += record.respPackets
  sum.origIpBytes += record.origIpBytes
  sum.respIpBytes += record.respIpBytes
  sum.origPayloadBytes += record.origPayloadBytes
  sum.respPayloadBytes += record.respPayloadBytes
  sum.duplicatePackets += record.duplicatePackets
  sum.connState = connStates[record.connState] ?? 'OTH'
  sum.service = record.service ?? sum.service
}
