import { isDigit, lowerCase } from './ascii.ts'
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
  const name = fieldNameOf(line)
  if (name === 'host') request.host = withoutUserInfo(valueOf(line)).toLowerCase()
  else if (name === 'user-agent') request.userAgent = valueOf(line)
  else if (name === 'authorization' || name === 'proxy-authorization') {
    const scheme = valueOf(line).split(' ')[0]!.toLowerCase()
    if (scheme === 'basic' || scheme === 'digest') request.scheme = scheme
  } else if (name === 'content-length') request.length = lengthOf(line) ?? 0
  else if (name === 'transfer-encoding') request.isChunked = isChunked(valueOf(line))
}

/** As `readRequestField`, of a response. */
export function readResponseField(line: LineReader, response: Response): void {
  const name = fieldNameOf(line)
  if (name === 'server') response.server = valueOf(line)
  else if (name === 'content-length') response.length = lengthOf(line)
  else if (name === 'transfer-encoding') response.isChunked = isChunked(valueOf(line))
  else if (name === 'www-authenticate' || name === 'proxy-authenticate') {
    response.isStale ||= /\bstale="?true/i.test(valueOf(line, 1024))
  }
}

/** Field names that are read. No two are of one length, so a line costs at most one comparison and no text. */
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
] as const
type FieldName = (typeof fieldNames)[number]
const fieldNameMax = Math.max(...fieldNames.map((name) => name.length))
const nameOfLength: readonly (FieldName | null)[] = Array.from(
  { length: fieldNameMax + 1 },
  (_, length) => fieldNames.find((name) => name.length === length) ?? null,
)

/** Null for lines that are no field or one that is not read. */
function fieldNameOf(line: LineReader): FieldName | null {
  const { bytes, start } = line
  const lengthMax = Math.min(line.length - 1, fieldNameMax)
  let colon = 0
  while (colon <= lengthMax && bytes[start + colon] !== 0x3a) colon++
  if (colon > lengthMax) return null
  const name = nameOfLength[colon] ?? null
  if (name === null) return null
  for (let i = 0; i < colon; i++)
    if (lowerCase(bytes[start + i]!) !== name.charCodeAt(i)) return null
  return name
}

/** First byte of the value of a line that is a field. */
function valueStart({ bytes, start, length }: LineReader): number {
  const end = start + length
  let at = start
  while (bytes[at] !== 0x3a) at++
  at++
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++
  return at
}

function valueOf(line: LineReader, lengthMax = 256): string {
  const end = line.start + line.length
  return fieldText(line.bytes, valueStart(line), end, lengthMax).trimEnd()
}

function withoutUserInfo(host: string): string {
  return host.slice(host.lastIndexOf('@') + 1)
}

/** Null when the value is no number of 1 to 15 digits. */
function lengthOf(line: LineReader): number | null {
  const { bytes } = line
  const start = valueStart(line)
  let end = line.start + line.length
  while (end > start && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x09)) end--
  if (end === start || end - start > 15) return null
  let length = 0
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at]!)) return null
    length = length * 10 + bytes[at]! - 0x30
  }
  return length
}

function isChunked(text: string): boolean {
  return /(^|[ ,])chunked$/i.test(text)
}
