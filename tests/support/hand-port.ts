import type { LiveCapture, PacketBlock, Source } from '../../ingest/source.ts'
import type { CaptureHealth } from '../../records/observation.ts'
import type { Packet } from '../../simulator/packets.ts'
import { blockOf } from './pipeline-run.ts'

/** A live port in the hand of a test: packets come when it says so. */
export function createHandPort() {
  const waiting: (() => void)[] = []
  const packets: Packet[][] = []
  const port = {
    clockUs: -Infinity,
    dropped: 0,
    health: { downSinceUs: null, gaps: 0, gapUs: 0, lastGap: null } as CaptureHealth,
    /** Blocks that have been asked for. */
    asked: 0,
    isStopped: false,
    /** What comes after `stop`. */
    last: [] as Packet[],
    give(...some: Packet[]) {
      packets.push(some)
      for (const wake of waiting.splice(0)) wake()
    },
  }
  const live: LiveCapture = {
    clockUs: () => port.clockUs,
    health: () => port.health,
    dropped: () => port.dropped,
    fault: () => null,
    stop() {
      port.isStopped = true
      for (const wake of waiting.splice(0)) wake()
    },
  }
  async function* blocks(): AsyncGenerator<PacketBlock> {
    for (;;) {
      port.asked++
      while (packets.length === 0 && !port.isStopped)
        await new Promise<void>((resolve) => waiting.push(resolve))
      const next = packets.shift()
      if (next !== undefined) yield blockOf(next)
      else break
    }
    if (port.last.length > 0) yield blockOf(port.last)
  }
  const source: Source = { name: 'hand', blocks, rejects: new Map(), progress: () => null, live }
  return { port, source }
}
