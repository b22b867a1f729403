import { encodeObservation } from '../records/codec.ts'
import type { ControlCommand } from '../records/control.ts'
import {
  latenessAllowedUs,
  type ObservationMessage,
  partitionOf,
  type SensorHealth,
} from '../records/observation.ts'
import type { TimeUs } from '../records/time.ts'
import type { Bindings } from './bindings.ts'
import { createPartitionRows } from './partition-rows.ts'
import type { Summary } from './protocol.ts'
import type { FlowIdentity, FlowRecord, RecordSink, SummaryRecord } from './record-sink.ts'

export interface BatchBuilderConfig {
  readonly site: string
  readonly sensor: string
  readonly run: string
  readonly partitionCount: number
  readonly flushRows: number
  readonly flushMs: number
  readonly punctuationSeconds: number
}

export interface BatchBuilderDependencies {
  readonly bindings: Bindings
  readonly health: () => SensorHealth
  /** Takes each message, in the order of its partition. */
  readonly send: (partition: number, value: Uint8Array) => void
}

/**
 * Makes messages of records. All partitions are flushed at the same instants: after `flushRows` views and summaries, or
 * `flushMs` of event time after the oldest of them. So what a message holds does not depend on how many partitions
 * there are, nor on wall time; a live sensor calls `flush` by wall time as well.
 */
export interface BatchBuilder extends RecordSink {
  /** Something has been collected that is not sent. */
  readonly hasRows: boolean
  /** Sends what has been collected, and with `isPunctual` a bare clock to the partitions without rows. */
  flush(clockUs: TimeUs, isPunctual?: boolean): void
  /** Another recording begins; what was collected is sent first. `flushMs` holds for this recording. */
  beginRecording(
    recording: { readonly name: string; readonly teaches: boolean },
    flushMs?: number,
  ): void
  control(command: ControlCommand): void
  /** The input has ended. */
  end(): void
}

const noClockUs = 0

/**
 * Text of summaries after which all partitions are flushed. A view's columns and keys take some 300 bytes, so that with
 * `flushRows` ≤ 2,000 even a message that holds everything stays below the bus's limit of 1,000,000 bytes.
 */
const textBytesMax = 200_000

/** At most this many bytes of UTF-8 stand in the text columns: three for each UTF-16 unit. */
function textBytesOf({ name, client, server, version, addresses, details }: Summary): number {
  const units = [name, client, server, version, addresses].reduce(
    (sum, text) => sum + (text?.length ?? 0),
    0,
  )
  return 3 * (units + (details === undefined ? 0 : JSON.stringify(details).length))
}

