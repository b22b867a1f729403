import {
  type DecoderOutput,
  type ProtocolDecoder,
  type Session,
  type Summary,
  verdict,
} from '../protocol.ts'
import { createFramer } from './framing.ts'
import { statusMeaning, statusOfDosError, statusWord } from './smb-status.ts'

// NetBIOS session service, RFC 1002 §4.3.1; over port 445 only type 00, with 24 bits of length (MS-SMB2 §2.1):
//   0 type(1) 00 message, 81 session request, 82 positive, 83 negative, 84 retarget, 85 keep-alive   1 length(3)
//
// SMB2 header, MS-SMB2 §2.2.1 (little-endian):
//   0 protocol id(4) FE 'SMB'   4 structure size(2) 64   6 credit charge(2)   8 status(4)   12 command(2)
//   14 credits(2)   16 flags(4), bit 0: from the server   20 next command(4)   24 message id(8)   32 …   64 body
// NEGOTIATE response (§2.2.4):     64 structure size(2) 65   66 security mode(2)   68 dialect(2)
// SESSION_SETUP response (§2.2.6): 64 structure size(2) 9    66 session flags(2): 1 guest, 2 anonymous, 4 encrypted
//
// SMB1 header, MS-CIFS §2.2.3.1:
//   0 protocol(4) FF 'SMB'   4 command(1)   5 status(4)   9 flags(1), 80: reply   10 flags2(2), 4000: NT status
//   12 …   32 word count(1)
// SESSION_SETUP_ANDX response (§2.2.4.53.2): 33 next command(1) 34 reserved(1) 35 offset(2) 37 action(2), 1: guest
//
// FD 'SMB' starts an encrypted message (MS-SMB2 §2.2.41), FC a compressed one (§2.2.42): neither is read.
const smb2Command = { negotiate: 0, sessionSetup: 1 } as const
const smb1SessionSetup = 0x73
const smb2HeaderBytes = 64
const smb1HeaderBytes = 32
/** Bytes of each message that are read: the header and the first fields of the two bodies. */
const headBytesMax = 80
const dialects: ReadonlyMap<number, string> = new Map([
  [0x0202, '2.0.2'],
  [0x0210, '2.1'],
  [0x0300, '3.0'],
  [0x0302, '3.0.2'],
  [0x0311, '3.1.1'],
])

/**
 * SMB 1 to 3 on any port: each finished SESSION_SETUP is a `login`. Names and credentials stand in the security blob,
 * which is not read. Events: docs/formats/smb.md.
 */
export const smb: ProtocolDecoder = {
  service: 'smb',
  transport: 'tcp',
  probe(bytes, start, end) {
    if (bytes[start] === 0x81) return probeSessionRequest(bytes, start, end)
    if (bytes[start] !== 0) return verdict.no
    if (end - start < 8) return verdict.more
    return isMessageStart(bytes, start) ? verdict.yes : verdict.no
  },
  open,
}

/** A NetBIOS session request: two encoded names of 34 bytes each, 0x20 first (RFC 1002 §4.3.2). */
function probeSessionRequest(bytes: Uint8Array, start: number, end: number) {
  if (end - start < 5) return verdict.more
  return bytes[start + 1] === 0 &&
    bytes[start + 2] === 0 &&
    bytes[start + 3]! >= 68 &&
    bytes[start + 4] === 0x20
    ? verdict.yes
    : verdict.no
}

/** FC to FF 'SMB' behind a session message prefix; at least as long as the shorter header. */
function isMessageStart(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0 &&
    bytes[at + 4]! >= 0xfc &&
    bytes[at + 5] === 0x53 &&
    bytes[at + 6] === 0x4d &&
    bytes[at + 7] === 0x42 &&
    ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >= smb1HeaderBytes
  )
}

