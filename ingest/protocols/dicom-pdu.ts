import type { DecoderOutput } from '../protocol.ts'
import { fieldText, readU16, readU32 } from './field.ts'

// DICOM upper layer PDUs, PS3.8 §9.3 (big-endian, widths in brackets):
//   0 type(1)   1 reserved(1)   2 length of what follows(4)
//   A-ASSOCIATE-RQ 01, -AC 02:  6 protocol version(2)  8 reserved(2)  10 called AE(16)  26 calling AE(16)
//                               42 reserved(32)  74 items
//   A-ASSOCIATE-RJ 03:  6 reserved(1) 7 result(1) 8 source(1) 9 reason(1)
//   P-DATA-TF 04   A-RELEASE-RQ 05   A-RELEASE-RP 06
//   A-ABORT 07:         6 reserved(2) 8 source(1) 9 reason(1)
//   item: 0 type(1) 1 reserved(1) 2 length(2) 4 value
//     10H application context name
//     20H presentation context (RQ): id(1) reserved(3), then items 30H abstract syntax, 40H transfer syntax
//     21H presentation context (AC): id(1) reserved(1) result(1) reserved(1), then item 40H
//     50H user information: items 51H maximum length, 52H implementation class UID, 55H implementation version
//     name (PS3.7 §D.3.3.2), 58H user identity (never read) and others

/** Item types whose text is told. */
export const dicomItem = {
  abstractSyntax: 0x30,
  implementationClass: 0x52,
  implementationVersion: 0x55,
} as const

export type PduEvent =
  | { readonly kind: 'titles'; readonly called: string; readonly calling: string }
  /** A presentation context; `result` 0 in an A-ASSOCIATE-AC: accepted. */
  | { readonly kind: 'context'; readonly result: number }
  | { readonly kind: 'item'; readonly type: number; readonly text: string }
  /** End of an A-ASSOCIATE-RQ or -AC, after its titles, contexts and items. */
  | { readonly kind: 'request' | 'accept' }
  | {
      readonly kind: 'reject'
      readonly result: number
      readonly source: number
      readonly reason: number
    }
  | { readonly kind: 'abort'; readonly source: number; readonly reason: number }

/** Walks the PDUs of one direction. Keeps at most 68 bytes, whatever lengths are claimed. */
export interface PduWalker {
  /** @returns false when nothing more can be read: a malformed PDU (counted) or bytes missing inside a header. */
  push(bytes: Uint8Array, start: number, end: number, out: DecoderOutput): boolean
  /** `length` bytes are missing. @returns as `push`. */
  gap(length: number): boolean
}

const pdu = {
  request: 1,
  accept: 2,
  reject: 3,
  data: 4,
  releaseRequest: 5,
  releaseReply: 6,
  abort: 7,
} as const
const fixedBytes = 68
/** UIDs have at most 64 characters (PS3.5 §9.1), version names 16. */
const textBytesMax = 64
/** 128 presentation contexts with all their UIDs stay below this. */
export const associateBytesMax = 1 << 20

type Step = 'header' | 'fixed' | 'item' | 'context' | 'text' | 'answer'
const stepBytes = { header: 6, fixed: fixedBytes, item: 4, context: 4, text: 0, answer: 4 } as const

