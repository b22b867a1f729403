import type { Outcome } from '../../records/summary-batch.ts'
import {
  type DecoderOutput,
  type ProtocolDecoder,
  type Session,
  type Summary,
  verdict,
} from '../protocol.ts'
import { createHl7Reader, type Hl7Event } from './hl7-reader.ts'

/** Messages of one side that wait for their acknowledgement; the oldest is told with outcome unknown beyond it. */
const outstandingMax = 32

/**
 * HL7 version 2 over MLLP (HL7 "Transport Specification: MLLP, Release 1") on any port: one `message` for each message,
 * when its acknowledgement is seen. Of a message only the MSH and MSA segments are read. Events: docs/formats/hl7.md.
 */
export const hl7: ProtocolDecoder = {
  service: 'hl7',
  transport: 'tcp',
  probe(bytes, start, end) {
    if (end - start < 4) return end > start && bytes[start] !== 0x0b ? verdict.no : verdict.more
    return bytes[start] === 0x0b && isHeaderName(bytes, start + 1) ? verdict.yes : verdict.no
  },
  open,
}

/** MSH, or the headers of a file or batch, FHS and BHS. */
function isHeaderName(bytes: Uint8Array, at: number): boolean {
  const name = String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!)
  return name === 'MSH' || name === 'FHS' || name === 'BHS'
}

/** A message without its acknowledgement. */
interface Pending {
  /** Hash of MSH-10; the identifier itself is not kept. */
  readonly controlHash: number
  readonly sender: string
  readonly receiver: string
  readonly type: string
  readonly version: string
}

function open(): Session {
  const waiting = { orig: [] as Pending[], resp: [] as Pending[] }

  const tell = (
    message: Pending,
    isOrig: boolean,
    outcome: Outcome,
    reason: string,
    out: DecoderOutput,
  ) => out.emit(summarise(message, isOrig, outcome, reason))

  const onEvent = (event: Hl7Event, isOrig: boolean, out: DecoderOutput) => {
    const own = isOrig ? waiting.orig : waiting.resp
    if (event.kind === 'message') {
      const { controlHash, sender, receiver, type, version } = event
      own.push({ controlHash, sender, receiver, type, version })
      if (own.length > outstandingMax)
        tell(own.shift()!, isOrig, 'unknown', 'no-acknowledgement', out)
      return
    }
    const others = isOrig ? waiting.resp : waiting.orig
    const at = others.findIndex((message) => message.controlHash === event.controlHash)
    // The acknowledged message was sent before the capture began, or was told already.
    if (at < 0) return
    const [message] = others.splice(at, 1)
    tell(message!, !isOrig, outcomeOf(event.code), event.code, out)
  }
  const sides = {
    orig: createHl7Reader((event, out) => onEvent(event, true, out)),
    resp: createHl7Reader((event, out) => onEvent(event, false, out)),
  }

  return {
    onData(bytes, start, end, isOrig, _flow, out) {
      ;(isOrig ? sides.orig : sides.resp).push(bytes, start, end, out)
      return true
    },
    onGap(_length, isOrig, _flow, out) {
      ;(isOrig ? sides.orig : sides.resp).gap(out)
    },
    onEnd(_flow, out) {
      sides.orig.end(out)
      sides.resp.end(out)
      for (const message of waiting.orig.splice(0))
        tell(message, true, 'unknown', 'no-acknowledgement', out)
      for (const message of waiting.resp.splice(0))
        tell(message, false, 'unknown', 'no-acknowledgement', out)
    },
  }
}

/** HL7 table 0008: accept, error and reject, of the application (A) or of the transport (C). */
function outcomeOf(code: string): Outcome {
  if (code === 'AA' || code === 'CA') return 'success'
  return code === 'AE' || code === 'AR' || code === 'CE' || code === 'CR' ? 'failure' : 'unknown'
}

/** `client` is always the originator of the flow: the receiver of a message that the responder sends. */
function summarise(message: Pending, isOrig: boolean, outcome: Outcome, reason: string): Summary {
  const [client, server] = isOrig
    ? [message.sender, message.receiver]
    : [message.receiver, message.sender]
  return {
    service: 'hl7',
    event: 'message',
    outcome,
    ...(reason === '' || reason === 'AA' || reason === 'CA' ? {} : { reason }),
    name: message.type,
    ...(client === '' ? {} : { client }),
    ...(server === '' ? {} : { server }),
    ...(message.version === '' ? {} : { version: message.version }),
    ...(isOrig ? {} : { details: { fromResponder: true } }),
  }
}
