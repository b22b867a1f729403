import type { Outcome } from '../../records/summary-batch.ts'
import {
  type DecoderOutput,
  type FlowFacts,
  type ProtocolDecoder,
  type Session,
  verdict,
} from '../protocol.ts'
import { LineReader } from './line-reader.ts'
import { isDigit, lowerCase, matchesSoFar } from './ascii.ts'
import { fieldText } from './field.ts'

// RFC 959 §5.3, command:  four or fewer letters, SP, parameter, CR LF
// §4.2, reply:            three digits, SP, text, CR LF; or of several lines:
//                         three digits, "-", text … up to a line that begins with the same three digits and SP
// §5.4, replies that end a log-in:
//   USER  230 logged in · 331 password wanted · 332 account wanted · 530, 500, 501, 421 refused
//   PASS  230 logged in · 202 superfluous · 332 account wanted · 530, 500, 501, 503, 421 refused
//   ACCT  230 logged in · 202 superfluous · 530, 500, 501, 503, 421 refused

/** What of a line is looked at: a banner's text; a command's verb. Parameters of commands are never read. */
const lineKeptMax = 512
/** Longest line a client or server of FTP sends; a longer one is no FTP. */
const lineMax = 65_536
/** Commands sent ahead of their replies. */
const pendingMax = 64

type Command = 'user' | 'pass' | 'acct' | 'auth' | 'other'

/** The control channel of FTP: a `login` for each answered or abandoned attempt (docs/formats/ftp.md). */
export const ftp: ProtocolDecoder = {
  service: 'ftp',
  transport: 'tcp',
  probe(bytes, start, end, isOrig, flow) {
    return isOrig ? probeClient(bytes, start, end, flow) : probeServer(bytes, start, end, flow)
  },
  open: createFtpSession,
}

/** SMTP greets with 220 too: on other ports than 21 the client's first command decides. */
function probeServer(bytes: Uint8Array, start: number, end: number, flow: FlowFacts): 0 | 1 | 2 {
  const isGreeting =
    matchesSoFar(bytes, start, end, '220') || matchesSoFar(bytes, start, end, '120')
  if (end - start < 4) {
    const digitsOnly = isDigit(bytes[start]!) && (end - start < 2 || isDigit(bytes[start + 1]!))
    return isGreeting || (flow.respPort === 21 && digitsOnly) ? verdict.more : verdict.no
  }
  const isReply = isReplyLine(bytes, start, end)
  if (flow.respPort === 21 && isReply) return verdict.yes
  return isGreeting && isReply ? verdict.more : verdict.no
}

function probeClient(bytes: Uint8Array, start: number, end: number, flow: FlowFacts): 0 | 1 | 2 {
  const present = Math.min(5, end - start)
  let couldBe = false
  for (const command of commandsFirst) couldBe ||= agrees(bytes, start, present, command)
  if (!couldBe) return verdict.no
  if (present < 5) return verdict.more
  // The server speaks first; POP3 and IRC also know USER, but do not greet with 220 (probeServer has said no).
  return flow.respPort === 21 || flow.respPayloadBytes > 0 ? verdict.yes : verdict.more
}

const commandsFirst = ['user ', 'auth ', 'feat\r', 'syst\r', 'opts ', 'host ', 'clnt ']

/** Whether `length` bytes agree with the lower-case text, letters of either case (RFC 959 §5.3). */
function agrees(bytes: Uint8Array, start: number, length: number, text: string): boolean {
  for (let i = 0; i < length; i++) {
    if (lowerCase(bytes[start + i]!) !== text.charCodeAt(i)) return false
  }
  return true
}

