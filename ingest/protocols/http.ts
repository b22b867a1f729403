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

interface Request {
  method: string
  host: string | null
  userAgent: string | null
  /** `basic` or `digest` when credentials were sent. */
  scheme: string | null
  length: number
  isChunked: boolean
}

interface Response {
  code: number
  server: string | null
  length: number | null
  isChunked: boolean
  /** RFC 7616 §3.3: the credentials were right, the nonce too old. */
  isStale: boolean
}

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

function readRequestField(line: LineReader, request: Request): void {
  const field = fieldOf(line)
  if (field === null) return
  if (field.name === 'host') request.host = withoutUserInfo(field.text()).toLowerCase()
  else if (field.name === 'user-agent') request.userAgent = field.text()
  else if (field.name === 'authorization' || field.name === 'proxy-authorization') {
    const scheme = field.text().split(' ')[0]!.toLowerCase()
    if (scheme === 'basic' || scheme === 'digest') request.scheme = scheme
  } else if (field.name === 'content-length') request.length = lengthOf(field.text()) ?? 0
  else if (field.name === 'transfer-encoding') request.isChunked = isChunked(field.text())
}

function readResponseField(line: LineReader, response: Response): void {
  const field = fieldOf(line)
  if (field === null) return
  if (field.name === 'server') response.server = field.text()
  else if (field.name === 'content-length') response.length = lengthOf(field.text())
  else if (field.name === 'transfer-encoding') response.isChunked = isChunked(field.text())
  else if (field.name === 'www-authenticate' || field.name === 'proxy-authenticate') {
    response.isStale ||= /\bstale="?true/i.test(field.text(1024))
  }
}

/** Field names that are read, by their length: others cost no text. */
const fieldNames = [
  'host',
  'server',
  'user-agent',
  'authorization',
  'content-length',
  'www-authenticate',
  'transfer-encoding',
  'proxy-authenticate',
  'proxy-authorization',
]
const fieldNameMax = Math.max(...fieldNames.map((name) => name.length))
const isFieldLength = Array.from({ length: fieldNameMax + 1 }, (_, length) =>
  fieldNames.some((name) => name.length === length),
)

/** Name in lower case and a reader of the value; null for lines that are no field or one that is not read. */
function fieldOf({ bytes, length }: LineReader) {
  let colon = 0
  while (colon < length && colon <= fieldNameMax && bytes[colon] !== 0x3a) colon++
  if (colon >= length || isFieldLength[colon] !== true) return null
  return {
    name: fieldText(bytes, 0, colon, fieldNameMax).toLowerCase(),
    text: (lengthMax = 256) => {
      let from = colon + 1
      while (from < length && (bytes[from] === 0x20 || bytes[from] === 0x09)) from++
      return fieldText(bytes, from, length, lengthMax).trimEnd()
    },
  }
}

function withoutUserInfo(host: string): string {
  return host.slice(host.lastIndexOf('@') + 1)
}

function lengthOf(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null
}

function isChunked(text: string): boolean {
  return /(^|[ ,])chunked$/i.test(text)
}