export function createPduWalker(onEvent: (event: PduEvent, out: DecoderOutput) => void): PduWalker {
  const kept = new Uint8Array(fixedBytes)
  let keptCount = 0
  let step: Step = 'header'
  let needBytes: number = stepBytes.header
  let skipBytes = 0
  let isLost = false
  /** Of the PDU being read: its type, and its bytes behind those that a step has asked for. */
  let type = 0
  let leftBytes = 0
  let itemType = 0
  let restOfTextBytes = 0

  const next = (to: Step, bytes: number = stepBytes[to]) => {
    step = to
    needBytes = bytes
    keptCount = 0
    if (to !== 'header') leftBytes -= bytes
  }
  const skip = (bytes: number) => {
    skipBytes += bytes
    leftBytes -= bytes
  }
  const endPdu = (out: DecoderOutput) => {
    skip(leftBytes)
    next('header')
    if (type === pdu.request) onEvent({ kind: 'request' }, out)
    else if (type === pdu.accept) onEvent({ kind: 'accept' }, out)
  }
  const nextItem = (out: DecoderOutput) => {
    if (leftBytes >= stepBytes.item) next('item')
    else endPdu(out)
  }
  const fail = (cause: string, out: DecoderOutput) => {
    isLost = true
    out.reject(cause)
  }

  const onHeader = (out: DecoderOutput) => {
    type = kept[0]!
    leftBytes = readU32(kept, 2)
    const isAssociate = type === pdu.request || type === pdu.accept
    const isAnswer = type === pdu.reject || type === pdu.abort
    if (type < pdu.request || type > pdu.abort) fail('dicom-unknown-pdu', out)
    else if (isAssociate && (leftBytes < fixedBytes || leftBytes > associateBytesMax))
      fail('dicom-bad-pdu-length', out)
    else if (isAnswer && leftBytes < stepBytes.answer) fail('dicom-bad-pdu-length', out)
    else if (isAssociate) next('fixed')
    else if (isAnswer) next('answer')
    else endPdu(out)
  }
  const onItem = (out: DecoderOutput) => {
    itemType = kept[0]!
    const length = readU16(kept, 2)
    const isContext = itemType === 0x20 || itemType === 0x21
    if (length > leftBytes || (isContext && length < stepBytes.context)) {
      out.reject('dicom-bad-item-length')
      endPdu(out)
    } else if (isContext) {
      next('context')
    } else if (itemType === 0x50) {
      // User information is a list of items itself; they follow as if they stood alone.
      nextItem(out)
    } else if (isTold(itemType) && length > 0) {
      restOfTextBytes = Math.max(0, length - textBytesMax)
      next('text', length - restOfTextBytes)
    } else {
      skip(length)
      nextItem(out)
    }
  }
  const onStep = (out: DecoderOutput) => {
    switch (step) {
      case 'header':
        onHeader(out)
        break
      case 'fixed':
        onEvent({ kind: 'titles', called: title(kept, 4), calling: title(kept, 20) }, out)
        nextItem(out)
        break
      case 'item':
        onItem(out)
        break
      case 'context':
        onEvent({ kind: 'context', result: kept[2]! }, out)
        nextItem(out)
        break
      case 'text':
        onEvent({ kind: 'item', type: itemType, text: trimmed(kept, 0, keptCount) }, out)
        skip(restOfTextBytes)
        nextItem(out)
        break
      case 'answer':
        onAnswer(out)
    }
  }
  const onAnswer = (out: DecoderOutput) => {
    const [result, source, reason] = [kept[1]!, kept[2]!, kept[3]!]
    endPdu(out)
    if (type === pdu.reject) onEvent({ kind: 'reject', result, source, reason }, out)
    else onEvent({ kind: 'abort', source, reason }, out)
  }

  return {
    push(bytes, start, end, out) {
      let at = start
      while (at < end && !isLost) {
        const skipped = Math.min(skipBytes, end - at)
        skipBytes -= skipped
        at += skipped
        const taken = Math.min(needBytes - keptCount, end - at)
        kept.set(bytes.subarray(at, at + taken), keptCount)
        keptCount += taken
        at += taken
        if (keptCount === needBytes) onStep(out)
      }
      return !isLost
    },
    gap(length) {
      if (length <= skipBytes && keptCount === 0) skipBytes -= length
      else isLost = true
      return !isLost
    },
  }
}

function isTold(type: number): boolean {
  return (
    type === dicomItem.abstractSyntax ||
    type === dicomItem.implementationClass ||
    type === dicomItem.implementationVersion
  )
}

/** AE title: 16 characters, spaces before and after are not significant (PS3.8 §9.3.2). */
function title(bytes: Uint8Array, at: number): string {
  return trimmed(bytes, at, at + 16)
}

/** Without the spaces and the zero byte that pad titles and UIDs. */
function trimmed(bytes: Uint8Array, start: number, end: number): string {
  let last = end
  while (last > start && (bytes[last - 1] === 0 || bytes[last - 1] === 0x20)) last--
  return fieldText(bytes, start, last, textBytesMax).trim()
}
