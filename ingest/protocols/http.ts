import type { Outcome } from '../../records/summary-batch.ts'
import {
  type DecoderOutput,
  type FlowFacts,
  type ProtocolDecoder,
  type Session,
  type Summary,
  type Verdict,
  verdict,
} from '../protocol.ts'
import { type BodyLength, type MessageEvents, MessageReader } from './http-message.ts'
import { type Request, type Response, readRequestField, readResponseField } from './http-fields.ts'
import type { LineReader } from './line-reader.ts'
import { isDigit, matchesSoFar, startsWith } from './ascii.ts'
import { fieldText } from './field.ts'

// RFC 9112 §3, request-line:  method SP request-target SP HTTP-version
// §4, status-line:            HTTP-version SP three digits SP reason
// §5, field-line:             name ":" optional space, value, optional space
// RFC 9110 §11.6.2, Authorization: scheme SP credentials. Only the scheme is read.

/** Requests whose responses have not come yet. */
const pendingMax = 64

/** HTTP/1.x on any port: a `status` per response, a `login` where Basic or Digest was tried (docs/formats/http.md). */
export const http: ProtocolDecoder = {
  service: 'http',
  transport: 'tcp',
  probe: (bytes, start, end, isOrig) =>
    isOrig ? probeRequest(bytes, start, end) : probePrefix(bytes, start, end, 'HTTP/1.'),
  open: () => new HttpSession(),
}

function probePrefix(bytes: Uint8Array, start: number, end: number, prefix: string): Verdict {
  if (!matchesSoFar(bytes, start, end, prefix)) return verdict.no
  return end - start >= prefix.length ? verdict.yes : verdict.more
}

/** RTSP and SIP share methods with HTTP: the target must be a path, `*`, an authority or an http URL. */
function probeRequest(bytes: Uint8Array, start: number, end: number): Verdict {
  const first = bytes[start]!
  if (end > start && (first > 0x5a || isFirstOfMethod[first] === 0)) return verdict.no
  for (const method of methods) {
    if (!matchesSoFar(bytes, start, end, method)) continue
    if (end - start <= method.length) return verdict.more
    const target = bytes[start + method.length]!
    const isPath = target === 0x2f || target === 0x2a
    if (isPath || method === 'CONNECT ') return verdict.yes
    return probePrefix(bytes, start + method.length, end, 'http')
  }
  return verdict.no
}

/** IANA "HTTP Methods", those in use; no one is the beginning of another. */
const methods = [
  'GET ',
  'POST ',
  'HEAD ',
  'PUT ',
  'DELETE ',
  'OPTIONS ',
  'CONNECT ',
  'PATCH ',
  'TRACE ',
  'PROPFIND ',
  'PROPPATCH ',
  'MKCOL ',
  'COPY ',
  'MOVE ',
  'LOCK ',
  'UNLOCK ',
  'REPORT ',
  'SEARCH ',
]

/** 1 at the bytes that a method begins with. */
const isFirstOfMethod = new Uint8Array(0x5b)
for (const method of methods) isFirstOfMethod[method.charCodeAt(0)] = 1

/** Both sides of one connection. Classes, not closures: there is one for every flow, and its making is measured. */
class HttpSession implements Session {
  readonly #pending: Request[] = []
  readonly #requests = new MessageReader(new RequestEvents(this))
  readonly #responses = new MessageReader(new ResponseEvents(this))
  #output: DecoderOutput | null = null
  #isTunnel = false
  #wasSuccessTold = false

