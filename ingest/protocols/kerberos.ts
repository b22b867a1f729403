import type { DecoderOutput, ProtocolDecoder, Session, Summary, Verdict } from '../protocol.ts'
import { verdict } from '../protocol.ts'
import { type DerElement, derFields, derInteger, derMembers, innerDer, readDer } from './der.ts'
import { createFramer } from './framing.ts'
import { errorMeaning, errorWord } from './kerberos-errors.ts'
import { fieldText, readU32 } from './field.ts'

// Kerberos V5 messages, RFC 4120 §5.4, §5.9 (DER; [n] are explicit context tags, 0xA0 + n):
//   AS-REQ 0x6A, TGS-REQ 0x6C  SEQUENCE { pvno[1]=5 msg-type[2] padata[3] req-body[4] }
//   AS-REP 0x6B, TGS-REP 0x6D  SEQUENCE { pvno[0]=5 msg-type[1] padata[2] crealm[3] cname[4] ticket[5] enc-part[6] }
//   KRB-ERROR 0x7E             SEQUENCE { pvno[0]=5 msg-type[1] ctime[2] cusec[3] stime[4] susec[5] error-code[6]
//                                         crealm[7] cname[8] realm[9] sname[10] e-text[11] e-data[12] }
//   Ticket 0x61                SEQUENCE { tkt-vno[0] realm[1] sname[2] enc-part[3] SEQUENCE { etype[0] … } }
//   PrincipalName              SEQUENCE { name-type[0] name-string[1] SEQUENCE OF GeneralString }
// Over UDP one message a datagram; over TCP each behind its length in four bytes, first bit 0 (§7.2.2).
const messageTag = { asReq: 0x6a, asRep: 0x6b, tgsReq: 0x6c, tgsRep: 0x6d, error: 0x7e } as const
const sequenceTag = 0x30
const generalString = 0x1b

/** What is read stands in front of padata's large members and of the encrypted part in all messages seen. */
const headBytesMax = 8192
/** Larger claims are no Kerberos: MaxTokenSize, which bounds a ticket on Windows, is 64 kB at most. */
const messageBytesMax = 1 << 20

const probeMessage = (bytes: Uint8Array, start: number, end: number): Verdict => {
  if (end - start < 12) return verdict.no
  const message = readDer(bytes, start, end)
  if (message === null || !isMessageTag(message.tag)) return verdict.no
  const sequence = innerDer(bytes, message, sequenceTag)
  if (sequence === null) return verdict.no
  const isRequest = message.tag === messageTag.asReq || message.tag === messageTag.tgsReq
  // pvno is the first member: [0] or [1] { INTEGER 5 }.
  const at = sequence.start
  const pvnoTag = isRequest ? 0xa1 : 0xa0
  return at + 5 <= end && bytes[at] === pvnoTag && bytes[at + 2] === 2 && bytes[at + 4] === 5
    ? verdict.yes
    : verdict.no
}

function isMessageTag(tag: number): boolean {
  return (tag >= messageTag.asReq && tag <= messageTag.tgsRep) || tag === messageTag.error
}

/** Kerberos over UDP (RFC 4120 §7.2.1), one message a datagram. Events: docs/formats/kerberos.md. */
export const kerberosUdp: ProtocolDecoder = {
  service: 'kerberos',
  transport: 'udp',
  probe: probeMessage,
  open: () => {
    const exchange = createExchange()
    return {
      onData: (bytes, start, end, _isOrig, _flow, out) => {
        exchange(bytes, start, end, out)
        return true
      },
    }
  },
}

/** Kerberos over TCP (RFC 4120 §7.2.2). After a gap there is no way back to a message's start: the session ends. */
export const kerberosTcp: ProtocolDecoder = {
  service: 'kerberos',
  transport: 'tcp',
  probe: (bytes, start, end) => {
    if (end - start < 4) return bytes[start] === 0 ? verdict.more : verdict.no
    const length = readU32(bytes, start)
    if (length < 12 || length > messageBytesMax) return verdict.no
    return end - start < 24 && end - start < 4 + length
      ? verdict.more
      : probeMessage(bytes, start + 4, end)
  },
  open: openTcp,
}

function openTcp(): Session {
  const exchange = createExchange()
  const lengthOf = (bytes: Uint8Array, at: number) => {
    const length = readU32(bytes, at)
    return length <= messageBytesMax ? length : -1
  }
  const rules = { headBytesMax, lengthOf, isStart: null }
  const sides = { orig: createFramer(rules), resp: createFramer(rules) }
  return {
    onData(bytes, start, end, isOrig, _flow, out) {
      const framer = isOrig ? sides.orig : sides.resp
      const state = framer.push(bytes, start, end, (head, from, to) => {
        exchange(head, from, to, out)
      })
      if (framer.badPrefixes > 0) out.reject('kerberos-bad-length')
      return state === 'reading'
    },
    onGap(length, isOrig) {
      ;(isOrig ? sides.orig : sides.resp).gap(length)
    },
  }
}

