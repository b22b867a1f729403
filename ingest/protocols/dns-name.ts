import { isPrintable, lowerCase } from './ascii.ts'

// RFC 1035 §3.1, §4.1.4. A name is labels, then a root label or a pointer:
//
//   | 0 0 | length: 6 | length octets |      label, 1 – 63 octets
//   | 0 0 0 0 0 0 0 0 |                      root: the end
//   | 1 1 | offset: 14 from the message |    pointer to a prior occurrence: the end
//
// A name has at most 255 octets. 01 and 10 are reserved.

const nameOctetsMax = 255

/** What `skipName` returns instead of a position. */
export const badName = -1
const cutName = -2

/** Position after the name at `at`; `badName` when it is malformed, −2 when it runs past `end`. Follows no pointer. */
export function skipName(bytes: Uint8Array, at: number, end: number): number {
  let octets = 0
  while (at < end) {
    const length = bytes[at]!
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2 <= end ? at + 2 : cutName
    if (length > 63) return badName
    octets += length + 1
    if (octets > nameOctetsMax) return badName
    at += length + 1
  }
  return cutName
}

/**
 * Text of the name at `at` in the message `bytes[start … end)`: lower case, without the last dot, `.` for the root.
 * Octets that are not printable, and dots and backslashes inside labels, are escaped as in a zone file (RFC 1035 §5.1).
 * Each pointer must lead to before the one that was followed last, so it ends however hostile the message is.
 * @returns null when the name is malformed.
 */
export function readName(bytes: Uint8Array, at: number, start: number, end: number): string | null {
  let text = ''
  let octets = 0
  let limit = at
  while (at < end) {
    const length = bytes[at]!
    if (length === 0) return text === '' ? '.' : text
    if (length >= 0xc0) {
      if (at + 2 > end) return null
      at = start + (((length & 0x3f) << 8) | bytes[at + 1]!)
      if (at >= limit) return null
      limit = at
      continue
    }
    octets += length + 1
    if (length > 63 || octets > nameOctetsMax || at + 1 + length > end) return null
    if (text !== '') text += '.'
    for (let i = at + 1; i <= at + length; i++) text += escapeOctet(bytes[i]!)
    at += length + 1
  }
  return null
}

function escapeOctet(octet: number): string {
  if (octet === 0x2e || octet === 0x5c) return `\\${String.fromCharCode(octet)}`
  if (isPrintable(octet)) return String.fromCharCode(lowerCase(octet))
  return `\\${octet.toString().padStart(3, '0')}`
}