  onData(
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
    _flow: FlowFacts,
    out: DecoderOutput,
  ): boolean {
    this.#output = out
    const isReadable = (isOrig ? this.#requests : this.#responses).read(bytes, start, end)
    this.#output = null
    // Without responses there is nothing to tell; without requests a status still is.
    if (!isOrig && !isReadable) return false
    return !this.#isTunnel
  }

  onGap(length: number, isOrig: boolean): void {
    ;(isOrig ? this.#requests : this.#responses).gap(length)
  }

  reject(cause: string): void {
    this.#output?.reject(cause)
  }

  onRequest(request: Request): void {
    if (this.#pending.length >= pendingMax) {
      this.reject('http-pipeline-full')
      this.#pending.length = 0
    }
    this.#pending.push(request)
  }

  onResponse(response: Response): BodyLength {
    const asked = this.#pending.shift()
    this.#tellStatus(asked, response)
    this.#tellLogin(asked, response)
    const body = bodyOf(asked?.method, response)
    this.#isTunnel ||= body === 'tunnel'
    return body
  }

  #tellStatus(asked: Request | undefined, response: Response): void {
    const summary: Summary = { service: 'http', event: 'status', reason: String(response.code) }
    if (asked !== undefined) summary.details = { method: asked.method }
    setNames(summary, asked, response)
    this.#output?.emit(summary)
  }

  /** A client that sends its credentials with each request logs in once. */
  #tellLogin(asked: Request | undefined, response: Response): void {
    if (asked === undefined || asked.scheme === null) return
    const outcome = judge(response)
    if (outcome === null || (outcome === 'success' && this.#wasSuccessTold)) return
    this.#wasSuccessTold = outcome === 'success'
    const summary: Summary = {
      service: 'http',
      event: 'login',
      outcome,
      reason: String(response.code),
      details: { scheme: asked.scheme },
    }
    setNames(summary, asked, response)
    this.#output?.emit(summary)
  }
}

class RequestEvents implements MessageEvents {
  readonly #session: HttpSession
  #request: Request | null = null

  constructor(session: HttpSession) {
    this.#session = session
  }

  onStartLine(line: LineReader): boolean {
    const method = methodOf(line)
    if (method === null) return false
    this.#request = newRequest(method)
    return true
  }

  onField(line: LineReader): void {
    if (this.#request !== null) readRequestField(line, this.#request)
  }

  onHeadEnd(): BodyLength {
    const request = this.#request
    if (request === null) return 0
    this.#session.onRequest(request)
    return request.isChunked ? 'chunked' : request.length
  }

  onFault(cause: string): void {
    this.#session.reject(cause)
  }
}

class ResponseEvents implements MessageEvents {
  readonly #session: HttpSession
  #response: Response | null = null

  constructor(session: HttpSession) {
    this.#session = session
  }

  onStartLine(line: LineReader): boolean {
    const code = codeOf(line)
    if (code === 0) return false
    this.#response = newResponse(code)
    return true
  }

  onField(line: LineReader): void {
    if (this.#response !== null) readResponseField(line, this.#response)
  }

  onHeadEnd(): BodyLength {
    const response = this.#response
    // RFC 9110 §15.2: interim responses come before the one that answers.
    if (response === null || (response.code < 200 && response.code !== 101)) return 0
    return this.#session.onResponse(response)
  }

  onFault(cause: string): void {
    this.#session.reject(cause)
  }
}

function setNames(summary: Summary, asked: Request | undefined, response: Response): void {
  if (asked !== undefined && asked.host !== null) summary.name = asked.host
  if (asked !== undefined && asked.userAgent !== null) summary.client = asked.userAgent
  if (response.server !== null) summary.server = response.server
}

function newRequest(method: string): Request {
  return { method, host: null, userAgent: null, scheme: null, length: 0, isChunked: false }
}

function newResponse(code: number): Response {
  return { code, server: null, length: null, isChunked: false, isStale: false }
}

/** Null: the status says nothing about the credentials (404, 500 …). */
function judge({ code, isStale }: Response): Outcome | null {
  if (code === 401 || code === 407) return isStale ? null : 'failure'
  if (code === 403) return 'failure'
  return code >= 200 && code < 400 ? 'success' : null
}

/** RFC 9112 §6.3. */
function bodyOf(method: string | undefined, response: Response): BodyLength {
  const { code, length, isChunked } = response
  if (code === 101 || (method === 'CONNECT' && code < 300)) return 'tunnel'
  if (method === 'HEAD' || code === 204 || code === 304) return 0
  if (isChunked) return 'chunked'
  return length ?? 'until-close'
}

const methodMax = 32

/** Null when the line is no request line of HTTP/1.x. Lines are cut at 8 kB: then the method is enough. */
function methodOf(line: LineReader): string | null {
  const { bytes, start, length } = line
  let size = 0
  while (size < length && isTokenByte(bytes[start + size]!)) size++
  if (size === 0 || size > methodMax || size === length || bytes[start + size] !== 0x20) return null
  const isCut = line.totalLength > length + 2
  const end = start + length
  const isVersioned = length > 9 && startsWith(bytes, end - 9, end, ' HTTP/1.')
  return isCut || isVersioned ? fieldText(bytes, start, start + size, methodMax) : null
}

/** 0 when the line is no status line of HTTP/1.x. */
function codeOf(line: LineReader): number {
  const { bytes, start, length } = line
  if (length < 12 || !startsWith(bytes, start, start + length, 'HTTP/1.')) return 0
  if (bytes[start + 8] !== 0x20) return 0
  let code = 0
  for (let at = start + 9; at < start + 12; at++) {
    if (!isDigit(bytes[at]!)) return 0
    code = code * 10 + bytes[at]! - 0x30
  }
  return code >= 100 ? code : 0
}

/** RFC 9110 §5.6.2: letters, digits and a few marks; upper-case letters are all that methods use. */
function isTokenByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d || byte === 0x5f
}
