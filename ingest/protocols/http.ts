import type { Outcome } from '../../records/summary-batch.ts'
import {
  type DecoderOutput,
  type ProtocolDecoder,
  type Session,
  type Summary,
  type Verdict,
  verdict,
} from '../protocol.ts'
import { type BodyLength, createMessageReader, type MessageEvents } from './http-message.ts'
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
  open: createHttpSession,
}

function probePrefix(bytes: Uint8Array, start: number, end: number, prefix: string): Verdict {
  if (!matchesSoFar(bytes, start, end, prefix)) return verdict.no
  return end - start >= prefix.length ? verdict.yes : verdict.more
}

/** RTSP and SIP share methods with HTTP: the target must be a path, `*`, an authority or an http URL. */
function probeRequest(bytes: Uint8Array, start: number, end: number): Verdict {
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

function createHttpSession(): Session {
  const pending: Request[] = []
  let output: DecoderOutput | null = null
  let request = newRequest('')
  let response = newResponse(0)
  let isTunnel = false
  let wasSuccessTold = false

  const reject = (cause: string) => output?.reject(cause)

  function tellStatus(asked: Request | undefined): void {
    const summary: Summary = { service: 'http', event: 'status', reason: String(response.code) }
    if (asked !== undefined) summary.details = { method: asked.method }
    setNames(summary, asked, response)
    output?.emit(summary)
  }

  /** A client that sends its credentials with each request logs in once. */
  function tellLogin(asked: Request | undefined): void {
    if (asked === undefined || asked.scheme === null) return
    const outcome = judge(response)
    if (outcome === null || (outcome === 'success' && wasSuccessTold)) return
    wasSuccessTold = outcome === 'success'
    const summary: Summary = {
      service: 'http',
      event: 'login',
      outcome,
      reason: String(response.code),
      details: { scheme: asked.scheme },
    }
    setNames(summary, asked, response)
    output?.emit(summary)
  }

  const requests: MessageEvents = {
    onStartLine(line) {
      const method = methodOf(line)
      if (method === null) return false
      request = newRequest(method)
      return true
    },
    onField: (line) => readRequestField(line, request),
    onHeadEnd() {
      if (pending.length >= pendingMax) {
        reject('http-pipeline-full')
        pending.length = 0
      }
      pending.push(request)
      return request.isChunked ? 'chunked' : request.length
    },
    onFault: reject,
  }

  const responses: MessageEvents = {
    onStartLine(line) {
      const code = codeOf(line)
      if (code === 0) return false
      response = newResponse(code)
      return true
    },
    onField: (line) => readResponseField(line, response),
    onHeadEnd() {
      // RFC 9110 §15.2: interim responses come before the one that answers.
      if (response.code < 200 && response.code !== 101) return 0
      const asked = pending.shift()
      tellStatus(asked)
      tellLogin(asked)
      const body = bodyOf(asked?.method, response)
      isTunnel ||= body === 'tunnel'
      return body
    },
    onFault: reject,
  }

  const readers = [createMessageReader(responses), createMessageReader(requests)] as const
  const isReadable: [boolean, boolean] = [true, true]
  return {
    onData(bytes, start, end, isOrig, _flow, out) {
      output = out
      const side = isOrig ? 1 : 0
      isReadable[side] = readers[side].read(bytes, start, end)
      output = null
      // Without responses there is nothing to tell; without requests a status still is.
      return isReadable[0] && !isTunnel
    },
    onGap(length, isOrig) {
      readers[isOrig ? 1 : 0].gap(length)
    },
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
  let at = 0
  while (at < line.length && isTokenByte(line.bytes[at]!)) at++
  if (at === 0 || at > methodMax || line.bytes[at] !== 0x20) return null
  const isCut = line.totalLength > line.length + 2
  const isVersioned =
    line.length > 9 && startsWith(line.bytes, line.length - 9, line.length, ' HTTP/1.')
  return isCut || isVersioned ? fieldText(line.bytes, 0, at, methodMax) : null
}

/** 0 when the line is no status line of HTTP/1.x. */
function codeOf(line: LineReader): number {
  const { bytes, length } = line
  if (length < 12 || !startsWith(bytes, 0, length, 'HTTP/1.') || bytes[8] !== 0x20) return 0
  for (let i = 9; i < 12; i++) if (!isDigit(bytes[i]!)) return 0
  const code = Number(fieldText(bytes, 9, 12, 3))
  return code >= 100 ? code : 0
}

/** RFC 9110 §5.6.2: letters, digits and a few marks; upper-case letters are all that methods use. */
function isTokenByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || byte === 0x2d || byte === 0x5f
}
