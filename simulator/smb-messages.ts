import { ascii, concat } from './bytes.ts'

// SMB2 messages for a login with NTLM, as MS-SMB2 §2.2 and MS-NLMP §2.2.1 define them (little-endian).

const u16 = (value: number) => Uint8Array.of(value & 0xff, (value >> 8) & 0xff)
const u32 = (value: number) => concat(u16(value & 0xffff), u16(value >>> 16))
const zeros = (length: number) => new Uint8Array(length)

export interface Smb2Header {
  readonly command: number
  readonly isAnswer: boolean
  readonly status?: number
  readonly messageId: number
  readonly sessionId?: number
}

/** Header and body behind the length of the session service (MS-SMB2 §2.1). */
export function smb2Message(header: Smb2Header, body: Uint8Array): Uint8Array {
  const head = concat(
    Uint8Array.of(0xfe),
    ascii('SMB'),
    u16(64),
    u16(1),
    u32(header.status ?? 0),
    u16(header.command),
    u16(1),
    u32(header.isAnswer ? 1 : 0),
    u32(0),
    u32(header.messageId),
    u32(0),
    u32(0xfeff),
    u32(0),
    u32(header.sessionId ?? 0),
    u32(0),
    zeros(16),
  )
  return sessionMessage(concat(head, body))
}

/** Type 00 and 24 bits of length before a message (RFC 1002 §4.3.1). */
export function sessionMessage(message: Uint8Array): Uint8Array {
  const { length } = message
  return concat(
    Uint8Array.of(0, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff),
    message,
  )
}

/** §2.2.3, offering 2.0.2 to 3.0.2. */
export function negotiateRequest(): Uint8Array {
  const offered = [0x0202, 0x0210, 0x0300, 0x0302]
  const body = concat(
    u16(36),
    u16(offered.length),
    u16(1),
    u16(0),
    u32(0x7f),
    zeros(16),
    zeros(8),
    ...offered.map(u16),
  )
  return smb2Message({ command: 0, isAnswer: false, messageId: 0 }, body)
}

/** §2.2.4 */
export function negotiateAnswer(dialect: number): Uint8Array {
  const body = concat(
    u16(65),
    u16(1),
    u16(dialect),
    u16(0),
    zeros(16),
    u32(0x07),
    u32(0x100000),
    u32(0x100000),
    u32(0x100000),
    zeros(8),
    zeros(8),
    u16(128),
    u16(0),
    u32(0),
  )
  return smb2Message({ command: 0, isAnswer: true, messageId: 0 }, body)
}

/** §2.2.5 around a security blob. */
export function sessionSetupRequest(
  messageId: number,
  sessionId: number,
  blob: Uint8Array,
): Uint8Array {
  const body = concat(
    u16(25),
    Uint8Array.of(0, 1),
    u32(1),
    u32(0),
    u16(88),
    u16(blob.length),
    zeros(8),
    blob,
  )
  return smb2Message({ command: 1, isAnswer: false, messageId, sessionId }, body)
}

/** §2.2.6; a status that is an error carries the error body of §2.2.2 unless it goes on (MORE_PROCESSING_REQUIRED). */
export function sessionSetupAnswer(
  messageId: number,
  sessionId: number,
  status: number,
  options: { readonly blob?: Uint8Array; readonly sessionFlags?: number } = {},
): Uint8Array {
  const blob = options.blob ?? zeros(0)
  const isError = status !== 0 && status !== 0xc0000016
  const body = isError
    ? concat(u16(9), zeros(2), u32(0), zeros(1))
    : concat(u16(9), u16(options.sessionFlags ?? 0), u16(72), u16(blob.length), blob)
  return smb2Message({ command: 1, isAnswer: true, status, messageId, sessionId }, body)
}

const ntlmFlags = 0x60088215

/** MS-NLMP §2.2.1.1 */
export function ntlmNegotiate(): Uint8Array {
  return concat(ascii('NTLMSSP\0'), u32(1), u32(ntlmFlags), zeros(16))
}

/** MS-NLMP §2.2.1.2 */
export function ntlmChallenge(challenge: Uint8Array): Uint8Array {
  return concat(
    ascii('NTLMSSP\0'),
    u32(2),
    u16(0),
    u16(0),
    u32(48),
    u32(ntlmFlags),
    challenge,
    zeros(8),
    u16(0),
    u16(0),
    u32(48),
  )
}

/** MS-NLMP §2.2.1.3: domain, account and workstation in UTF-16, and two responses that only look right. */
export function ntlmAuthenticate(names: {
  domain: string
  account: string
  workstation: string
}): Uint8Array {
  const utf16 = (text: string) => concat(...Array.from(text, (c) => u16(c.charCodeAt(0))))
  const response = Uint8Array.from({ length: 24 }, (_, i) => (i * 73 + 5) & 0xff)
  const parts = [
    response,
    response,
    utf16(names.domain),
    utf16(names.account),
    utf16(names.workstation),
    zeros(0),
  ]
  let at = 64
  const fields = parts.map((part) => {
    const written = concat(u16(part.length), u16(part.length), u32(at))
    at += part.length
    return written
  })
  return concat(ascii('NTLMSSP\0'), u32(3), ...fields, u32(ntlmFlags), ...parts)
}
