import {
  capturedBytesMax,
  pcapMagic,
  type CaptureParser,
  type ReadBuffer,
  type Reject,
} from './capture-parser.ts'

/*
 * Classic capture files, draft-ietf-opsawg-pcap §4 and §5. All fields in the byte order of the magic.
 *
 * file header (24)                         record header (16)
 *   0  4 magic                               0  4 seconds, unsigned
 *   4  2 major version, 2                    4  4 microseconds, or nanoseconds by the magic
 *   6  2 minor version, 4                    8  4 captured length
 *   8  4 reserved (was: zone)               12  4 original length
 *  12  4 reserved (was: accuracy)          "modified" records (24) go on with
 *  16  4 snapshot length                    16  4 interface index
 *  20  4 FCS (upper 6 bits), link type      20  2 Ethernet protocol, 1 packet type, 1 pad
 */
const fileHeaderBytes = 24

/** Before version 2.3 the two lengths stood the other way round; in 2.3 by some writers (libpcap, sf-pcap.c). */
const lengths = { asWritten: 0, swapped: 1, swappedIfLonger: 2 } as const

/**
 * A longer claimed length is taken for damage and ends the reading; up to it, an oversized packet is stepped over.
 * 16 MiB is Wireshark's limit for a block; a damaged length is far beyond it in 255 of 256 cases.
 */
const skippableBytesMax = 16 * 1024 * 1024

/**
 * Parser of classic capture files: microseconds and nanoseconds, both byte orders, the "modified" record header,
 * files joined end to end. Nanoseconds are cut to whole microseconds.
 */
export function createPcapParser(reject: Reject): CaptureParser {
  let hasHeader = false
  let isLittle = true
  let ticksPerUs = 1
  let recordHeaderBytes = 16
  let lengthOrder: number = lengths.asWritten
  let fileLinkType = 0
  let skipBytes = 0
  let hasEnded = false

  /** Takes the file header at `at`; false when its magic is none. */
  function readFileHeader(view: DataView, at: number): boolean {
    const variant = pcapMagic(view.getUint32(at))
    if (variant === null) return false
    isLittle = variant.isLittle
    ticksPerUs = variant.isNanoseconds ? 1000 : 1
    recordHeaderBytes = variant.recordHeaderBytes
    lengthOrder = lengthOrderOf(view.getUint16(at + 4, isLittle), view.getUint16(at + 6, isLittle))
    fileLinkType = view.getUint32(at + 20, isLittle) & 0xffff
    hasHeader = true
    return true
  }

  function endWith(cause: string): void {
    reject(cause)
    hasEnded = true
  }

  /** Steps over what is there of the bytes to be skipped. */
  function skip(at: number, end: number): number {
    const step = Math.min(skipBytes, end - at)
    skipBytes -= step
    return at + step
  }

  function parse({ view, block }: ReadBuffer, start: number, end: number): number {
    const { timeUs, offset, capturedLength, originalLength, linkType } = block
    const rowsMax = timeUs.length
    let at = start
    let row = 0
    block.count = 0
    if (hasEnded) return end
    at = skip(at, end)
    if (!hasHeader) {
      if (end - at < fileHeaderBytes) return at
      if (!readFileHeader(view, at)) {
        endWith('bad-magic')
        return at
      }
      at += fileHeaderBytes
    }
    while (row < rowsMax && end - at >= recordHeaderBytes) {
      let captured = view.getUint32(at + 8, isLittle)
      let original = view.getUint32(at + 12, isLittle)
      if (
        lengthOrder !== lengths.asWritten &&
        (lengthOrder === lengths.swapped || captured > original)
      ) {
        const swapped = captured
        captured = original
        original = swapped
      }
      if (captured > skippableBytesMax) {
        endWith('bad-captured-length')
        break
      }
      if (captured > capturedBytesMax) {
        reject('oversized-packet')
        skipBytes = recordHeaderBytes + captured
        at = skip(at, end)
        continue
      }
      if (captured === 0 && original === 0 && isJoinedFile(view, at)) {
        if (end - at < fileHeaderBytes) break
        reject('joined-file')
        readFileHeader(view, at)
        at += fileHeaderBytes
        continue
      }
      const data = at + recordHeaderBytes
      if (data + captured > end) break
      const fraction = view.getUint32(at + 4, isLittle)
      timeUs[row] =
        view.getUint32(at, isLittle) * 1e6 +
        (ticksPerUs === 1 ? fraction : Math.floor(fraction / 1000))
      offset[row] = data
      capturedLength[row] = captured
      originalLength[row] = original
      linkType[row] = fileLinkType
      row++
      at = data + captured
    }
    block.count = row
    return at
  }

  return {
    parse,
    finish(bytesLeft) {
      if (hasEnded) return
      if (!hasHeader) reject('truncated-header')
      else if (bytesLeft > 0 || skipBytes > 0) reject('truncated-record')
    },
    get hasEnded() {
      return hasEnded
    },
  }
}

function lengthOrderOf(major: number, minor: number): number {
  // 543.0 is what DG/UX tcpdump wrote.
  if ((major === 2 && minor < 3) || major === 543) return lengths.swapped
  return major === 2 && minor === 3 ? lengths.swappedIfLonger : lengths.asWritten
}

/**
 * Whether the "empty packet of the year 2055" at `at` is the header of a second file that was appended to the first
 * (`cat a.pcap b.pcap`): its magic reads as the seconds, its version 2.4 as the fraction, its zone and accuracy as lengths.
 */
function isJoinedFile(view: DataView, at: number): boolean {
  const variant = pcapMagic(view.getUint32(at))
  if (variant === null) return false
  return (
    view.getUint16(at + 4, variant.isLittle) === 2 && view.getUint16(at + 6, variant.isLittle) === 4
  )
}
