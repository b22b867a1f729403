import {
  createReadBuffer,
  recordBytesMax,
  type CaptureParser,
  type Reject,
} from '../../ingest/capture-parser.ts'
import type { PacketBlock, Source } from '../../ingest/source.ts'

/** A row of a block, copied out of it. */
export interface ReadPacket {
  readonly timeUs: number
  /** Captured bytes as hexadecimal text: short to compare and to print. */
  readonly data: string
  readonly originalLength: number
  readonly linkType: number
}

export interface Reading {
  readonly packets: ReadPacket[]
  readonly rejects: Record<string, number>
}

/** Reads a source to its end. */
export async function readSource(source: Source): Promise<Reading> {
  const packets: ReadPacket[] = []
  for await (const block of source.blocks()) copyRows(block, packets)
  return { packets, rejects: Object.fromEntries(source.rejects) }
}

/** Runs a parser over bytes cut into chunks of these sizes (the last repeats), carrying over what it leaves. */
export function readBytes(
  createParser: (reject: Reject) => CaptureParser,
  bytes: Uint8Array,
  chunkSizes: readonly number[] = [bytes.length],
  rows?: number,
): Reading {
  const rejects: Record<string, number> = {}
  const parser = createParser((cause) => (rejects[cause] = (rejects[cause] ?? 0) + 1))
  const buffer = createReadBuffer(recordBytesMax + Math.max(1, ...chunkSizes), rows)
  const packets: ReadPacket[] = []
  let [start, end] = [0, 0]
  for (let at = 0, turn = 0; at < bytes.length && !parser.hasEnded; turn++) {
    const size = Math.max(1, chunkSizes[Math.min(turn, chunkSizes.length - 1)] ?? bytes.length)
    buffer.bytes.copyWithin(0, start, end)
    end -= start
    start = 0
    const chunk = bytes.subarray(at, at + size)
    buffer.bytes.set(chunk, end)
    end += chunk.length
    at += chunk.length
    do {
      start = parser.parse(buffer, start, end)
      copyRows(buffer.block, packets)
    } while (buffer.block.count === buffer.block.timeUs.length)
  }
  parser.finish(end - start)
  return { packets, rejects }
}

function copyRows(block: PacketBlock, into: ReadPacket[]): void {
  for (let row = 0; row < block.count; row++) {
    const start = block.offset[row]!
    into.push({
      timeUs: block.timeUs[row]!,
      data: Buffer.from(block.bytes.subarray(start, start + block.capturedLength[row]!)).toString(
        'hex',
      ),
      originalLength: block.originalLength[row]!,
      linkType: block.linkType[row]!,
    })
  }
}
