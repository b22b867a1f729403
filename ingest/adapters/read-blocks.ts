import assert from 'node:assert/strict'
import { createReadBuffer, recordBytesMax, type CaptureParser } from '../capture-parser.ts'
import type { PacketBlock } from '../source.ts'
import type { ByteInput } from './byte-input.ts'

/**
 * Reads chunk by chunk into two buffers in turn, so that the next read goes on while the caller works. A record that
 * a chunk cuts is copied in front of the next chunk, into the room kept for it.
 */
export async function* readBlocks(
  input: ByteInput,
  parser: CaptureParser,
  chunkBytes: number,
): AsyncGenerator<PacketBlock, void, undefined> {
  const room = recordBytesMax
  const buffers = [
    createReadBuffer(room + chunkBytes),
    createReadBuffer(room + chunkBytes),
  ] as const
  let turn = 0
  let carry = 0
  let pending = readAhead(input, buffers[0].bytes, room, chunkBytes)
  for (;;) {
    const read = await pending
    if (read.error !== undefined) throw read.error
    if (read.count === 0) break
    const buffer = buffers[turn % 2]!
    const next = buffers[++turn % 2]!
    pending = readAhead(input, next.bytes, room, chunkBytes)
    const end = room + read.count
    let at = room - carry
    do {
      at = parser.parse(buffer, at, end)
      if (buffer.block.count > 0) yield buffer.block
      if (parser.hasEnded) return
    } while (buffer.block.count === buffer.block.timeUs.length)
    carry = end - at
    assert(carry <= room, 'a parser leaves at most one record')
    next.bytes.set(buffer.bytes.subarray(at, end), room - carry)
  }
  parser.finish(carry)
}

/** A read whose failure waits to be looked at: it cannot go unhandled while the caller is busy or after it has left. */
async function readAhead(
  input: ByteInput,
  into: Uint8Array,
  offset: number,
  length: number,
): Promise<{ count: number; error?: Error }> {
  try {
    return { count: await input.read(into, offset, length) }
  } catch (error) {
    return { count: 0, error: error instanceof Error ? error : new Error(String(error)) }
  }
}
