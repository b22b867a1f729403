import { tcpFlag } from '../records/flow-batch.ts'
import type { SensorHealth } from '../records/observation.ts'
import { dayUs, type TimeUs } from '../records/time.ts'
import { type Bindings, createBindings } from './bindings.ts'
import type { IngestConfig } from './config.ts'
import { DuplicateFilter } from './duplicates.ts'
import { createFlowEvents } from './flow-events.ts'
import { createFlowBuffer } from './flow-layout.ts'
import { FlowView, readIdentity } from './flow-record.ts'
import { FlowTable } from './flow-table.ts'
import { flowTableConfig } from './flow-timeouts.ts'
import { FragmentPorts } from './fragments.ts'
import { decodeFrame, Frame, frameKind, ipProtocol } from './frame.ts'
import { createHeldPacket } from './held-packet.ts'
import { isUnreachableError, readQuotedPacket } from './icmp.ts'
import { createLinkSummaries } from './link-summaries.ts'
import type { DecoderOutput } from './protocol.ts'
import { protocolDecoders } from './protocols/index.ts'
import type { RecordAccount } from './record-source.ts'
import type { RecordSink } from './record-sink.ts'
import { RejectCounter } from './reject-counter.ts'
import { createSensorClock } from './sensor-clock.ts'
import type { LiveCapture, PacketBlock } from './source.ts'
import { createStreamHeads } from './stream-head.ts'
import { createSummaryWriter } from './summary-writer.ts'

/** What `stats` prints: totals over all recordings. */
export interface PipelineStats {
  /** Packets read, refused ones and second copies included. */
  packets: number
  /** Bytes these had on the wire, link headers included. */
  bytes: number
  flows: number
  /** Flow records, each counted once though it is published as two views. */
  flowRecords: number
  /** Summaries by service. */
  summaries: Record<string, number>
  /** Packets, and pieces of protocols, that were refused, by cause. */
  rejects: Record<string, number>
  /** Second copies of a doubled mirror: in no flow's counters but `duplicatePackets`. */
  duplicates: number
  /** Stamps that were replaced by the sensor clock's value. */
  clamped: number
  /** Flows that ended early because the table was full. */
  evictedFlows: number
  /** DHCP leases forgotten because `leasesMax` were remembered. */
  forgottenLeases: number
  /** Fragments whose first one was not seen before: counted to flows without ports. */
  unmatchedFragments: number
  judgedFlows: number
  oneWayFlows: number
  /** What protocol decoders were not shown, by cause: ingest/stream-head.ts. */
  streams: Record<string, number>
}

/** Longer without a packet, nothing was watched: recordings years apart in one file are no years of learning. */
const pauseUsMax = dayUs

/** Packets in, records out: the core of a sensor, without input and output. */
export interface Pipeline {
  readonly bindings: Bindings
  /** The sensor clock; −Infinity before a recording's first packet. */
  readonly clockUs: TimeUs
  /** For records that come as such: they are numbered and counted among those of the packets. */
  readonly account: RecordAccount
  onBlock(block: PacketBlock): void
  /** An idle capture's own clock: what is due until then comes out. */
  advance(timeUs: TimeUs): void
  /** The recording has ended: every flow ends, the clock and what depends on it start anew. */
  endRecording(): void
  stats(): PipelineStats
  health(): SensorHealth
}

export interface PipelineDependencies {
  readonly sink: RecordSink
  /** Of the flow table's hash: a live sensor takes a secret one, and nothing else changes with it. */
  readonly seed?: number
  /** Shared with what makes keys out of records; one of its own by default. */
  readonly bindings?: Bindings
  /** What the source refused so far: part of `rejects`. */
  readonly sourceRejects?: () => ReadonlyMap<string, number>
  /** Of sources that capture live: what they lost is part of the sensor's health. */
  readonly captures?: readonly LiveCapture[]
  /** Is shown every block before it is read. */
  readonly tap?: (block: PacketBlock) => void
}

