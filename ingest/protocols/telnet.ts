import { type DecoderOutput, type ProtocolDecoder, type Session, verdict } from '../protocol.ts'
import {
  createTelnetFilter,
  isShellPrompt,
  judgeLine,
  promptMax,
  promptOf,
  telnetCommand,
} from './telnet-text.ts'
import { lowerCase } from './ascii.ts'

/** Characters of a server's line that prompts are looked for in; of a longer line its last ones. */
const tailMax = 256
/** Colons of one line that may end a prompt. */
const colonsMax = 16
/** Server bytes without a prompt after which the rest of the connection is no log-in. */
const quietBytesMax = 16_384
/** Lines after a password that say neither yes nor no: a greeting, so the password was taken. */
const greetingLinesMin = 3

/** Telnet on any port when options are negotiated, else on 23 and 2323: `login` by its prompts (docs/formats/telnet.md). */
export const telnet: ProtocolDecoder = {
  service: 'telnet',
  transport: 'tcp',
  probe(bytes, start, end, isOrig, flow) {
    const isPort = flow.respPort === 23 || flow.respPort === 2323
    if (bytes[start] === telnetCommand.iac) {
      if (end - start < 3) return verdict.more
      return isNegotiation(bytes, start) ? verdict.yes : verdict.no
    }
    if (!isPort) return verdict.no
    if (isOrig) return verdict.more
    for (let i = start; i < Math.min(end, start + 32); i++)
      if (!isText(bytes[i]!)) return verdict.no
    return verdict.yes
  },
  open: createTelnetSession,
}

/** IANA "Telnet Options" go to 49; 138 – 140 and 255 are rare and begin no connection. */
function isNegotiation(bytes: Uint8Array, start: number): boolean {
  const command = bytes[start + 1]!
  const isOption = command >= telnetCommand.sb && command <= telnetCommand.dont
  return isOption && bytes[start + 2]! <= 49
}

function isText(byte: number): boolean {
  return (
    (byte >= 0x20 && byte < 0x7f) ||
    byte === 0x0d ||
    byte === 0x0a ||
    byte === 0 ||
    byte === 0x1b ||
    byte === 0x09 ||
    byte === 7
  )
}

/**
 * Where the log-in stands. `user-asked`, `password-asked`: the prompt is there; `user-given`: a line has answered it;
 * `judging`: a password has been sent and what the server says next decides.
 */
type Stage = 'idle' | 'user-asked' | 'user-given' | 'password-asked' | 'judging'

/** Keeps at most 256 characters of the server's text and none of the client's. */
function createTelnetSession(): Session {
  const filters = [createTelnetFilter(), createTelnetFilter()] as const
  let stage: Stage = 'idle'
  const tail = new Uint8Array(tailMax)
  let tailLength = 0
  let colons = 0
  let linesSince = 0
  let quietBytes = 0
  let hasClientLine = false
  let isAfterCr = false

  function tell(
    outcome: 'success' | 'failure' | 'unknown',
    reason: string,
    out: DecoderOutput,
  ): void {
    stage = 'idle'
    out.emit({ service: 'telnet', event: 'login', outcome, reason })
  }

  /** The last `length` characters of the line so far, in lower case. */
  function tailText(length: number): string {
    let text = ''
    for (let i = Math.max(0, tailLength - length); i < tailLength; i++)
      text += String.fromCharCode(tail[i]!)
    return text
  }

  function clearTail(): void {
    tailLength = 0
    colons = 0
  }

  function onPrompt(prompt: 'user' | 'password', out: DecoderOutput): void {
    if (stage === 'judging') tell('failure', 'prompt-again', out)
    stage = prompt === 'user' ? 'user-asked' : 'password-asked'
    clearTail()
    quietBytes = 0
    hasClientLine = false
  }

  /** @returns true when the log-in has succeeded. */
  function onServerLine(out: DecoderOutput): boolean {
    linesSince++
    // The first line after a user name is its echo: a user called "welcome" is not welcomed.
    const isJudged = stage === 'judging' || (stage === 'user-given' && linesSince > 1)
    const line = isJudged ? tailText(tailMax).trim() : ''
    clearTail()
    if (!isJudged) return false
    if (line === '') {
      if (stage === 'judging') linesSince--
      return false
    }
    const said = judgeLine(line)
    if (said === 'failure') {
      tell('failure', 'refused', out)
      return false
    }
    if (said === null && !(stage === 'judging' && linesSince >= greetingLinesMin)) return false
    tell('success', 'greeting', out)
    return true
  }

  /** @returns true when the log-in has succeeded. */
  function onServerByte(byte: number, out: DecoderOutput): boolean {
    if (byte === 0x0a) return onServerLine(out)
    if (byte === 0x0d || byte === 0) return false
    if (tailLength === tailMax) {
      tail.copyWithin(0, tailMax / 2)
      tailLength = tailMax / 2
    }
    tail[tailLength++] = lowerCase(byte)
    if (byte !== 0x3a) return false
    if (++colons > colonsMax) return false
    const prompt = promptOf(tailText(promptMax))
    if (prompt === 'new-password' && stage === 'judging') {
      tell('success', 'password-change', out)
      return true
    }
    if (prompt === 'user' || prompt === 'password') onPrompt(prompt, out)
    return false
  }

  /** Between pieces the server waits: a shell prompt at the end of its text means that it let the client in. */
  function isLetIn(out: DecoderOutput): boolean {
    const mayBe = stage === 'judging' || (stage === 'user-given' && linesSince > 0)
    if (!mayBe || !isShellPrompt(tailText(promptMax))) return false
    tell('success', 'shell', out)
    return true
  }

  function onClientByte(byte: number): void {
    const isLineEnd = byte === 0x0d || (byte === 0x0a && !isAfterCr)
    isAfterCr = byte === 0x0d
    if (!isLineEnd) {
      if (byte >= 0x20) hasClientLine = true
      return
    }
    linesSince = 0
    if (stage === 'user-asked' && hasClientLine) stage = 'user-given'
    else if (stage === 'password-asked') stage = 'judging'
    hasClientLine = false
    clearTail()
  }

  return {
    onData(bytes, start, end, isOrig, _flow, out) {
      const filter = filters[isOrig ? 1 : 0]
      for (let i = start; i < end; i++) {
        const byte = filter.take(bytes[i]!)
        if (byte < 0) continue
        if (isOrig) onClientByte(byte)
        else if (onServerByte(byte, out) || ++quietBytes > quietBytesMax) return false
      }
      if (isOrig) return true
      return !isLetIn(out)
    },
    onGap(_length, _isOrig, _flow, out) {
      if (stage === 'judging') tell('unknown', 'gap', out)
      stage = 'idle'
      clearTail()
    },
    onEnd(_flow, out) {
      if (stage === 'judging') tell('unknown', 'closed', out)
    },
  }
}
