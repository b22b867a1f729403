import {
  type DecoderOutput,
  type FlowFacts,
  type ProtocolDecoder,
  type Session,
  type Summary,
  verdict,
} from '../protocol.ts'
import { fieldText, readU16 } from './field.ts'

// RFC 8446 §5.1, TLSPlaintext:   | type: 8 | legacy_record_version: 16 | length: 16 | fragment |
// §4, Handshake (in fragments):  | msg_type: 8 | length: 24 | body |
// §4.1.2, ClientHello:           | legacy_version: 16 | random: 32 octets
//                                | legacy_session_id<0..32>: length 8 | cipher_suites<2..2^16-2>: length 16
//                                | legacy_compression_methods<1..2^8-1>: length 8 | extensions<8..2^16-1>: length 16 |
// §4.2, Extension:               | extension_type: 16 | extension_data<0..2^16-1>: length 16 |

const handshakeRecord = 22
const clientHello = 1
/** §5.1: a fragment has at most 2^14 octets; RFC 5246 §6.2.3 let ciphertext have 2,048 more. */
const fragmentMax = 16_384 + 2048
/** A ClientHello with post-quantum key shares has 2 kB; longer than this is counted and left. */
const helloMax = 32_768
const extension = {
  serverName: 0,
  alpn: 16,
  supportedVersions: 43,
  encryptedClientHello: 0xfe0d,
} as const

/** TLS and SSL 3.0: one `hello` per connection from its ClientHello (docs/formats/tls.md). */
export const tls: ProtocolDecoder = {
  service: 'tls',
  transport: 'tcp',
  probe(bytes, start, end, isOrig) {
    const length = end - start
    if (bytes[start] !== handshakeRecord) return verdict.no
    if (length < 2) return verdict.more
    if (bytes[start + 1] !== 3) return verdict.no
    // A server's flight tells nothing that is kept: wait for the client's.
    if (length < 6 || !isOrig) return verdict.more
    const fragment = (bytes[start + 3]! << 8) | bytes[start + 4]!
    const isHello = bytes[start + 2]! <= 4 && bytes[start + 5] === clientHello
    return isHello && fragment >= 1 && fragment <= fragmentMax ? verdict.yes : verdict.no
  },
  open: () => new TlsSession(),
}

/** Bytes of a record's header, and of a handshake message's. */
const recordHeaderBytes = 5
const handshakeHeaderBytes = 4
const noBytes = new Uint8Array(0)

/** Reads the ClientHello where it stands when it comes in one piece; else joins the client's handshake fragments. */
class TlsSession implements Session {
  #buffer: Uint8Array = noBytes
  #kept = 0
  /** Bytes of the record header at hand: how many came, and what they say. */
  #headerBytes = 0
  #type = 0
  #version = 0
  #lengthHigh = 0
  #fragmentLeft = 0