/** Length behind a session service prefix; −1 for an unknown type. */
function lengthOf(bytes: Uint8Array, at: number): number {
  const type = bytes[at]!
  if (type !== 0 && (type < 0x81 || type > 0x85)) return -1
  return (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

function open(): Session {
  // Only the server's side tells outcomes; the client's is not looked at.
  const answers = createFramer({ headBytesMax, lengthOf, isStart: isMessageStart })
  const facts = { dialect: '' }
  let badPrefixes = 0
  return {
    onData(bytes, start, end, isOrig, _flow, out) {
      if (isOrig) return true
      answers.push(bytes, start, end, (head, from, to) => {
        readMessage(head, from, to, facts, out)
      })
      for (; badPrefixes < answers.badPrefixes; badPrefixes++) out.reject('smb-bad-length')
      return true
    },
    onGap(length, isOrig) {
      if (!isOrig) answers.gap(length)
    },
  }
}

interface SmbFacts {
  /** As negotiated; empty until seen. */
  dialect: string
}

function readMessage(
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: SmbFacts,
  out: DecoderOutput,
): void {
  if (
    end - start < 4 ||
    bytes[start + 1] !== 0x53 ||
    bytes[start + 2] !== 0x4d ||
    bytes[start + 3] !== 0x42
  )
    return
  if (bytes[start] === 0xfe) readSmb2(bytes, start, end, facts, out)
  else if (bytes[start] === 0xff) readSmb1(bytes, start, end, out)
}

function readSmb2(
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: SmbFacts,
  out: DecoderOutput,
): void {
  if (end - start < smb2HeaderBytes + 6) {
    // The shortest answer has a body of 4 bytes (LOGOFF, ECHO, MS-SMB2 §2.2.8); those are not read.
    if (end - start < smb2HeaderBytes) out.reject('smb-truncated')
    return
  }
  const isAnswer = (bytes[start + 16]! & 1) !== 0
  const command = readU16(bytes, start + 12)
  const body = start + smb2HeaderBytes
  if (!isAnswer) return
  if (command === smb2Command.negotiate)
    facts.dialect = dialects.get(readU16(bytes, body + 4)) ?? facts.dialect
  if (command !== smb2Command.sessionSetup) return
  const status = readU32(bytes, start + 8)
  // An error answer has another body (§2.2.2), without session flags.
  const flags = status === 0 ? readU16(bytes, body + 2) : 0
  tellLogin(status, facts.dialect, (flags & 1) !== 0, (flags & 2) !== 0, out)
}

function readSmb1(bytes: Uint8Array, start: number, end: number, out: DecoderOutput): void {
  if (end - start < smb1HeaderBytes) {
    out.reject('smb-truncated')
    return
  }
  const isAnswer = (bytes[start + 9]! & 0x80) !== 0
  if (!isAnswer || bytes[start + 4] !== smb1SessionSetup) return
  const isNtStatus = (readU16(bytes, start + 10) & 0x4000) !== 0
  const status = isNtStatus
    ? readU32(bytes, start + 5)
    : statusOfDosError(bytes[start + 5]!, readU16(bytes, start + 7))
  const words = end > start + smb1HeaderBytes ? bytes[start + smb1HeaderBytes]! : 0
  const isGuest = words >= 3 && end >= start + 39 && (bytes[start + 37]! & 1) !== 0
  tellLogin(status, '1.0', isGuest, false, out)
}

function tellLogin(
  status: number,
  dialect: string,
  isGuest: boolean,
  isAnonymous: boolean,
  out: DecoderOutput,
): void {
  const meaning = statusMeaning(status)
  if (meaning === 'continues') return
  const summary: Summary = { service: 'smb', event: 'login', outcome: meaning }
  if (status !== 0) summary.reason = statusWord(status)
  const details: Record<string, string | boolean> = {}
  if (dialect !== '') details['dialect'] = dialect
  if (isGuest) details['guest'] = true
  if (isAnonymous) details['anonymous'] = true
  if (Object.keys(details).length > 0) summary.details = details
  out.emit(summary)
}

/** Little-endian, as all of SMB. */
function readU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

function readU32(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0
}
