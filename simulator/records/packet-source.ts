import { linkType, type PacketBlock, type Source } from '../../ingest/source.ts'
import { type ExchangeStream, packetsOf } from '../exchange.ts'
import type { Packet } from '../packets.ts'

const blockPackets = 256
const blockBytes = 512 * 1024
/** A block is given away after this much event time, so that a paced reader need not wait for it to fill. */
const blockUs = 200_000

/** The packets of exchanges as a source, block by block as they are asked for. */
export function createSimulatedPackets(name: string, exchanges: ExchangeStream): Source {
  return {
    name,
    rejects: new Map(),
    progress: () => null,
    async *blocks() {
      const block = createBlock()
      let at = 0
      for (const packet of packetsOf(exchanges)) {
        if (block.count > 0 && isFull(block, at, packet)) {
          yield block
          // Making packets is work: timers and connections of this process have their turn between two blocks.
          await new Promise((resolve) => setImmediate(resolve))
          block.count = at = 0
        }
        at = put(block, at, packet)
      }
      if (block.count > 0) yield block
    },
  }
}

function isFull(block: PacketBlock, at: number, { timeUs, bytes }: Packet): boolean {
  if (block.count === blockPackets || at + bytes.length > blockBytes) return true
  return timeUs - block.timeUs[0]! >= blockUs
}

/** @returns where the next packet goes. */
function put(block: PacketBlock, at: number, { timeUs, bytes }: Packet): number {
  const row = block.count++
  block.bytes.set(bytes, at)
  block.timeUs[row] = timeUs
  block.offset[row] = at
  block.capturedLength[row] = block.originalLength[row] = bytes.length
  return at + bytes.length
}

function createBlock(): PacketBlock {
  return {
    bytes: new Uint8Array(blockBytes + 65_536),
    count: 0,
    timeUs: new Float64Array(blockPackets),
    offset: new Uint32Array(blockPackets),
    capturedLength: new Uint32Array(blockPackets),
    originalLength: new Uint32Array(blockPackets),
    linkType: new Uint16Array(blockPackets).fill(linkType.ethernet),
  }
}