  onData(
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
    _flow: FlowFacts,
    out: DecoderOutput,
  ): boolean {
    if (!isOrig) return true
    let at = start
    while (at < end) {
      if (this.#fragmentLeft === 0) {
        if (!this.#readHeader(bytes[at++]!)) return refuse(out, 'tls-bad-record')
        continue
      }
      const stop = Math.min(end, at + this.#fragmentLeft)
      const isWhole = this.#kept === 0 && isWholeHello(bytes, at, stop)
      if (isWhole) return tellHello(bytes, at, stop, out)
      this.#keep(bytes, at, stop)
      this.#fragmentLeft -= stop - at
      at = stop
      if (this.#kept < handshakeHeaderBytes) continue
      const buffer = this.#buffer
      if (buffer[0] !== clientHello) return refuse(out, 'tls-bad-hello')
      const length = lengthAt(buffer, 1)
      if (length > helloMax) return refuse(out, 'tls-hello-too-long')
      if (this.#kept >= handshakeHeaderBytes + length) return tellHello(buffer, 0, this.#kept, out)
    }
    return true
  }

  onGap(_length: number, isOrig: boolean, _flow: FlowFacts, out: DecoderOutput): void {
    if (!isOrig) return
    // The rest of this hello cannot be placed; what comes next reads as a bad record and ends the session.
    out.reject('tls-gap')
    this.#fragmentLeft = 0
    this.#headerBytes = 0
    this.#kept = 0
  }

  onEnd(_flow: FlowFacts, out: DecoderOutput): void {
    if (this.#kept > 0) out.reject('tls-truncated')
  }

  /** Takes the next byte of a record's header; false when it cannot be one of a ClientHello. */
  #readHeader(byte: number): boolean {
    const place = this.#headerBytes++
    if (place === 0) this.#type = byte
    else if (place === 1) this.#version = byte
    else if (place === 3) this.#lengthHigh = byte
    if (place < recordHeaderBytes - 1) return true
    this.#headerBytes = 0
    this.#fragmentLeft = (this.#lengthHigh << 8) | byte
    return (
      this.#type === handshakeRecord &&
      this.#version === 3 &&
      this.#fragmentLeft >= 1 &&
      this.#fragmentLeft <= fragmentMax
    )
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const wanted = this.#kept + end - start
    if (wanted > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(512, wanted, this.#buffer.length * 2))
      grown.set(this.#buffer.subarray(0, this.#kept))
      this.#buffer = grown
    }
    this.#buffer.set(bytes.subarray(start, end), this.#kept)
    this.#kept = wanted
  }
}

/** Whether `bytes[start … end)` begins with a ClientHello that is all there and not too long. */
function isWholeHello(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < handshakeHeaderBytes || bytes[start] !== clientHello) return false
  const length = lengthAt(bytes, start + 1)
  return length <= helloMax && start + handshakeHeaderBytes + length <= end
}

/** Big-endian 24 bits. */
function lengthAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
}

/** Tells the whole hello at `start`; nothing that follows it is wanted. */
function tellHello(bytes: Uint8Array, start: number, end: number, out: DecoderOutput): false {
  const from = start + handshakeHeaderBytes
  const summary = readClientHello(bytes, from, Math.min(end, from + lengthAt(bytes, start + 1)))
  if (summary === null) return refuse(out, 'tls-bad-hello')
  out.emit(summary)
  return false
}

function refuse(out: DecoderOutput, cause: string): false {
  out.reject(cause)
  return false
}

/** The hello in `bytes[start … end)`, or null when its lengths do not fit each other. */
function readClientHello(bytes: Uint8Array, start: number, end: number): Summary | null {
  let at = start + 2 + 32
  if (at >= end) return null
  at += 1 + bytes[at]!
  if (at + 2 > end) return null
  at += 2 + readU16(bytes, at)
  if (at >= end) return null
  at += 1 + bytes[at]!
  if (at > end) return null
  const details: Record<string, string | boolean | readonly string[]> = {}
  const summary: Summary = { service: 'tls', event: 'hello', details }
  let version = readU16(bytes, start)
  if (at + 2 <= end) {
    const stop = at + 2 + readU16(bytes, at)
    if (stop > end) return null
    at += 2
    while (at + 4 <= stop) {
      const kind = readU16(bytes, at)
      const from = at + 4
      const to = from + readU16(bytes, at + 2)
      if (to > stop) return null
      if (kind === extension.serverName) setName(summary, bytes, from, to)
      else if (kind === extension.alpn) details['alpn'] = readAlpn(bytes, from, to)
      else if (kind === extension.supportedVersions)
        version = highestVersion(bytes, from, to, version)
      else if (kind === extension.encryptedClientHello) details['ech'] = true
      at = to
    }
  }
  summary.version = versions[version] ?? `0x${version.toString(16).padStart(4, '0')}`
  return summary
}

// RFC 6066 §3, ServerNameList: | length: 16 | then each: name_type: 8 (0 host_name) | HostName<1..2^16-1>: length 16 |
function setName(summary: Summary, bytes: Uint8Array, from: number, to: number): void {
  if (from + 5 > to || bytes[from + 2] !== 0) return
  const stop = from + 5 + readU16(bytes, from + 3)
  if (stop <= to && stop > from + 5)
    summary.name = fieldText(bytes, from + 5, stop, 255).toLowerCase()
}

// RFC 7301 §3.1, ProtocolNameList: | length: 16 | then each: ProtocolName<1..2^8-1>: length 8 |
function readAlpn(bytes: Uint8Array, from: number, to: number): string[] {
  const names: string[] = []
  let at = from + 2
  while (at < to && names.length < 16) {
    const stop = at + 1 + bytes[at]!
    if (stop > to) break
    if (!isGrease(bytes, at + 1, stop)) names.push(fieldText(bytes, at + 1, stop, 32))
    at = stop
  }
  return names
}

// RFC 8446 §4.2.1, in a ClientHello: | length: 8 | versions: 16 each, by preference |
function highestVersion(bytes: Uint8Array, from: number, to: number, legacy: number): number {
  let highest = 0
  for (let at = from + 1; at + 2 <= to; at += 2) {
    const version = readU16(bytes, at)
    if (version >> 8 === 3) highest = Math.max(highest, version)
  }
  return highest === 0 ? legacy : highest
}

/** RFC 8701: values of the form 0x?A?A are sent to be ignored. */
function isGrease(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === 2 && (bytes[from]! & 15) === 10 && bytes[from] === bytes[from + 1]
}

const versions: Readonly<Record<number, string>> = {
  0x0300: 'SSL 3.0',
  0x0301: 'TLS 1.0',
  0x0302: 'TLS 1.1',
  0x0303: 'TLS 1.2',
  0x0304: 'TLS 1.3',
}
