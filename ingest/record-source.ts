import type { TimeUs } from '../records/time.ts'
import type { Bindings } from './bindings.ts'
import type { IngestConfig } from './config.ts'
import type { RecordSink } from './record-sink.ts'

/** What packets stood behind records that were not made of packets here. */
export interface PacketTotals {
  readonly packets: number
  readonly bytes: number
  readonly judgedFlows: number
  readonly oneWayFlows: number
}

/** Numbers and totals of the sensor's run that records are told under. */
export interface RecordAccount {
  /** Time-outs by which packets would have become records. */
  readonly config: IngestConfig
  readonly bindings: Bindings
  nextSequence(): number
  nextFlowId(): number
  /** Moves the sensor clock; never back. */
  advance(timeUs: TimeUs): void
  countPackets(totals: PacketTotals, timeUs: TimeUs): void
  countFlowRecord(): void
  countSummary(service: string): void
}

/**
 * A source that knows the records themselves: a simulator, whose days of history need no packets. Finite, and as fast
 * as it is asked to go on; no pace holds it back.
 */
export interface RecordSource {
  readonly name: string
  readonly rejects: ReadonlyMap<string, number>
  /** Share that has been told, 0–1. */
  progress(): number
  /** Hands records to the sink in the order of (time, sequence), some thousand at most between two steps. */
  records(sink: RecordSink, account: RecordAccount): Iterable<undefined>
}
