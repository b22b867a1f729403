/** Bytes of the length prefix of both protocols that are framed this way. */
const prefixBytes = 4

export interface FramingRules {
  /** Bytes of each message that are delivered; the rest of it is skipped without being kept. */
  readonly headBytesMax: number
  /** Length of the message behind the four-byte prefix at `at`; negative when it can be no prefix. */
  lengthOf(bytes: Uint8Array, at: number): number
  /**
   * Whether the 8 bytes at `at` are a prefix and the start of a message of more than 4 bytes; null: after a loss there
   * is no way back.
   */
  readonly isStart: ((bytes: Uint8Array, at: number) => boolean) | null
}

/** A message or its first bytes: `bytes[start … end)`, valid during the call; it had `length` bytes on the wire. */
export type OnMessage = (bytes: Uint8Array, start: number, end: number, length: number) => void

/** What became of some bytes: `lost`: a prefix made no sense and nothing more can be read. */
export type FramingState = 'reading' | 'lost'

/**
 * Cuts one direction of a stream into messages with a four-byte length prefix (NetBIOS session service, Kerberos
 * over TCP). Keeps at most `headBytesMax` + 4 bytes, whatever lengths are claimed; result independent of chunking.
 */
export interface Framer {
  push(bytes: Uint8Array, start: number, end: number, onMessage: OnMessage): FramingState
  /** `length` bytes are missing. */
  gap(length: number): FramingState
  /** Prefixes so far that could be none. */
  readonly badPrefixes: number
}

const resyncBytes = 8

export function createFramer(rules: FramingRules): Framer {
  let kept: Uint8Array | null = null
  let keptCount = 0
  let skipBytes = 0
  let mode: 'message' | 'searching' | 'lost' = 'message'
  let badPrefixes = 0

  const lose = () => {
    mode = rules.isStart === null ? 'lost' : 'searching'
    skipBytes = 0
  }
  const keep = (bytes: Uint8Array, from: number, count: number) => {
    kept ??= new Uint8Array(prefixBytes + rules.headBytesMax)
    kept.set(bytes.subarray(from, from + count), keptCount)
    keptCount += count
    return count
  }

  /** Takes what is there of the message at `at`; returns the bytes consumed, none after a bad prefix. */
  const takeMessage = (
    bytes: Uint8Array,
    at: number,
    end: number,
    onMessage: OnMessage,
  ): number => {
    if (keptCount === 0 && end - at >= prefixBytes) {
      const length = rules.lengthOf(bytes, at)
      if (length < 0) {
        rejectPrefix()
        return 0
      }
      const head = Math.min(length, rules.headBytesMax)
      if (end - at >= prefixBytes + head) return deliver(bytes, at, length, head, onMessage)
    }
    if (keptCount < prefixBytes) {
      const taken = keep(bytes, at, Math.min(prefixBytes - keptCount, end - at))
      if (keptCount === prefixBytes && rules.lengthOf(kept!, 0) < 0) rejectPrefix()
      return taken
    }
    const length = rules.lengthOf(kept!, 0)
    const head = Math.min(length, rules.headBytesMax)
    const taken = keep(bytes, at, Math.min(prefixBytes + head - keptCount, end - at))
    if (keptCount === prefixBytes + head) deliver(kept!, 0, length, head, onMessage)
    return taken
  }
  const deliver = (
    bytes: Uint8Array,
    at: number,
    length: number,
    head: number,
    onMessage: OnMessage,
  ) => {
    keptCount = 0
    skipBytes = length - head
    if (length > 0) onMessage(bytes, at + prefixBytes, at + prefixBytes + head, length)
    return prefixBytes + head
  }
  // The bytes of a bad prefix stay kept: a message may start within them.
  const rejectPrefix = () => {
    badPrefixes++
    lose()
  }

  /** Looks for the start of a message; returns the bytes consumed. Windows that reach back into kept bytes come first. */
  const search = (bytes: Uint8Array, at: number, end: number): number => {
    let from = at
    while (keptCount > 0 && from < end) {
      kept![keptCount++] = bytes[from++]!
      if (keptCount < resyncBytes) continue
      if (rules.isStart?.(kept!, 0) === true) {
        mode = 'message'
        return from - at
      }
      kept!.copyWithin(0, 1, resyncBytes)
      keptCount = resyncBytes - 1
      if (from - at < keptCount) continue
      // All that is kept stands in `bytes` too: look there, where no byte is moved.
      from -= keptCount
      keptCount = 0
    }
    if (keptCount > 0) return from - at
    for (; from + resyncBytes <= end; from++) {
      if (rules.isStart?.(bytes, from) === true) {
        mode = 'message'
        return from - at
      }
    }
    keep(bytes, from, end - from)
    return end - at
  }

  return {
    push(bytes, start, end, onMessage) {
      let at = start
      while (at < end && mode !== 'lost') {
        const skipped = Math.min(skipBytes, end - at)
        skipBytes -= skipped
        at += skipped
        if (at === end) break
        at += mode === 'searching' ? search(bytes, at, end) : takeMessage(bytes, at, end, onMessage)
      }
      return mode === 'lost' ? 'lost' : 'reading'
    },
    gap(length) {
      if (skipBytes >= length) {
        skipBytes -= length
      } else {
        keptCount = 0
        lose()
      }
      return mode === 'lost' ? 'lost' : 'reading'
    },
    get badPrefixes() {
      return badPrefixes
    },
  }
}
