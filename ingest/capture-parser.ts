import type { PacketBlock } from './source.ts'

/** Most bytes one packet may have in a capture: the limit of libpcap and Wireshark (MAXIMUM_SNAPLEN). */
export const capturedBytesMax = 262_144

/** Most bytes of one record or block that is looked at as a whole; longer ones are skipped and counted. */
export const recordBytesMax = capturedBytesMax + 65_536

/** Rows of a block: columns of 180 kB, so that they stay in a core's cache with the packets they point at. */
export const blockRowsMax = 8192

/** One read buffer with the block whose columns point into it. Reused for every read: nothing grows. */
export interface ReadBuffer {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly block: PacketBlock
}

/**
 * Turns the bytes of a capture file into packet rows, whatever way the file is cut into chunks.
 * Never throws and never allocates by a length that the input claims.
 */
export interface CaptureParser {
  /**
   * Reads whole records of `buffer.bytes[start … end)` into `buffer.block`, from row 0 on; stops when the block is full.
   * @returns the first byte not consumed. If the block is not full, that is the start of a record of which
   * at most `recordBytesMax` bytes are there: hand it in again in front of the bytes that follow.
   */
  parse(buffer: ReadBuffer, start: number, end: number): number
  /** The input has ended with this many bytes not consumed. */
  finish(bytesLeft: number): void
  /** True when nothing after this point can be understood: reading on is of no use. The cause has been counted. */
  readonly hasEnded: boolean
}

/** Called once for each thing that could not be used, with its cause (docs/formats/capture-files.md lists them). */
export type Reject = (cause: string) => void

export type CaptureFormat = 'pcap' | 'pcapng' | 'gzip'

/** Bytes that `detectFormat` wants to see. */
export const formatBytes = 12

/**
 * What the first bytes of a file say that it is; null for anything else.
 * Source: draft-ietf-opsawg-pcap §4, draft-ietf-opsawg-pcapng §4.1, RFC 1952 §2.3.1.
 */
export function detectFormat(bytes: Uint8Array): CaptureFormat | null {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip'
  if (bytes.length < 4) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const first = view.getUint32(0)
  if (first === sectionHeaderType) {
    if (bytes.length < 12) return 'pcapng'
    return byteOrderOf(view, 8) === null ? null : 'pcapng'
  }
  return pcapMagic(first) === null ? null : 'pcap'
}

/** Block type of a section header, the same in both byte orders. */
export const sectionHeaderType = 0x0a0d0d0a

/** Byte order of a pcapng section by its magic at `at`: true little-endian, false big-endian, null neither. */
export function byteOrderOf(view: DataView, at: number): boolean | null {
  const magic = view.getUint32(at)
  if (magic === 0x1a2b3c4d) return false
  return magic === 0x4d3c2b1a ? true : null
}

export interface PcapVariant {
  readonly isLittle: boolean
  readonly isNanoseconds: boolean
  /** 24 for the "modified" format of old Red Hat tcpdumps, whose records also name an interface; else 16. */
  readonly recordHeaderBytes: 16 | 24
}

/** Variant of classic pcap by its first four bytes, read big-endian; null if they are no magic. */
export function pcapMagic(magic: number): PcapVariant | null {
  switch (magic) {
    case 0xa1b2c3d4:
      return { isLittle: false, isNanoseconds: false, recordHeaderBytes: 16 }
    case 0xd4c3b2a1:
      return { isLittle: true, isNanoseconds: false, recordHeaderBytes: 16 }
    case 0xa1b23c4d:
      return { isLittle: false, isNanoseconds: true, recordHeaderBytes: 16 }
    case 0x4d3cb2a1:
      return { isLittle: true, isNanoseconds: true, recordHeaderBytes: 16 }
    case 0xa1b2cd34:
      return { isLittle: false, isNanoseconds: false, recordHeaderBytes: 24 }
    case 0x34cdb2a1:
      return { isLittle: true, isNanoseconds: false, recordHeaderBytes: 24 }
    default:
      return null
  }
}

/** A buffer of `capacity` bytes with an empty block of `rows` rows over it. */
export function createReadBuffer(capacity: number, rows: number = blockRowsMax): ReadBuffer {
  const bytes = new Uint8Array(capacity)
  const block: PacketBlock = {
    bytes,
    count: 0,
    timeUs: new Float64Array(rows),
    offset: new Uint32Array(rows),
    capturedLength: new Uint32Array(rows),
    originalLength: new Uint32Array(rows),
    linkType: new Uint16Array(rows),
  }
  return { bytes, view: new DataView(bytes.buffer), block }
}
