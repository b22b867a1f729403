import { recordKind, tcpFlag } from '../records/flow-batch.ts'
import type { SensorHealth } from '../records/observation.ts'
import type { TimeUs } from '../records/time.ts'
import { type Bindings, createBindings } from './bindings.ts'
import type { IngestConfig } from './config.ts'
import { DuplicateFilter } from './duplicates.ts'
import { flowFlag, wordAt } from './flow-layout.ts'
import { isJudgedForOneWay, isOneWay, readFacts, readIdentity, readRecord } from './flow-record.ts'
import { FlowTable, type FlowTableConfig } from './flow-table.ts'
import { FragmentPorts } from './fragments.ts'
import { decodeFrame, Frame, frameKind, ipProtocol } from './frame.ts'
import { isUnreachableError, readQuotedPacket } from './icmp.ts'
import { createLinkSummaries } from './link-summaries.ts'
import { createHeldPacket } from './held-packet.ts'
import type { DecoderOutput, FlowFacts } from './protocol.ts'
import { protocolDecoders } from './protocols/index.ts'
import { createFlowRecord, type RecordSink } from './record-sink.ts'
import { RejectCounter } from './reject-counter.ts'
import { createSensorClock } from './sensor-clock.ts'
import type { PacketBlock } from './source.ts'
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

/** Packets in, records out: the core of a sensor, without input and output. */
export interface Pipeline {
  readonly bindings: Bindings
  /** The sensor clock; −Infinity before a recording's first packet. */
  readonly clockUs: TimeUs
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
}

const secondUs = 1e6

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
  const record = createFlowRecord()
  const facts = createFlowFacts()
  const totals = {
    packets: 0,
    bytes: 0,
    flowRecords: 0,
    duplicates: 0,
    judgedFlows: 0,
    oneWayFlows: 0,
    startedUs: 0,
  }
  /** The flow that decoders are looking at. */
  let current = -1
  const reject = (cause: string) => rejects.count(cause)
  const output: DecoderOutput = {
    emit: (summary) => {
      readIdentity(table, current, summaries.identity)
      summaries.write(summary, facts.timeUs)
    },
    reject,
  }
  const links = createLinkSummaries(
    summaries.identity,
    (summary) => summaries.write(summary, clock.nowUs),
    reject,
  )
  const table = new FlowTable(tableConfig(config, deps.seed ?? 0), { onNew, onEnding, onRecord })
  /** Of the flow that ends: the heads forget it before its last record is written. */
  let endingService = -1

  function onNew(words: Int32Array, base: number): void {
    if (bindings.leaseCount === 0) return
    const isOrigA = (words[base + wordAt.flags]! & flowFlag.origIsA) !== 0
    const [orig, resp] = isOrigA ? [wordAt.a, wordAt.b] : [wordAt.b, wordAt.a]
    writeLease(bindings, words, base, orig, wordAt.origLease)
    writeLease(bindings, words, base, resp, wordAt.respLease)
  }

  function onEnding(slot: number, timeUs: TimeUs): void {
    current = slot
    readFacts(table, slot, timeUs, facts)
    endingService = heads.serviceOf(slot)
    heads.onFlowEnd(slot, facts, output)
    if (!isJudgedForOneWay(table, slot)) return
    totals.judgedFlows++
    if (isOneWay(table, slot)) totals.oneWayFlows++
  }

  function onRecord(slot: number, kind: number, endReason: number, timeUs: TimeUs): void {
    readRecord(table, slot, record)
    record.sequence = ++numbers.sequence
    record.timeUs = timeUs
    record.kind = kind
    record.endReason = endReason
    const service = kind === recordKind.end ? endingService : heads.serviceOf(slot)
    record.service = service < 0 ? null : heads.decoders[service]!.service
    totals.flowRecords++
    sink.onFlowRecord(record)
  }

  function advance(timeUs: TimeUs): void {
    if (timeUs >= table.nextUs) table.advance(timeUs)
    if (timeUs >= sink.dueUs) sink.onClock(timeUs)
  }

  /** Row `row` of a block, at its admitted time. */
  function onPacket(block: PacketBlock, row: number, timeUs: TimeUs): void {
    const { bytes } = block
    const originalLength = block.originalLength[row]!
    if (totals.packets++ === 0) totals.startedUs = timeUs
    totals.bytes += originalLength
    advance(timeUs)
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
    if (protocol === ipProtocol.tcp) {
      const isSyn = (frame.tcpFlags & tcpFlag.syn) !== 0
      if (frame.payloadBytes === 0 && !isSyn) return
      current = slot
      readFacts(table, slot, timeUs, facts)
      heads.onTcp(
        slot,
        table.isOrig,
        frame.tcpSequence,
        isSyn,
        bytes,
        frame.payloadAt,
        frame.capturedEnd,
        frame.payloadBytes,
        facts,
        output,
        (frame.tcpFlags & tcpFlag.ack) === 0 ? undefined : frame.tcpAcknowledgement,
      )
    } else if (protocol === ipProtocol.udp) {
      if (frame.payloadBytes === 0) return
      current = slot
      readFacts(table, slot, timeUs, facts)
      heads.onUdp(slot, table.isOrig, bytes, frame.payloadAt, frame.capturedEnd, facts, output)
    } else if (isUnreachableError(frame)) {
      if (readQuotedPacket(bytes, frame, quoted)) table.onUnreachable(quoted, space, timeUs)
    } else if (protocol === ipProtocol.icmpv6) links.onIcmpv6(bytes, frame, space)
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
    onBlock(block) {
      const { timeUs, count } = block
      if (count === 0) return
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
      flowRecords: totals.flowRecords,
      summaries: Object.fromEntries(
        [...summaries.countByService].sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
      rejects: rejects.read(deps.sourceRejects?.()),
      duplicates: totals.duplicates,
      clamped: clock.clampedCount,
      evictedFlows: table.evictedCount,
      forgottenLeases: bindings.forgottenCount,
      unmatchedFragments: fragments.unmatchedCount,
      judgedFlows: totals.judgedFlows,
      oneWayFlows: totals.oneWayFlows,
      streams: { ...heads.counters },
    }),
    health: () => ({
      startedUs: totals.startedUs,
      packets: totals.packets,
      bytes: totals.bytes,
      flows: table.flowCount,
      dropped: 0,
      rejects: rejects.read(deps.sourceRejects?.()),
      duplicates: totals.duplicates,
      clamped: clock.clampedCount,
      oneWayFlows: totals.oneWayFlows,
      judgedFlows: totals.judgedFlows,
    }),
  }
}

