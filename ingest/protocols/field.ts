// Fields as text and numbers, for all decoders.

const decoder = new TextDecoder('utf-8')

/** Control, format (bidirectional overrides, zero-width), private and unassigned characters; U+FFFD stands for each. */
const unprintable = /[\p{C}\u2028\u2029]/gu

/**
 * Text of a protocol field as it may be stored and shown: UTF-8, of at most `bytesMax` bytes, with no control
 * character in it, so that a hostile name can break neither a log line nor a terminal.
 */
export function fieldText(bytes: Uint8Array, start: number, end: number, bytesMax: number): string {
  const length = Math.min(end - start, bytesMax)
  if (length > 0 && length <= asciiBytesMax && copyPrintable(bytes, start, length))
    return ascii.toString('latin1', 0, length)
  const text = decoder.decode(bytes.subarray(start, Math.min(end, start + bytesMax)))
  return text.replace(unprintable, '\ufffd')
}

/** Nearly every field is printable ASCII and short: made into text 5 times as fast as by decoder and expression. */
const asciiBytesMax = 256
const ascii = Buffer.alloc(asciiBytesMax)

/** Copies bytes to `ascii`; false at the first that is not printable. */
function copyPrintable(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]!
    if (byte < 0x20 || byte > 0x7e) return false
    ascii[i] = byte
  }
  return true
}

/** Big-endian 16 bits; the caller has checked that they are there. */
export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** Big-endian 32 bits, 0 to 4,294,967,295; the caller has checked that they are there. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  )
}