export function createBatchBuilder(
  config: BatchBuilderConfig,
  deps: BatchBuilderDependencies,
): BatchBuilder {
  const { bindings } = deps
  let flushUs = config.flushMs * 1000
  let punctuationUs = config.punctuationSeconds * 1e6
  const partitions = Array.from({ length: config.partitionCount }, () => ({
    rows: createPartitionRows(),
    sequence: 0,
    /** Clock of the last message; −Infinity before the first of a recording. */
    toldUs: -Infinity,
  }))
  let rowCount = 0
  let textBytes = 0
  let oldestUs: TimeUs = Infinity
  /** The greatest clock of this recording. */
  let clockUs: TimeUs = noClockUs
  let leastToldUs: TimeUs = -Infinity

  function send(
    partition: number,
    kind: ObservationMessage['kind'],
    health: SensorHealth,
    more?: Partial<ObservationMessage>,
  ): void {
    const target = partitions[partition]!
    target.toldUs = clockUs
    // Commands have ids of their own: the analyzer would miss the number of one.
    const { site, sensor, run } = config
    const value = encodeObservation({
      kind,
      site,
      sensor,
      run,
      sequence: kind === 'control' ? Math.max(1, target.sequence) : ++target.sequence,
      clockUs,
      health,
      flows: null,
      summaries: null,
      ...more,
    })
    deps.send(partition, value)
  }

  function sendToAll(kind: ObservationMessage['kind'], more?: Partial<ObservationMessage>): void {
    const health = deps.health()
    for (let partition = 0; partition < partitions.length; partition++)
      send(partition, kind, health, more)
  }

  function flush(timeUs: TimeUs, isPunctual = false): void {
    if (timeUs > clockUs) clockUs = timeUs
    const health = deps.health()
    // After a pause, or where messages are long, the clock may be far ahead of the rows: told so, they would be late.
    const rowsClockUs = Math.min(clockUs, oldestUs + latenessAllowedUs)
    partitions.forEach((target, partition) => {
      if (target.rows.rowCount > 0)
        send(partition, 'data', health, { ...target.rows.take(), clockUs: rowsClockUs })
      else if (isPunctual || clockUs - target.toldUs >= punctuationUs)
        send(partition, 'clock', health)
    })
    rowCount = 0
    textBytes = 0
    oldestUs = Infinity
    leastToldUs = Math.min(...partitions.map((target) => target.toldUs))
  }

  /** Before a record is added at its time: what is older than `flushMs` must not be joined by it. */
  function makeRoom(timeUs: TimeUs): void {
    if (timeUs >= builder.dueUs) flush(timeUs)
    if (timeUs < oldestUs) oldestUs = timeUs
    // Whoever flushes next tells a clock that no row of the message is ahead of.
    if (timeUs > clockUs) clockUs = timeUs
  }

  function added(views: number, timeUs: TimeUs, text = 0): void {
    rowCount += views
    textBytes += views * text
    if (rowCount >= config.flushRows || textBytes >= textBytesMax) flush(timeUs)
  }

  /** Calls `add` for each endpoint that has a key, the originator's view first; returns how many have. */
  function eachView(
    flow: Readonly<FlowIdentity>,
    add: (
      rows: ReturnType<typeof createPartitionRows>,
      host: string,
      peer: string | null,
      isOrig: boolean,
    ) => void,
  ): number {
    const orig = bindings.keyOf(flow, true)
    const resp = bindings.keyOf(flow, false)
    if (orig !== null) add(rowsOf(orig), orig, resp, true)
    if (resp !== null) add(rowsOf(resp), resp, orig, false)
    return (orig === null ? 0 : 1) + (resp === null ? 0 : 1)
  }

  function rowsOf(key: string): ReturnType<typeof createPartitionRows> {
    return partitions[partitionOf(key, partitions.length)]!.rows
  }

  const builder: BatchBuilder = {
    get hasRows() {
      return rowCount > 0
    },
    get dueUs() {
      return Math.min(oldestUs + flushUs, leastToldUs + punctuationUs)
    },
    onClock(timeUs) {
      if (timeUs >= builder.dueUs) flush(timeUs)
    },
    onFlowRecord(record: Readonly<FlowRecord>) {
      makeRoom(record.timeUs)
      added(
        eachView(record, (rows, host, peer, isOrig) => rows.addFlow(host, peer, isOrig, record)),
        record.timeUs,
      )
    },
    onSummary(record: Readonly<SummaryRecord>) {
      makeRoom(record.timeUs)
      added(
        eachView(record, (rows, host, peer, isOrig) => rows.addSummary(host, peer, isOrig, record)),
        record.timeUs,
        textBytesOf(record.summary),
      )
    },
    flush,
    beginRecording(recording, flushMs = config.flushMs) {
      if (rowCount > 0) flush(clockUs)
      flushUs = flushMs * 1000
      // Where messages are long, bare clocks between them would be most of what is sent.
      punctuationUs = Math.max(config.punctuationSeconds * 1e6, flushUs)
      // The clock starts anew with the recording's first packet; until then nothing is known of it.
      clockUs = noClockUs
      sendToAll('recording', { recording })
      for (const target of partitions) target.toldUs = -Infinity
      leastToldUs = -Infinity
    },
    control(command) {
      if (rowCount > 0) flush(clockUs)
      sendToAll('control', { command })
    },
    end() {
      if (rowCount > 0) flush(clockUs)
      sendToAll('end')
    },
  }
  return builder
}
