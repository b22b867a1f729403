import type { Summary } from '../../ingest/protocol.ts'
import { type IngestConfig, ingestConfigSchema } from '../../ingest/config.ts'
import { createPipeline, type PipelineStats } from '../../ingest/pipeline.ts'
import type { FlowRecord, RecordSink, SummaryRecord } from '../../ingest/record-sink.ts'
import { linkType, type PacketBlock } from '../../ingest/source.ts'
import { formatIp, formatMac } from '../../records/address.ts'
import { connStates, recordKinds } from '../../records/flow-batch.ts'
import type { Packet } from '../../simulator/packets.ts'

/** A flow record with its numbers in words, copied out of the sink. */
export type RecordCopy = Omit<
  FlowRecord,
  'kind' | 'connState' | 'origIp' | 'respIp' | 'origMac' | 'respMac' | 'origLease' | 'respLease'
> &
  Record<'kind' | 'connState' | 'origIp' | 'respIp', string> &
  Record<'origMac' | 'respMac' | 'origLease' | 'respLease', string | null>

export type SummaryCopy = Summary & {
  timeUs: number
  sequence: number
  flowId: number
  origIp: string
  respIp: string
  origLease: string | null
}

export interface PipelineRun {
  readonly records: RecordCopy[]
  readonly summaries: SummaryCopy[]
  readonly stats: PipelineStats
}

export interface RunOptions {
  readonly config?: Partial<IngestConfig>
  readonly seed?: number
  /** Rows of each block; all in one by default. */
  readonly blockRows?: number
  /** Bytes captured of each packet. */
  readonly snapLength?: number
  readonly link?: number
}

/** Plays packets through the real pipeline as one recording. */
export function runPackets(packets: readonly Packet[], options: RunOptions = {}): PipelineRun {
  const records: RecordCopy[] = []
  const summaries: SummaryCopy[] = []
  const sink: RecordSink = {
    dueUs: Infinity,
    onClock: () => undefined,
    onFlowRecord: (record) => records.push(copyRecord(record)),
    onSummary: (record) => summaries.push(copySummary(record)),
  }
  const config = ingestConfigSchema.parse({ flowsMax: 4096, ...options.config })
  const pipeline = createPipeline(config, { sink, seed: options.seed ?? 0 })
  const blockRows = options.blockRows ?? Math.max(1, packets.length)
  for (let at = 0; at < packets.length; at += blockRows) {
    pipeline.onBlock(blockOf(packets.slice(at, at + blockRows), options))
  }
  pipeline.endRecording()
  return { records, summaries, stats: pipeline.stats() }
}

/** Built packets as a reader would hand them out. */
export function blockOf(packets: readonly Packet[], options: RunOptions = {}): PacketBlock {
  const captured = packets.map(({ bytes }) => bytes.subarray(0, options.snapLength ?? bytes.length))
  const bytes = new Uint8Array(captured.reduce((sum, part) => sum + part.length, 0))
  const offset = new Uint32Array(packets.length)
  let at = 0
  captured.forEach((part, row) => {
    bytes.set(part, at)
    offset[row] = at
    at += part.length
  })
  return {
    bytes,
    count: packets.length,
    timeUs: Float64Array.from(packets, ({ timeUs }) => timeUs),
    offset,
    capturedLength: Uint32Array.from(captured, (part) => part.length),
    originalLength: Uint32Array.from(packets, (packet) => packet.bytes.length),
    linkType: new Uint16Array(packets.length).fill(options.link ?? linkType.ethernet),
  }
}

function copyRecord(record: Readonly<FlowRecord>): RecordCopy {
  return {
    ...record,
    kind: recordKinds[record.kind]!,
    connState: connStates[record.connState]!,
    origIp: formatIp(record.origIp),
    respIp: formatIp(record.respIp),
    origMac: formatMac(record.origMac),
    respMac: formatMac(record.respMac),
    origLease: formatMac(record.origLease),
    respLease: formatMac(record.respLease),
  }
}

function copySummary(record: Readonly<SummaryRecord>): SummaryCopy {
  return {
    ...record.summary,
    timeUs: record.timeUs,
    sequence: record.sequence,
    flowId: record.flowId,
    origIp: formatIp(record.origIp),
    respIp: formatIp(record.respIp),
    origLease: formatMac(record.origLease),
  }
}
