/** Whether `bytes[start … end)` starts with the ASCII text `prefix`. */
export function startsWith(bytes: Uint8Array, start: number, end: number, prefix: string): boolean {
  return end - start >= prefix.length && matchesSoFar(bytes, start, end, prefix)
}

/** Whether all bytes present agree with `prefix`; true when they are fewer than it has and agree so far. */
export function matchesSoFar(
  bytes: Uint8Array,
  start: number,
  end: number,
  prefix: string,
): boolean {
  const stop = Math.min(end - start, prefix.length)
  for (let i = 0; i < stop; i++) if (bytes[start + i] !== prefix.charCodeAt(i)) return false
  return true
}

/** ASCII 32 – 126 (RFC 20). */
export function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f
}

/** ASCII 0 – 9. */
export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** The byte of a capital letter as that of the small one, others as they are. */
export function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}
