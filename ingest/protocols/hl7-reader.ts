import type { DecoderOutput } from '../protocol.ts'
import { fieldText } from './field.ts'

// MLLP block (HL7 "MLLP, Release 1" §2.2):  0B  message  1C 0D
// Message (HL7 v2.x chapter 2): segments that end with CR; a segment is a name of three letters and fields.
//   MSH: 1 field separator (the character after the name)   2 encoding characters, first: component separator
//        3 sending application   4 sending facility   5 receiving application   6 receiving facility
//        9 message type (code^trigger^structure)   10 message control id   12 version id
//   MSA: 1 acknowledgement code   2 control id of the acknowledged message
// Every other segment (PID, OBX …) is passed over byte by byte and never kept.
const startBlock = 0x0b
const endBlock = 0x1c
const cr = 0x0d
const lf = 0x0a

export type Hl7Event =
  /** A whole message that is no acknowledgement. */
  | {
      readonly kind: 'message'
      readonly controlHash: number
      /** MSH-3|MSH-4 and MSH-5|MSH-6; empty when both fields are. */
      readonly sender: string
      readonly receiver: string
      readonly type: string
      readonly version: string
    }
  | { readonly kind: 'acknowledgement'; readonly controlHash: number; readonly code: string }

/** Reads the messages of one direction; linear in the bytes, keeps at most `segmentBytesMax` of them. */
export interface Hl7Reader {
  push(bytes: Uint8Array, start: number, end: number, out: DecoderOutput): void
  /** Bytes are missing: the next block start is looked for. */
  gap(out: DecoderOutput): void
  end(out: DecoderOutput): void
}

/** MSH-12 stands well within this; what exceeds it is not looked at. */
const segmentBytesMax = 1024
const fieldBytesMax = 100

type Mode = 'outside' | 'segment' | 'passing'

export function createHl7Reader(onEvent: (event: Hl7Event, out: DecoderOutput) => void): Hl7Reader {
  const kept = new Uint8Array(segmentBytesMax)
  let keptCount = 0
  let mode: Mode = 'outside'
  let header: Hl7Event | null = null
  let isAcknowledgement = false
  /** Whether the bytes between blocks that are no CR or LF have been counted. */
  let isStrayTold = false

  const beginBlock = () => {
    mode = 'segment'
    keptCount = 0
    header = null
    isAcknowledgement = false
    isStrayTold = false
  }
  const endMessage = (out: DecoderOutput) => {
    if (header?.kind === 'message' && !isAcknowledgement && !header.type.startsWith('ACK'))
      onEvent(header, out)
    header = null
    isAcknowledgement = false
  }
  const endSegment = (out: DecoderOutput) => {
    if (mode === 'segment' && isSegment(kept, keptCount, 'MSH')) {
      endMessage(out)
      header = readHeader(kept, keptCount)
      if (header === null) out.reject('hl7-bad-header')
    } else if (mode === 'segment' && isSegment(kept, keptCount, 'MSA') && header !== null) {
      isAcknowledgement = true
      onEvent(readAcknowledgement(kept, keptCount), out)
    }
    mode = 'segment'
    keptCount = 0
  }
  const endBlockSeen = (out: DecoderOutput) => {
    endSegment(out)
    endMessage(out)
    mode = 'outside'
  }

  /** A byte that ends or begins something, or any byte where segments begin. */
  const onByte = (byte: number, out: DecoderOutput) => {
    if (byte === startBlock) {
      if (mode !== 'outside') {
        out.reject('hl7-no-end-block')
        endBlockSeen(out)
      }
      beginBlock()
    } else if (mode === 'outside') {
      if (byte !== cr && byte !== lf && !isStrayTold) {
        out.reject('hl7-outside-block')
        isStrayTold = true
      }
    } else if (byte === endBlock) {
      endBlockSeen(out)
    } else if (byte === cr || byte === lf) {
      endSegment(out)
    } else if (mode === 'segment') {
      if (keptCount < segmentBytesMax) kept[keptCount++] = byte
      if (keptCount === 3 && !isSegment(kept, 3, 'MSH') && !isSegment(kept, 3, 'MSA'))
        mode = 'passing'
    }
  }

  return {
    push(bytes, start, end, out) {
      for (let at = start; at < end; at++) {
        // All delimiters are ≤ 1C: what is passed over costs one comparison a byte.
        if (mode === 'passing') while (at < end && bytes[at]! > endBlock) at++
        if (at < end) onByte(bytes[at]!, out)
      }
    },
    gap(out) {
      // A header that was read whole stands; a segment cut by the gap does not.
      endMessage(out)
      mode = 'outside'
      isStrayTold = true
    },
    end(out) {
      if (mode !== 'outside') {
        out.reject('hl7-no-end-block')
        endBlockSeen(out)
      }
    },
  }
}

function isSegment(bytes: Uint8Array, count: number, name: string): boolean {
  return (
    count >= 3 &&
    name.charCodeAt(0) === bytes[0] &&
    name.charCodeAt(1) === bytes[1] &&
    name.charCodeAt(2) === bytes[2]
  )
}

/** Null when there is no room for the separators. */
function readHeader(bytes: Uint8Array, count: number): Hl7Event | null {
  if (count < 8) return null
  const separator = bytes[3]!
  const component = bytes[4] === separator ? 0x5e : bytes[4]!
  // The separator itself counts as MSH-1, so that what follows it is MSH-2.
  const fields = fieldBounds(bytes, 4, count, separator, 12)
  const field = (number: number): string => {
    const [start, end] = fields[number - 2] ?? [0, 0]
    const text = fieldText(bytes, start, end, fieldBytesMax)
    return component === 0x5e ? text : text.replaceAll(String.fromCharCode(component), '^')
  }
  const [controlStart, controlEnd] = fields[8] ?? [0, 0]
  return {
    kind: 'message',
    controlHash: hashOf(bytes, controlStart, controlEnd),
    sender: party(field(3), field(4)),
    receiver: party(field(5), field(6)),
    type: field(9).split('^').slice(0, 2).join('^'),
    version: field(12).split('^')[0] ?? '',
  }
}

/** MSA-1 and MSA-2. The separator is taken from the segment itself: MSA always carries one after its name. */
function readAcknowledgement(bytes: Uint8Array, count: number): Hl7Event {
  const fields = count > 4 ? fieldBounds(bytes, 4, count, bytes[3]!, 2) : []
  const [codeStart, codeEnd] = fields[0] ?? [0, 0]
  const [controlStart, controlEnd] = fields[1] ?? [0, 0]
  return {
    kind: 'acknowledgement',
    code: fieldText(bytes, codeStart, codeEnd, 2),
    controlHash: hashOf(bytes, controlStart, controlEnd),
  }
}

/** Start and end of at most `countMax` fields between separators. */
function fieldBounds(
  bytes: Uint8Array,
  start: number,
  end: number,
  separator: number,
  countMax: number,
): [number, number][] {
  const bounds: [number, number][] = []
  let from = start
  for (let at = start; at <= end && bounds.length < countMax; at++) {
    if (at < end && bytes[at] !== separator) continue
    bounds.push([from, at])
    from = at + 1
  }
  return bounds
}

function party(application: string, facility: string): string {
  return application === '' && facility === '' ? '' : `${application}|${facility}`
}

/** FNV-1a, 32 bits: tells the few outstanding messages of a connection apart without keeping their identifiers. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  return hash >>> 0
}
