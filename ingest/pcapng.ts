import {
  byteOrderOf,
  capturedBytesMax,
  recordBytesMax,
  sectionHeaderType,
  type CaptureParser,
  type ReadBuffer,
  type Reject,
} from './capture-parser.ts'
import { readInterface, timeUsOf, type CaptureInterface } from './pcapng-interface.ts'
import type { PacketBlock } from './source.ts'

/*
 * pcapng, draft-ietf-opsawg-pcapng §3.1: every block is
 *   0  4 block type      4  4 total length      8  … body, padded to 4      total−4  4 total length again
 * Bodies that matter here (offsets from the start of the block; all in the byte order of the section):
 *   section header    0x0a0d0d0a  8  4 byte-order magic  12  2 major 1  14  2 minor  16  8 section length
 *   interface         1           8  2 link type  10  2 reserved  12  4 snapshot length  16  … options
 *   packet (obsolete) 2           8  2 interface  10  2 drops  12  4 time high  16  4 time low  20  4 captured  24  4 original  28  … data
 *   simple packet     3           8  4 original  12  … data
 *   enhanced packet   6           8  4 interface  12  4 time high  16  4 time low  20  4 captured  24  4 original  28  … data
 * Every other block is stepped over by its length.
 */
const blockType = { interface: 1, packet: 2, simplePacket: 3, enhancedPacket: 6 } as const
const blockHeaderBytes = 8
const blockBytesMin = 12
const sectionHeaderBytesMin = 28

/** Interfaces of one section; packets of later ones are rejected as `unknown-interface`. */
const interfacesMax = 4096

/**
 * Parser of pcapng files: several sections, each in its own byte order, `if_tsresol` and `if_tsoffset`, all three
 * packet blocks. A simple packet block has no time and takes the last time of the file before it.
 */
