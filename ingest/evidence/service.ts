import type { Bus, IncomingMessage, Subscription } from '../../bus/bus.ts'
import { decodeAnomalyMessage } from '../../records/codec.ts'
import { isWardwatchError } from '../../records/errors.ts'
import type { Logger, Service } from '../../records/service.ts'
import type { PacketBlock } from '../source.ts'
import { createCollector, type EvidenceCounters } from './collector.ts'
import type { EvidenceConfig } from './config.ts'
import { PacketRing } from './packet-ring.ts'
import { keptPacket, pcapRecords } from './pcap-file.ts'

/** Where evidence is kept. */
export interface EvidenceFolder {
  /** Adds records to the file of an anomaly, and makes it where there is none. */
  append(anomalyId: string, records: Uint8Array): Promise<void>
}

export interface Evidence extends Service {
  /** Takes a copy of what the sensor reads. */
  readonly keep: (block: PacketBlock) => void
  counters(): EvidenceCounters & { readonly failed: number }
}

/** An anomaly is known at most this much later, in ms, than the ring is searched for it. */
const sweepMs = 500

/**
 * Evidence capture of one sensor: the newest packets in memory, and on disk those of what the analyzer reports. It
 * takes part in nothing else: a full disk costs evidence, never detection.
 */
export function createEvidence(
  config: EvidenceConfig,
  deps: {
    readonly bus: Bus
    readonly folder: EvidenceFolder
    /** Site and sensor: every sensor hears of every anomaly. */
    readonly group: string
    readonly logger: Logger
  },
): Evidence {
  const logger = deps.logger.child({ stage: 'ingest', part: 'evidence' })
  const ring = new PacketRing(config.ringBytes)
  const collector = createCollector(ring, {
    packetsMax: config.packetsMax,
    bytesMax: config.bytesMax,
    marginSeconds: config.marginSeconds,
    watchesMax: config.anomaliesMax,
  })
  let subscription: Subscription | null = null
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<void> = Promise.resolve()
  let failed = 0

  function hear(messages: readonly IncomingMessage[]): void {
    for (const { value } of messages) {
      try {
        const message = decodeAnomalyMessage(value)
        if (message.kind === 'anomaly') collector.want(message.anomaly)
      } catch (err) {
        // The alert stage reads the same messages, and counts and tells of this one.
        if (!isWardwatchError(err, 'RECORD_MALFORMED')) throw err
      }
    }
  }

  /** What is found is copied out of the ring at once, and written in the order of the sweeps. */
  function sweep(): void {
    for (const { anomalyId, packets } of collector.sweep()) {
      const records = pcapRecords(
        packets.map((packet) => keptPacket(ring, packet, config.snapBytes)),
      )
      writing = writing
        .then(() => deps.folder.append(anomalyId, records))
        .catch((err: unknown) => {
          if (failed++ % 100 === 0) logger.error({ err, failed }, 'evidence could not be written')
        })
    }
  }

  return {
    keep: (block) => ring.keep(block),
    counters: () => ({ ...collector.counters, failed }),
    async start() {
      timer = setInterval(sweep, sweepMs)
      subscription = await deps.bus.subscribe({
        topic: 'anomalies',
        group: `evidence-${deps.group}`,
        handler: {
          assigned: () => Promise.resolve(0),
          messages: async (_partition, messages) => {
            hear(messages)
            await Promise.resolve()
          },
          revoked: () => Promise.resolve(),
        },
        failed: (err) => logger.error({ err }, 'evidence hears of no anomalies any more'),
      })
    },
    async stop() {
      if (timer !== null) clearInterval(timer)
      timer = null
      await subscription?.stop()
      subscription = null
      sweep()
      await writing
    },
  }
}
