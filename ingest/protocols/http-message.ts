import { LineReader } from './line-reader.ts'

// RFC 9112 §2.1, HTTP-message:  start-line CRLF, then field lines each with CRLF, then CRLF, then the body
// §6.3, length of the body:     none · chunked (last transfer coding) · Content-Length · until the connection closes
// §7.1, chunk:                  hexadecimal size, optional ";" extensions, CRLF, that many bytes, CRLF; size 0: the last,
//                               then trailer field lines, CRLF

/** How much body follows a head: bytes, or in chunks, or until the end; `tunnel`: no more HTTP on this connection. */
export type BodyLength = number | 'chunked' | 'until-close' | 'tunnel'

/** What a reader of one side tells. Lines are cut at 8 kB and valid during the call. */
export interface MessageEvents {
  /** @returns false when the line starts no message. */
  onStartLine(line: LineReader): boolean
  onField(line: LineReader): void
  onHeadEnd(): BodyLength
  onFault(cause: string): void
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

/** Reads one side of a connection, message after message, skipping bodies without keeping them. */
export class MessageReader {
  readonly #events: MessageEvents
  readonly #line = new LineReader(lineKeptMax)
  #phase: Phase = 'start'
  #bodyLeft = 0
  #headBytes = 0
  #hasMessage = false

  constructor(events: MessageEvents) {
    this.#events = events
  }

  /** @returns false when nothing more can be read of this side. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start
    while (at < end && this.#phase !== 'over' && this.#phase !== 'until-close') {
      if (this.#phase === 'body' || this.#phase === 'chunk') {
        at += this.#skipBody(end - at)
        continue
      }
      at = this.#line.read(bytes, at, end)
      if (this.#line.totalLength > lineMax && this.#phase !== 'resync')
        this.#fail('http-line-too-long')
      else if (this.#line.isComplete) this.#onLine()
    }
    return this.#phase !== 'over'
  }

  /** `length` bytes are missing: harmless inside a body, else the next start line is looked for. */
  gap(length: number): void {
    const phase = this.#phase
    if (phase === 'over' || phase === 'until-close') return
    if ((phase === 'body' || phase === 'chunk') && this.#bodyLeft >= length) {
      this.#skipBody(length)
      return
    }
    this.#line.clear()
    this.#phase = 'resync'
  }

  #onLine(): void {
    const line = this.#line
    if (this.#phase === 'start' || this.#phase === 'resync') this.#onStartLine()
    else if (this.#phase === 'fields') {
      this.#headBytes += line.totalLength
      if (this.#headBytes > headMax) this.#fail('http-head-too-long')
      else if (line.length === 0) this.#onHeadEnd()
      else this.#events.onField(line)
    } else if (this.#phase === 'chunk-size') this.#onChunkSize()
    else if (this.#phase === 'chunk-end') this.#phase = 'chunk-size'
    else if (line.length === 0) this.#phase = 'start'
  }

  #onStartLine(): void {
    // RFC 9112 §2.2: empty lines before a request are ignored.
    if (this.#line.length === 0) return
    this.#headBytes = 0
    if (this.#events.onStartLine(this.#line)) {
      this.#phase = 'fields'
      this.#hasMessage = true
    } else if (this.#phase === 'resync') return
    else if (!this.#hasMessage) this.#fail('http-bad-start-line')
    else {
      // The body was longer than told: where a HEAD was not seen, where a proxy lied.
      this.#events.onFault('http-bad-start-line')
      this.#phase = 'resync'
    }
  }

  #onHeadEnd(): void {
    const body = this.#events.onHeadEnd()
    if (body === 'tunnel') this.#phase = 'over'
    else if (body === 'until-close') this.#phase = 'until-close'
    else if (body === 'chunked') this.#phase = 'chunk-size'
    else this.#setBody(body, 'body', 'start')
  }

  #onChunkSize(): void {
    const { bytes, start, length } = this.#line
    const size = parseHex(bytes, start, length)
    if (size < 0) this.#fail('http-bad-chunk')
    else this.#setBody(size, 'chunk', 'trailers')
  }

  #setBody(length: number, whenSome: Phase, whenNone: Phase): void {
    this.#bodyLeft = length
    this.#phase = length > 0 ? whenSome : whenNone
  }

  #skipBody(available: number): number {
    const skipped = Math.min(available, this.#bodyLeft)
    this.#bodyLeft -= skipped
    if (this.#bodyLeft === 0) this.#phase = this.#phase === 'body' ? 'start' : 'chunk-end'
    return skipped
  }

  #fail(cause: string): void {
    this.#events.onFault(cause)
    this.#phase = 'over'
  }
}

/** Hexadecimal digits at the start of a line; −1 when there are none or too many for an exact number. */
function parseHex(bytes: Uint8Array, start: number, length: number): number {
  let value = 0
  let digits = 0
  for (; digits < length; digits++) {
    const digit = hexDigit(bytes[start + digits]!)
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