export function createPcapngParser(reject: Reject): CaptureParser {
  const interfaces: (CaptureInterface | null)[] = []
  let isLittle = true
  let hasSection = false
  let skipBytes = 0
  let lastTimeUs = 0
  let hasEnded = false

  function endWith(cause: string, at: number): number {
    reject(cause)
    hasEnded = true
    return at
  }

  /** Begins a section; the rest of its header is options, which nothing here needs. Returns the block's length or 0. */
  function readSectionHeader(view: DataView, at: number): number {
    const order = byteOrderOf(view, at + 8)
    if (order === null) return 0
    const total = view.getUint32(at + 4, order)
    if (total < sectionHeaderBytesMin || total % 4 !== 0 || view.getUint16(at + 12, order) !== 1)
      return 0
    isLittle = order
    hasSection = true
    interfaces.length = 0
    return total
  }

  function addInterface(view: DataView, at: number, total: number): void {
    if (interfaces.length >= interfacesMax) {
      reject('too-many-interfaces')
      return
    }
    const read = total < 20 ? null : readInterface(view, at + 8, at + total - 4, isLittle)
    if (read === null) reject('bad-interface')
    interfaces.push(read)
  }

  /** Writes the packet of the enhanced or obsolete packet block at `at` to `row`; false when it is refused. */
  function readPacket(
    view: DataView,
    at: number,
    total: number,
    isObsolete: boolean,
    block: PacketBlock,
    row: number,
  ): boolean {
    if (total < 32) return refuse('bad-block-length')
    const id = isObsolete ? view.getUint16(at + 8, isLittle) : view.getUint32(at + 8, isLittle)
    const from = interfaces[id]
    if (from === undefined || from === null) return refuse('unknown-interface')
    const captured = view.getUint32(at + 20, isLittle)
    if (captured > total - 32) return refuse('bad-captured-length')
    if (captured > capturedBytesMax) return refuse('oversized-packet')
    lastTimeUs = timeUsOf(
      from,
      view.getUint32(at + 12, isLittle),
      view.getUint32(at + 16, isLittle),
    )
    write(block, row, at + 28, captured, view.getUint32(at + 24, isLittle), from.linkType)
    return true
  }

  function readSimplePacket(
    view: DataView,
    at: number,
    total: number,
    block: PacketBlock,
    row: number,
  ): boolean {
    if (total < 16) return refuse('bad-block-length')
    const from = interfaces[0]
    if (from === undefined || from === null) return refuse('unknown-interface')
    const original = view.getUint32(at + 8, isLittle)
    const limit = from.snapLength === 0 ? original : Math.min(original, from.snapLength)
    const captured = Math.min(limit, total - 16)
    if (captured > capturedBytesMax) return refuse('oversized-packet')
    write(block, row, at + 12, captured, original, from.linkType)
    return true
  }

  function refuse(cause: string): boolean {
    reject(cause)
    return false
  }

  function write(
    block: PacketBlock,
    row: number,
    data: number,
    captured: number,
    original: number,
    linkType: number,
  ): void {
    block.timeUs[row] = lastTimeUs
    block.offset[row] = data
    block.capturedLength[row] = captured
    block.originalLength[row] = original
    block.linkType[row] = linkType
  }

  /** Handles a whole block; returns the packets it added, 0 or 1. */
  function readBlock(
    buffer: ReadBuffer,
    type: number,
    at: number,
    total: number,
    row: number,
  ): number {
    const { view, block } = buffer
    // The length in front has been acted upon; a trailer that disagrees is worth knowing, no reason to lose the packet.
    if (view.getUint32(at + total - 4, isLittle) !== total) reject('bad-block-trailer')
    switch (type) {
      case blockType.interface:
        addInterface(view, at, total)
        return 0
      case blockType.enhancedPacket:
        return readPacket(view, at, total, false, block, row) ? 1 : 0
      case blockType.packet:
        return readPacket(view, at, total, true, block, row) ? 1 : 0
      default:
        return readSimplePacket(view, at, total, block, row) ? 1 : 0
    }
  }

  function skip(bytes: number, at: number, end: number): number {
    const step = Math.min(bytes, end - at)
    skipBytes = bytes - step
    return at + step
  }

  function parse(buffer: ReadBuffer, start: number, end: number): number {
    const { view, block } = buffer
    const rowsMax = block.timeUs.length
    let row = 0
    let at = hasEnded ? end : skip(skipBytes, start, end)
    while (row < rowsMax && !hasEnded && skipBytes === 0 && end - at >= blockHeaderBytes) {
      const type = view.getUint32(at, isLittle)
      if (type === sectionHeaderType) {
        if (end - at < sectionHeaderBytesMin) break
        const total = readSectionHeader(view, at)
        at = total === 0 ? endWith('bad-section-header', at) : skip(total, at, end)
        continue
      }
      const total = view.getUint32(at + 4, isLittle)
      if (!hasSection || total < blockBytesMin || total % 4 !== 0) {
        at = endWith('bad-block-length', at)
      } else if (!isRead(type)) {
        at = skip(total, at, end)
      } else if (total > recordBytesMax) {
        reject('oversized-block')
        // It still takes its number, so that packets of later interfaces are not given to the wrong one.
        if (type === blockType.interface && interfaces.length < interfacesMax) interfaces.push(null)
        at = skip(total, at, end)
      } else if (end - at < total) {
        break
      } else {
        row += readBlock(buffer, type, at, total, row)
        at += total
      }
    }
    block.count = row
    return at
  }

  return {
    parse,
    finish(bytesLeft) {
      if (hasEnded) return
      if (!hasSection) reject('truncated-header')
      else if (bytesLeft > 0 || skipBytes > 0) reject('truncated-record')
    },
    get hasEnded() {
      return hasEnded
    },
  }
}

function isRead(type: number): boolean {
  return (
    type === blockType.enhancedPacket ||
    type === blockType.simplePacket ||
    type === blockType.packet ||
    type === blockType.interface
  )
}
