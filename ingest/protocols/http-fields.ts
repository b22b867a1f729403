import { fieldText } from './field.ts'
import type { LineReader } from './line-reader.ts'

/** What of a request is kept until its response comes. */
export interface Request {
  method: string
  host: string | null
  userAgent: string | null
  /** `basic` or `digest` when credentials were sent. */
  scheme: string | null
  length: number
  isChunked: boolean
}

/** What of a response's head is told or decides how its body ends. */
export interface Response {
  code: number
  server: string | null
  length: number | null
  isChunked: boolean
  /** RFC 7616 §3.3: the credentials were right, the nonce too old. */
  isStale: boolean
}

/** Takes what is told of one field line (RFC 9110 §5); credentials only by their scheme. */
export function readRequestField(line: LineReader, request: Request): void {
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

/** As `readRequestField`, of a response. */
export function readResponseField(line: LineReader, response: Response): void {
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
