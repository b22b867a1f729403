import { ascii, concat, u32 } from './bytes.ts'
import { type Opening, talk } from './conversations.ts'
import type { Packet } from './packets.ts'

export interface DicomTitles {
  readonly calling: string
  readonly called: string
}

/** A DICOM association that is refused (PS3.8 §9.3.4): calling AE title not recognised, permanently. */
export function dicomRefusal(opening: Opening, titles: DicomTitles): Packet[] {
  const session = talk(opening, 11112).open()
  session.send(associatePdu(1, titles)).answer(pdu(3, Uint8Array.of(0, 1, 1, 3)))
  return session.close().packets
}

/** DICOM association (PS3.8 §9.3): request and acceptance for one SOP class, C-ECHO left out, release, close. */
export function dicomAssociation(
  opening: Opening,
  titles: DicomTitles,
  payloadBytes = 0,
): Packet[] {
  const session = talk(opening, 11112).open()
  session.send(associatePdu(1, titles)).answer(associatePdu(2, titles))
  if (payloadBytes > 0) session.send(imagePdus(payloadBytes))
  session.send(pdu(5, new Uint8Array(4))).answer(pdu(6, new Uint8Array(4)))
  return session.close().packets
}

function pdu(type: number, body: Uint8Array): Uint8Array {
  const head = new Uint8Array(6)
  head[0] = type
  new DataView(head.buffer).setUint32(2, body.length)
  return concat(head, body)
}

/** Largest PDU that the associations here agree on (PS3.8 D.1). */
const pduBytesMax = 16_384

/**
 * P-DATA-TF (PS3.8 §9.3.5): one data set of a single element, the pixels (7FE0,0010) in implicit VR little endian
 * (PS3.5 §7.1.3), in as many fragments as it takes.
 */
function imagePdus(pixelBytes: number): Uint8Array {
  const element = Uint8Array.of(0xe0, 0x7f, 0x10, 0)
  const length = Uint8Array.of(pixelBytes, pixelBytes >> 8, pixelBytes >> 16, pixelBytes >> 24)
  const dataSet = concat(element, length, new Uint8Array(pixelBytes))
  const fragmentBytes = pduBytesMax - 6
  const pdus: Uint8Array[] = []
  for (let at = 0; at < dataSet.length; at += fragmentBytes) {
    const part = dataSet.subarray(at, at + fragmentBytes)
    const isLast = at + part.length === dataSet.length
    pdus.push(pdu(4, concat(u32(part.length + 2), Uint8Array.of(1, isLast ? 2 : 0), part)))
  }
  return concat(...pdus)
}

function item(type: number, body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(type, 0, body.length >> 8, body.length & 0xff), body)
}

function associatePdu(type: 1 | 2, titles: DicomTitles): Uint8Array {
  const isRequest = type === 1
  const context = isRequest
    ? concat(Uint8Array.of(1, 0, 0, 0), item(0x30, ascii('1.2.840.10008.1.1')), transferSyntax())
    : concat(Uint8Array.of(1, 0, 0, 0), transferSyntax())
  const user = concat(
    item(0x51, Uint8Array.of(0, 0, 0x40, 0)),
    item(0x52, ascii('1.2.276.0.7230010.3.0.3.6.7')),
    item(0x55, ascii('OFFIS_DCMTK_367')),
  )
  const fixed = concat(
    Uint8Array.of(0, 1, 0, 0),
    ascii(titles.called.padEnd(16)),
    ascii(titles.calling.padEnd(16)),
    new Uint8Array(32),
  )
  const items = [
    item(0x10, ascii('1.2.840.10008.3.1.1.1')),
    item(isRequest ? 0x20 : 0x21, context),
    item(0x50, user),
  ]
  return pdu(type, concat(fixed, ...items))
}

function transferSyntax(): Uint8Array {
  return item(0x40, ascii('1.2.840.10008.1.2'))
}