/** Reads messages of both sides in turn and tells what the answers mean for the request before them. */
function createExchange() {
  let pendingTag = 0
  return (bytes: Uint8Array, start: number, end: number, out: DecoderOutput): void => {
    const message = readDer(bytes, start, end)
    const sequence = message === null ? null : innerDer(bytes, message, sequenceTag)
    if (message === null || sequence === null) {
      out.reject('kerberos-bad-der')
      return
    }
    switch (message.tag) {
      case messageTag.asReq:
      case messageTag.tgsReq:
        pendingTag = message.tag
        return
      case messageTag.asRep:
      case messageTag.tgsRep:
        pendingTag = 0
        tellReply(bytes, message.tag, sequence, out)
        return
      case messageTag.error:
        tellError(bytes, sequence, pendingTag, out)
        pendingTag = 0
        return
      default:
        // AP-REQ and the like belong to the application that carries them.
        if (!isMessageTag(message.tag)) out.reject('kerberos-unknown-message')
    }
  }
}

/** AS-REP: the client has proved who it is. TGS-REP: a ticket for `name` was given out. */
function tellReply(bytes: Uint8Array, tag: number, sequence: DerElement, out: DecoderOutput): void {
  const ticket = innerDer(bytes, derFields(bytes, sequence).get(5), 0x61)
  const ticketSequence = ticket === null ? null : innerDer(bytes, ticket, sequenceTag)
  if (ticketSequence === null) {
    out.reject('kerberos-no-ticket')
    return
  }
  const fields = derFields(bytes, ticketSequence)
  const encrypted = innerDer(bytes, fields.get(3), sequenceTag)
  const encryptionType =
    encrypted === null ? null : derInteger(bytes, derFields(bytes, encrypted).get(0))
  out.emit({
    service: 'kerberos',
    event: tag === messageTag.asRep ? 'login' : 'answer',
    outcome: 'success',
    ...about(bytes, fields.get(1), fields.get(2), encryptionType),
  })
}

function tellError(
  bytes: Uint8Array,
  sequence: DerElement,
  pendingTag: number,
  out: DecoderOutput,
): void {
  const fields = derFields(bytes, sequence)
  const code = derInteger(bytes, fields.get(6))
  if (code === null) {
    out.reject('kerberos-no-error-code')
    return
  }
  const meaning = errorMeaning(code)
  if (meaning === 'continues') return
  // Without the request in sight, only a code that nothing else can answer is a failed login.
  const isLogin = pendingTag === messageTag.asReq || (pendingTag === 0 && meaning === 'client')
  if (!isLogin && pendingTag !== messageTag.tgsReq) return
  out.emit({
    service: 'kerberos',
    event: isLogin ? 'login' : 'answer',
    outcome: 'failure',
    reason: errorWord(code),
    ...about(bytes, fields.get(9), fields.get(10), null),
  })
}

/** Service principal and realm; never the client's principal, which is an account name. */
function about(
  bytes: Uint8Array,
  realm: DerElement | undefined,
  service: DerElement | undefined,
  encryptionType: number | null,
): Pick<Summary, 'name' | 'details'> {
  const found: Pick<Summary, 'name' | 'details'> = {}
  const details: Record<string, string | number> = {}
  const name = servicePrincipal(bytes, service)
  if (name !== null) found.name = name
  const realmText = innerDer(bytes, realm, generalString)
  if (realmText !== null) details['realm'] = fieldText(bytes, realmText.start, realmText.end, 255)
  if (encryptionType !== null) details['encryptionType'] = encryptionType
  if (Object.keys(details).length > 0) found.details = details
  return found
}

/**
 * `krbtgt/REALM`, `HTTP/host`: two components or more. A name of one component can be an account's
 * (S4U2Self and user-to-user tickets, MS-SFU §2.2.1), and is left out.
 */
function servicePrincipal(bytes: Uint8Array, outer: DerElement | undefined): string | null {
  const principal = innerDer(bytes, outer, sequenceTag)
  const strings =
    principal === null ? null : innerDer(bytes, derFields(bytes, principal).get(1), sequenceTag)
  if (strings === null) return null
  const parts = derMembers(bytes, strings, 4)
    .filter((part) => part.tag === generalString)
    .map((part) => fieldText(bytes, part.start, part.end, 255))
  return parts.length >= 2 ? parts.join('/') : null
}
