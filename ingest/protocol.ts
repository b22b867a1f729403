import type { Outcome, SummaryEvent, SummaryService } from '../records/summary-batch.ts'
import type { TimeUs } from '../records/time.ts'

/** Judgement of the first payload bytes of a flow. */
export const verdict = { no: 0, more: 1, yes: 2 } as const
export type Verdict = (typeof verdict)[keyof typeof verdict]

/** What a decoder may know of the flow its bytes belong to. One object is reused for all flows: do not keep it. */
export interface FlowFacts {
  timeUs: TimeUs
  startUs: TimeUs
  origPort: number
  respPort: number
  /** Payload bytes seen so far, this packet included. */
  origPayloadBytes: number
  respPayloadBytes: number
}

/** What a decoder tells; the pipeline adds the columns of the flow. Fields as in records/summary-batch.ts. */
export interface Summary {
  service: SummaryService
  event: SummaryEvent
  outcome?: Outcome
  reason?: string
  name?: string
  client?: string
  server?: string
  version?: string
  addresses?: string
  /** Six bytes; copied by the receiver. */
  subjectMac?: Uint8Array
  ttlSeconds?: number
  /** Written as JSON; no credential and no patient field may be in it. */
  details?: Record<string, string | number | boolean | readonly string[]>
}

export type Emit = (summary: Summary) => void

/**
 * Reads one flow of a recognised protocol. Bytes of each side come in order and once.
 * Never throws: what it cannot read it counts by calling `reject(cause)`, and goes on or asks for no more.
 * State is bounded: a session may keep at most `sessionBytesMax` bytes.
 */
export interface Session {
  /**
   * `bytes[start … end)` is valid during the call only. Returns false when the session wants
   * no more bytes: it is dropped, and not called again (not at the end either).
   */
  onData(
    bytes: Uint8Array,
    start: number,
    end: number,
    isOrig: boolean,
    flow: FlowFacts,
    out: DecoderOutput,
  ): boolean
  /** `length` bytes of one side were not captured; message-framed protocols look for the next message. */
  onGap?(length: number, isOrig: boolean, flow: FlowFacts, out: DecoderOutput): void
  /** The flow has ended or the input has: attempts still open are told with outcome unknown or failure. */
  onEnd?(flow: FlowFacts, out: DecoderOutput): void
}

export interface DecoderOutput {
  emit: Emit
  /** Counts malformed input by cause: `dns-bad-name`, `dicom-bad-pdu-length` … */
  reject(cause: string): void
}

export const sessionBytesMax = 65_536

/** One protocol. Recognised by structure first; ports only settle what structure leaves open. */
export interface ProtocolDecoder {
  readonly service: SummaryService
  readonly transport: 'tcp' | 'udp'
  /**
   * Judges the first payload bytes of one side; `more` asks to be shown the next packet too: over TCP all bytes of
   * that side so far, over UDP the next datagram. `no` is final for the flow. Pure, allocates nothing.
   * Both sides' first bytes are shown, in the order of their arrival.
   */
  probe(bytes: Uint8Array, start: number, end: number, isOrig: boolean, flow: FlowFacts): Verdict
  /** A session for one flow. Stateless decoders may return one shared object. */
  open(): Session
}
