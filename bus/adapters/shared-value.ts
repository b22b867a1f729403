/** A copy of `value` in memory that all threads see: from here on it crosses threads without being copied again. */
export function shared(value: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(value.length))
  copy.set(value)
  return copy
}

/** `value` as it can be posted: shared memory as it is; a piece of a larger buffer alone, for posting copies the whole. */
export function sendable(value: Uint8Array): Uint8Array {
  const isWhole = value.byteLength === value.buffer.byteLength
  return value.buffer instanceof SharedArrayBuffer || isWhole ? value : value.slice()
}