function createFtpSession(): Session {
  const lines: readonly [LineReader, LineReader] = [
    new LineReader(lineKeptMax),
    new LineReader(lineKeptMax),
  ]
  const pending: Command[] = []
  let server: string | null = null
  let hasGreeted = false
  /** Code of the reply of several lines that is being read; 0 outside of one. */
  let codeOpen = 0

  function tell(outcome: Outcome, reason: string | null, out: DecoderOutput): void {
    const names = { ...(server === null ? {} : { server }), ...(reason === null ? {} : { reason }) }
    out.emit({ service: 'ftp', event: 'login', outcome, ...names })
  }

  /** @returns false when the connection goes on encrypted. */
  function onReply(code: number, text: string, out: DecoderOutput): boolean {
    if (code < 200) return true
    if (!hasGreeted && (code === 220 || pending.length === 0)) {
      hasGreeted = true
      if (code === 220) server = text
      return true
    }
    const command = pending.shift()
    if (command === 'auth' && code === 234) return false
    const outcome = command === undefined ? null : judge(command, code)
    if (outcome !== null) tell(outcome, String(code), out)
    return true
  }

  function onReplyLine(line: LineReader, out: DecoderOutput): boolean {
    if (line.length === 0) return true
    const { bytes, start } = line
    const end = start + line.length
    const code = isReplyLine(bytes, start, end) ? codeOf(bytes, start) : 0
    const isLast = code !== 0 && (line.length === 3 || bytes[start + 3] !== 0x2d)
    if (codeOpen !== 0) {
      if (code !== codeOpen || !isLast) return true
      codeOpen = 0
    } else if (code === 0) {
      out.reject('ftp-bad-reply')
      return true
    } else if (!isLast) {
      codeOpen = code
      return true
    }
    return onReply(code, fieldText(bytes, start + 4, end, 256), out)
  }

  function onCommandLine(line: LineReader, out: DecoderOutput): void {
    if (line.length === 0) return
    if (pending.length >= pendingMax) {
      out.reject('ftp-pipeline-full')
      pending.length = 0
    }
    pending.push(commandOf(line))
  }

  return {
    onData(bytes, start, end, isOrig, _flow, out) {
      const line = lines[isOrig ? 1 : 0]
      let at = start
      while (at < end) {
        at = line.read(bytes, at, end)
        if (line.totalLength > lineMax) {
          out.reject('ftp-line-too-long')
          return false
        }
        if (!line.isComplete) continue
        if (isOrig) onCommandLine(line, out)
        else if (!onReplyLine(line, out)) return false
      }
      return true
    },
    onGap(_length, isOrig) {
      // Replies can no longer be matched to what was sent before.
      lines[isOrig ? 1 : 0].clear()
      pending.length = 0
      codeOpen = 0
      hasGreeted = true
    },
    onEnd(_flow, out) {
      for (const command of pending) if (command === 'pass') tell('unknown', null, out)
    },
  }
}

/** Null when the reply does not end an attempt. */
function judge(command: Command, code: number): Outcome | null {
  if (command !== 'user' && command !== 'pass' && command !== 'acct') return null
  if (code === 230 || code === 232 || (code === 202 && command !== 'user')) return 'success'
  if (code >= 500) return 'failure'
  return command === 'pass' && code >= 400 ? 'unknown' : null
}

function commandOf(line: LineReader): Command {
  const verb = fieldText(line.bytes, line.start, line.start + line.length, 5)
    .trimEnd()
    .toLowerCase()
  return verb === 'user' || verb === 'pass' || verb === 'acct' || verb === 'auth' ? verb : 'other'
}

/** Three digits, the first of 1 – 6 (RFC 2228 adds 6), then SP, "-" or the end of the line. */
function isReplyLine(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 3 || bytes[start]! < 0x31 || bytes[start]! > 0x36) return false
  if (!isDigit(bytes[start + 1]!) || !isDigit(bytes[start + 2]!)) return false
  return end - start === 3 || bytes[start + 3] === 0x20 || bytes[start + 3] === 0x2d
}

function codeOf(bytes: Uint8Array, at: number): number {
  return (bytes[at]! - 0x30) * 100 + (bytes[at + 1]! - 0x30) * 10 + (bytes[at + 2]! - 0x30)
}