function tableConfig(config: IngestConfig, seed: number): FlowTableConfig {
  return {
    capacity: config.flowsMax,
    seed,
    tcpIdleUs: config.tcpIdleSeconds * secondUs,
    attemptIdleUs: config.attemptIdleSeconds * secondUs,
    udpIdleUs: config.udpIdleSeconds * secondUs,
    icmpIdleUs: config.icmpIdleSeconds * secondUs,
    unansweredUs: config.unansweredSeconds * secondUs,
    activeUs: config.activeSeconds * secondUs,
    closeLingerUs: config.closeLingerSeconds * secondUs,
  }
}

function createFlowFacts(): FlowFacts {
  return {
    timeUs: 0,
    startUs: 0,
    origPort: 0,
    respPort: 0,
    origPayloadBytes: 0,
    respPayloadBytes: 0,
  }
}

/** Leases are of IPv4 addresses, whose mapped form has only its last word to itself. */
function writeLease(
  bindings: Bindings,
  words: Int32Array,
  base: number,
  addressAt: number,
  leaseAt: number,
): void {
  const address = base + addressAt
  if (words[address] !== 0 || words[address + 1] !== 0 || words[address + 2] !== 0xffff) return
  const mac = bindings.leaseOf(words[base + wordAt.protocol]! >>> 8, words[address + 3]!)
  if (mac === null) return
  words[base + leaseAt] = (mac[0]! << 8) | mac[1]!
  words[base + leaseAt + 1] = (mac[2]! << 24) | (mac[3]! << 16) | (mac[4]! << 8) | mac[5]!
}