export function createPipeline(config: IngestConfig, deps: PipelineDependencies): Pipeline {
  const { sink } = deps
  const bindings = deps.bindings ?? createBindings(config)
  const clock = createSensorClock()
  const duplicates = new DuplicateFilter(config.duplicateWindowMs * 1000)
  const fragments = new FragmentPorts()
  const rejects = new RejectCounter()
  const held = createHeldPacket()
  const heads = createStreamHeads({
    decoders: protocolDecoders,
    capacity: config.flowsMax,
    sessionsMax: config.sessionsMax,
  })
  const numbers = { sequence: 0 }
  const summaries = createSummaryWriter(sink, numbers, bindings)
  const frame = new Frame()
  const quoted = new Frame()
  const totals = { packets: 0, bytes: 0, duplicates: 0, startedUs: 0, newestUs: 0 }
  const reject = (cause: string) => rejects.count(cause)
  const output: DecoderOutput = {
    emit: (summary) => {
      if (summaries.wantsIdentity(summary)) readIdentity(table, view.slot, summaries.identity)
      summaries.write(summary, view.timeUs)
    },
    reject,
  }
  const links = createLinkSummaries(
    summaries.identity,
    (summary) => summaries.write(summary, clock.nowUs),
    reject,
  )
  const buffer = createFlowBuffer(config.flowsMax)
  const view = new FlowView(buffer)
  const events = createFlowEvents({
    sink,
    bindings,
    heads,
    numbers,
    view,
    output,
    table: () => table,
  })
  const table = new FlowTable(flowTableConfig(config, deps.seed ?? 0), events, buffer)

  function advance(timeUs: TimeUs): void {
    if (timeUs >= table.nextUs) table.advance(timeUs)
    if (timeUs >= sink.dueUs) sink.onClock(timeUs)
  }

  /** The start is later by every pause. */
  function noteTime(timeUs: TimeUs): void {
    if (timeUs - totals.newestUs > pauseUsMax) totals.startedUs += timeUs - totals.newestUs
    totals.newestUs = timeUs
  }

  /** Row `row` of a block, at its admitted time. */
  function onPacket(block: PacketBlock, row: number, timeUs: TimeUs): void {
    const { bytes } = block
    const originalLength = block.originalLength[row]!
    if (totals.packets++ === 0) totals.startedUs = totals.newestUs = timeUs
    totals.bytes += originalLength
    advance(timeUs)
    // After what was due in the pause has come out: it was told under the old start.
    noteTime(timeUs)
    if (
      !decodeFrame(
        bytes,
        block.offset[row]!,
        block.capturedLength[row]!,
        originalLength,
        block.linkType[row]!,
        frame,
      )
    ) {
      rejects.countFrame(frame.reject, frame.rejectDetail)
      return
    }
    const space = bindings.spaceOf(frame.vlan)
    const isDuplicate = duplicates.isDuplicate(bytes, frame, space, timeUs)
    if (isDuplicate) totals.duplicates++
    if (frame.kind === frameKind.arp) {
      if (!isDuplicate) links.onArp(bytes, frame, space)
      return
    }
    if (frame.isFragment) fragments.resolve(frame, space)
    if (isDuplicate) table.onDuplicate(frame, space)
    else onIpPacket(bytes, space, timeUs)
  }

  function onIpPacket(bytes: Uint8Array, space: number, timeUs: TimeUs): void {
    const slot = table.onPacket(frame, space, bytes, timeUs)
    if (frame.isFragment) return
    const { protocol } = frame
    if (protocol === ipProtocol.tcp) onTcp(slot, bytes, timeUs)
    else if (protocol === ipProtocol.udp) {
      if (frame.payloadBytes === 0 || !heads.wants(slot)) return
      view.slot = slot
      view.timeUs = timeUs
      heads.onUdp(slot, table.isOrig, bytes, frame.payloadAt, frame.capturedEnd, view, output)
    } else if (isUnreachableError(frame)) {
      if (readQuotedPacket(bytes, frame, quoted)) table.onUnreachable(quoted, space, timeUs)
    } else if (protocol === ipProtocol.icmpv6) links.onIcmpv6(bytes, frame, space)
  }

  function onTcp(slot: number, bytes: Uint8Array, timeUs: TimeUs): void {
    const { tcpFlags, payloadBytes } = frame
    const isSyn = (tcpFlags & tcpFlag.syn) !== 0
    if ((payloadBytes === 0 && !isSyn) || !heads.wants(slot)) return
    view.slot = slot
    view.timeUs = timeUs
    heads.onTcp(
      slot,
      table.isOrig,
      frame.tcpSequence,
      isSyn,
      bytes,
      frame.payloadAt,
      frame.capturedEnd,
      payloadBytes,
      view,
      output,
      (tcpFlags & tcpFlag.ack) === 0 ? undefined : frame.tcpAcknowledgement,
    )
  }

  function releaseHeld(nextStampUs: TimeUs): void {
    if (held.count === 0) return
    held.count = 0
    onPacket(held, 0, clock.admit(held.timeUs[0]!, nextStampUs))
  }

  return {
    bindings,
    get clockUs() {
      return clock.nowUs
    },
    account: {
      config,
      bindings,
      nextSequence: () => ++numbers.sequence,
      nextFlowId: () => ++table.flowCount,
      advance: (timeUs) => clock.advance(timeUs),
      countPackets({ packets, bytes, judgedFlows, oneWayFlows }, timeUs) {
        if (totals.packets === 0) totals.startedUs = totals.newestUs = timeUs
        totals.packets += packets
        totals.bytes += bytes
        noteTime(timeUs)
        events.totals.judgedFlows += judgedFlows
        events.totals.oneWayFlows += oneWayFlows
      },
      countFlowRecord: () => events.totals.flowRecords++,
      countSummary: (service) => summaries.count(service),
    },
    onBlock(block) {
      const { timeUs, count } = block
      if (count === 0) return
      deps.tap?.(block)
      releaseHeld(timeUs[0]!)
      for (let row = 0; row < count; row++) {
        const stampUs = timeUs[row]!
        if (row + 1 === count && clock.needsNext(stampUs)) held.hold(block, row)
        else onPacket(block, row, clock.admit(stampUs, row + 1 < count ? timeUs[row + 1]! : NaN))
      }
    },
    advance(timeUs) {
      releaseHeld(timeUs)
      clock.advance(timeUs)
      advance(clock.nowUs)
    },
    endRecording() {
      releaseHeld(NaN)
      if (clock.nowUs !== -Infinity) table.endAll(clock.nowUs)
      clock.restart()
      duplicates.clear()
      fragments.clear()
    },
    stats: () => ({
      packets: totals.packets,
      bytes: totals.bytes,
      flows: table.flowCount,
      flowRecords: events.totals.flowRecords,
      summaries: Object.fromEntries(
        [...summaries.countByService].sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
      rejects: rejects.read(deps.sourceRejects?.()),
      duplicates: totals.duplicates,
      clamped: clock.clampedCount,
      evictedFlows: table.evictedCount,
      forgottenLeases: bindings.forgottenCount,
      unmatchedFragments: fragments.unmatchedCount,
      judgedFlows: events.totals.judgedFlows,
      oneWayFlows: events.totals.oneWayFlows,
      streams: { ...heads.counters },
    }),
    health: () => ({
      startedUs: totals.startedUs,
      packets: totals.packets,
      bytes: totals.bytes,
      flows: table.flowCount,
      ...captured(deps.captures ?? []),
      rejects: rejects.read(deps.sourceRejects?.()),
      duplicates: totals.duplicates,
      clamped: clock.clampedCount,
      oneWayFlows: events.totals.oneWayFlows,
      judgedFlows: events.totals.judgedFlows,
    }),
  }
}

/** What live captures add to the health of their sensor. One port a sensor: of several, the first that is down speaks. */
function captured(captures: readonly LiveCapture[]): Pick<SensorHealth, 'dropped' | 'capture'> {
  const dropped = captures.reduce((sum, capture) => sum + capture.dropped(), 0)
  const healths = captures.map((capture) => capture.health())
  const capture = healths.find(({ downSinceUs }) => downSinceUs !== null) ?? healths[0]
  return capture === undefined ? { dropped } : { dropped, capture }
}
