import type { Anomaly } from '../../records/anomaly.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { decodeFrame, Frame } from '../frame.ts'
import type { PacketRing } from './packet-ring.ts'
import { isBetween, type Parties, partiesOf } from './parties.ts'

export interface CollectorLimits {
  /** Packets and bytes kept of one anomaly; what comes later is counted, not kept. */
  readonly packetsMax: number
  readonly bytesMax: number
  /** Seconds of event time that are looked at before the first and after the last record of an anomaly. */
  readonly marginSeconds: number
  /** Anomalies followed at a time; further ones are refused and counted. */
  readonly watchesMax: number
}

/** Packets of one anomaly that were found in a sweep, by their numbers in the ring, oldest first. */
export interface Found {
  readonly anomalyId: string
  readonly packets: readonly number[]
}

export interface EvidenceCounters {
  packets: number
  bytes: number
  /** Packets not kept because their anomaly had as many as it may. */
  beyondLimit: number
  /** Anomalies whose packets had left the ring, wholly or in part, before they were known. */
  tooLate: number
  /** Anomalies not followed because `watchesMax` were. */
  refused: number
}

interface Watch {
  readonly anomalyId: string
  parties: Parties
  fromUs: TimeUs
  untilUs: TimeUs
  /** Number of the next packet to look at. */
  next: number
  packets: number
  bytes: number
}

/** Finds in a sensor's ring the packets of what the analyzer has reported; pure: it is told what time it is by the packets. */
export function createCollector(ring: PacketRing, limits: CollectorLimits) {
  const watches = new Map<string, Watch>()
  const counters: EvidenceCounters = {
    packets: 0,
    bytes: 0,
    beyondLimit: 0,
    tooLate: 0,
    refused: 0,
  }
  const frame = new Frame()

  /** An anomaly, or a revision of one: then it goes on from where it is. */
  function want(anomaly: Anomaly): void {
    const parties = partiesOf(anomaly)
    if (parties === null) return
    const marginUs = limits.marginSeconds * secondUs
    const untilUs = anomaly.timeUs + marginUs
    const known = watches.get(anomaly.id)
    if (known !== undefined) {
      known.parties = parties
      known.untilUs = Math.max(known.untilUs, untilUs)
    } else if (ring.first === ring.next || ring.timeUs(ring.first) > untilUs) {
      counters.tooLate++
    } else if (watches.size >= limits.watchesMax) {
      counters.refused++
    } else {
      if (ring.first > 0 && ring.timeUs(ring.first) > anomaly.oldestUs) counters.tooLate++
      const fromUs = anomaly.oldestUs - marginUs
      const { id: anomalyId } = anomaly
      const start = { next: ring.first, packets: 0, bytes: 0 }
      watches.set(anomalyId, { anomalyId, parties, fromUs, untilUs, ...start })
    }
  }

  /** Looks at what no watch has seen yet. */
  function sweep(): Found[] {
    const found = new Map<Watch, number[]>()
    let from = ring.next
    for (const watch of watches.values()) from = Math.min(from, watch.next)
    for (let packet = Math.max(from, ring.first); packet < ring.next; packet++) {
      let isDecoded = false
      for (const watch of watches.values()) {
        if (!isAwaited(watch, packet)) continue
        if (!isDecoded && !decode(packet)) break
        isDecoded = true
        take(watch, packet, found)
      }
    }
    endWatches()
    return [...found].map(([{ anomalyId }, packets]) => ({ anomalyId, packets }))
  }

  function isAwaited(watch: Watch, packet: number): boolean {
    const timeUs = ring.timeUs(packet)
    return packet >= watch.next && timeUs >= watch.fromUs && timeUs <= watch.untilUs
  }

  /**
   * A watch ends when all that it saw has left the ring: until then a revision of its anomaly must go on where it was,
   * or packets would be found twice.
   */
  function endWatches(): void {
    const oldestUs = ring.next > ring.first ? ring.timeUs(ring.first) : -Infinity
    for (const watch of watches.values()) {
      watch.next = ring.next
      if (oldestUs > watch.untilUs) watches.delete(watch.anomalyId)
    }
  }

  function decode(packet: number): boolean {
    const [captured, original] = [ring.capturedLength(packet), ring.originalLength(packet)]
    const link = ring.linkType(packet)
    return decodeFrame(ring.bytes, ring.at(packet), captured, original, link, frame)
  }

  function take(watch: Watch, packet: number, found: Map<Watch, number[]>): void {
    if (!isBetween(watch.parties, ring.bytes, frame)) return
    const bytes = ring.capturedLength(packet)
    if (watch.packets >= limits.packetsMax || watch.bytes + bytes > limits.bytesMax) {
      counters.beyondLimit++
      return
    }
    watch.packets++
    watch.bytes += bytes
    counters.packets++
    counters.bytes += bytes
    const packets = found.get(watch)
    if (packets === undefined) found.set(watch, [packet])
    else packets.push(packet)
  }

  return {
    want,
    sweep,
    counters: counters as Readonly<EvidenceCounters>,
    get watchCount() {
      return watches.size
    },
  }
}

export type Collector = ReturnType<typeof createCollector>
