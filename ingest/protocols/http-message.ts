import { createLineReader, type LineReader } from './line-reader.ts'

// RFC 9112 §2.1, HTTP-message:  start-line CRLF, then field lines each with CRLF, then CRLF, then the body
// §6.3, length of the body:     none · chunked (last transfer coding) · Content-Length · until the connection closes
// §7.1, chunk:                  hexadecimal size, optional ";" extensions, CRLF, that many bytes, CRLF; size 0: the last,
//                               then trailer field lines, CRLF

/** How much body follows a head: bytes, or in chunks, or until the end; `tunnel`: no more HTTP on this connection. */
export type BodyLength = number | 'chunked' | 'until-close' | 'tunnel'

/** What a reader of one side tells. Lines are in `line.bytes[0 … line.length)`, cut at 8 kB. */
export interface MessageEvents {
  /** @returns false when the line starts no message. */
  onStartLine(line: LineReader): boolean
  onField(line: LineReader): void
  onHeadEnd(): BodyLength
  onFault(cause: string): void
}

/** Reads one side of a connection, message after message, skipping bodies without keeping them. */
export interface MessageReader {
  /** @returns false when nothing more can be read of this side. */
  read(bytes: Uint8Array, start: number, end: number): boolean
  /** `length` bytes are missing: harmless inside a body, else the next start line is looked for. */
  gap(length: number): void
}

/** What of a line is kept: more than any field that is told. */
const lineKeptMax = 8192
/** Longest line and largest head that are read at all. */
const lineMax = 65_536
const headMax = 262_144

/** `resync`: lines are skipped until one starts a message. */
type Phase =
  | 'start'
  | 'resync'
  | 'fields'
  | 'body'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'over'

export function createMessageReader(events: MessageEvents): MessageReader {
  const line = createLineReader(lineKeptMax)
  let phase: Phase = 'start'
  let bodyLeft = 0
  let headBytes = 0
  let messages = 0

  function fail(cause: string): void {
    events.onFault(cause)
    phase = 'over'
  }

  function onStartLine(): void {
    // RFC 9112 §2.2: empty lines before a request are ignored.
    if (line.length === 0) return
    headBytes = 0
    if (events.onStartLine(line)) {
      phase = 'fields'
      messages++
    } else if (phase === 'resync') return
    else if (messages === 0) fail('http-bad-start-line')
    else {
      // The body was longer than told: where a HEAD was not seen, where a proxy lied.
      events.onFault('http-bad-start-line')
      phase = 'resync'
    }
  }

  function onHeadEnd(): void {
    const body = events.onHeadEnd()
    if (body === 'tunnel') phase = 'over'
    else if (body === 'until-close') phase = 'until-close'
    else if (body === 'chunked') phase = 'chunk-size'
    else setBody(body, 'body', 'start')
  }

  function setBody(length: number, whenSome: Phase, whenNone: Phase): void {
    bodyLeft = length
    phase = length > 0 ? whenSome : whenNone
  }

  function onChunkSize(): void {
    const size = parseHex(line.bytes, line.length)
    if (size < 0) fail('http-bad-chunk')
    else setBody(size, 'chunk', 'trailers')
  }

  function onLine(): void {
    if (phase === 'start' || phase === 'resync') onStartLine()
    else if (phase === 'fields') {
      headBytes += line.totalLength
      if (headBytes > headMax) fail('http-head-too-long')
      else if (line.length === 0) onHeadEnd()
      else events.onField(line)
    } else if (phase === 'chunk-size') onChunkSize()
    else if (phase === 'chunk-end') phase = 'chunk-size'
    else if (line.length === 0) phase = 'start'
  }

  function skipBody(available: number): number {
    const skipped = Math.min(available, bodyLeft)
    bodyLeft -= skipped
    if (bodyLeft === 0) phase = phase === 'body' ? 'start' : 'chunk-end'
    return skipped
  }

  return {
    read(bytes, start, end) {
      let at = start
      while (at < end && phase !== 'over' && phase !== 'until-close') {
        if (phase === 'body' || phase === 'chunk') {
          at += skipBody(end - at)
          continue
        }
        at = line.read(bytes, at, end)
        if (line.totalLength > lineMax && phase !== 'resync') fail('http-line-too-long')
        else if (line.isComplete) onLine()
      }
      return phase !== 'over'
    },
    gap(length) {
      if (phase === 'over' || phase === 'until-close') return
      if ((phase === 'body' || phase === 'chunk') && bodyLeft >= length) {
        skipBody(length)
        return
      }
      line.clear()
      phase = 'resync'
    },
  }
}

/** Hexadecimal digits at the start of a line; −1 when there are none or too many for an exact number. */
function parseHex(bytes: Uint8Array, length: number): number {
  let value = 0
  let digits = 0
  for (; digits < length; digits++) {
    const digit = hexDigit(bytes[digits]!)
    if (digit < 0) break
    value = value * 16 + digit
  }
  return digits === 0 || digits > 13 ? -1 : value
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
