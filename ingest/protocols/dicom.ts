import type { Outcome } from '../../records/summary-batch.ts'
import {
  type DecoderOutput,
  type ProtocolDecoder,
  type Session,
  type Summary,
  verdict,
  type Verdict,
} from '../protocol.ts'
import { associateBytesMax, createPduWalker, dicomItem, type PduEvent } from './dicom-pdu.ts'
import { abortWords, rejectWords } from './dicom-words.ts'
import { readU16, readU32 } from './field.ts'

/** SOP classes of one association that are told; `details.contexts` counts all of them. */
const abstractSyntaxesMax = 8
const applicationContextAt = 74

/**
 * DICOM upper layer (PS3.8 §9.3) on any port: one `association` for each request, when its answer is seen. What
 * follows an answer (P-DATA with patients' data) is not looked at. Events: docs/formats/dicom.md.
 */
export const dicom: ProtocolDecoder = {
  service: 'dicom',
  transport: 'tcp',
  probe: (bytes, start, end, isOrig) =>
    isOrig ? probeRequest(bytes, start, end) : probeAnswer(bytes, start, end),
  open,
}

/**
 * An A-ASSOCIATE-RQ: type 01, a plausible length, version bit 0, titles within ISO 646, and the application context
 * item (10H) as the first item.
 */
function probeRequest(bytes: Uint8Array, start: number, end: number): Verdict {
  const seen = end - start
  if (seen === 0) return verdict.more
  if (bytes[start] !== 1) return verdict.no
  if (seen >= 6) {
    const length = readU32(bytes, start + 2)
    if (length < applicationContextAt - 6 || length > associateBytesMax) return verdict.no
  }
  if (seen >= 8 && (readU16(bytes, start + 6) & 1) === 0) return verdict.no
  for (let at = start + 10; at < Math.min(end, start + 42); at++)
    if (bytes[at]! > 0x7e) return verdict.no
  if (seen <= applicationContextAt) return verdict.more
  return bytes[start + applicationContextAt] === 0x10 ? verdict.yes : verdict.no
}

/** The acceptor speaks first only where the request was not captured: a PDU that may answer one keeps the flow. */
function probeAnswer(bytes: Uint8Array, start: number, end: number): Verdict {
  const type = bytes[start]!
  return end === start || (type >= 2 && type <= 7) ? verdict.more : verdict.no
}

/** What one side says of itself. */
interface Implementation {
  class: string
  version: string
}

/** An association whose answer has not been seen whole. */
interface Association {
  readonly called: string
  readonly calling: string
  readonly requester: Implementation
  readonly acceptor: Implementation
  readonly abstractSyntaxes: string[]
  contexts: number
  contextsAccepted: number
}

function open(): Session {
  let association: Association | null = null
  let isTold = false

  const tell = (outcome: Outcome, reason: string, out: DecoderOutput) => {
    if (association !== null && !isTold) out.emit(summarise(association, outcome, reason))
    isTold = true
  }
  const onRequest = (event: PduEvent, out: DecoderOutput) => {
    if (event.kind === 'titles') {
      // One association a connection (PS3.8 §9.1.5): a second request changes nothing of the first.
      if (association === null) association = begin(event.called, event.calling)
      else out.reject('dicom-second-request')
    } else if (event.kind === 'abort') {
      tell('unknown', abortWords(event.source, event.reason), out)
    } else if (association !== null) {
      noteRequest(association, event)
    }
  }
  const onAnswer = (event: PduEvent, out: DecoderOutput) => {
    if (event.kind === 'accept') tell('success', '', out)
    else if (event.kind === 'reject')
      tell('failure', rejectWords(event.result, event.source, event.reason), out)
    // A peer that aborts instead of answering has refused.
    else if (event.kind === 'abort') tell('failure', abortWords(event.source, event.reason), out)
    else if (association !== null) noteAnswer(association, event)
  }
  const sides = { orig: createPduWalker(onRequest), resp: createPduWalker(onAnswer) }

  return {
    onData(bytes, start, end, isOrig, _flow, out) {
      if (!(isOrig ? sides.orig : sides.resp).push(bytes, start, end, out))
        tell('unknown', 'unreadable', out)
      return !isTold
    },
    onGap(length, isOrig, _flow, out) {
      if (!(isOrig ? sides.orig : sides.resp).gap(length)) tell('unknown', 'not-captured', out)
    },
    onEnd(_flow, out) {
      tell('unknown', 'no-answer', out)
    },
  }
}

function begin(called: string, calling: string): Association {
  return {
    called,
    calling,
    requester: { class: '', version: '' },
    acceptor: { class: '', version: '' },
    abstractSyntaxes: [],
    contexts: 0,
    contextsAccepted: 0,
  }
}

function noteRequest(association: Association, event: PduEvent): void {
  if (event.kind === 'context') association.contexts++
  if (event.kind !== 'item') return
  noteImplementation(association.requester, event.type, event.text)
  const { abstractSyntaxes } = association
  if (event.type !== dicomItem.abstractSyntax || abstractSyntaxes.length >= abstractSyntaxesMax)
    return
  if (!abstractSyntaxes.includes(event.text)) abstractSyntaxes.push(event.text)
}

function noteAnswer(association: Association, event: PduEvent): void {
  if (event.kind === 'context' && event.result === 0) association.contextsAccepted++
  if (event.kind === 'item') noteImplementation(association.acceptor, event.type, event.text)
}

function noteImplementation(implementation: Implementation, type: number, text: string): void {
  if (type === dicomItem.implementationClass) implementation.class = text
  if (type === dicomItem.implementationVersion) implementation.version = text
}

function summarise(association: Association, outcome: Outcome, reason: string): Summary {
  const details: Record<string, string | number | readonly string[]> = {
    abstractSyntaxes: association.abstractSyntaxes,
    contexts: association.contexts,
  }
  if (outcome === 'success') details['contextsAccepted'] = association.contextsAccepted
  const acceptor = implementationText(association.acceptor)
  if (acceptor !== '') details['acceptor'] = acceptor
  const version = implementationText(association.requester)
  return {
    service: 'dicom',
    event: 'association',
    outcome,
    client: association.calling,
    server: association.called,
    ...(reason === '' ? {} : { reason }),
    ...(version === '' ? {} : { version }),
    details,
  }
}

/** Class UID and version name with a space between. */
function implementationText(implementation: Implementation): string {
  return `${implementation.class} ${implementation.version}`.trim()
}
