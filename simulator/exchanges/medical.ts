import { hl7Messages, type Opening } from '../conversations.ts'
import { dicomAssociation, dicomRefusal, type DicomTitles } from '../dicom-conversations.ts'
import { exchange, type Exchange } from '../exchange.ts'

export interface Hl7Sender {
  /** MSH-3 and MSH-4. */
  readonly application: string
  readonly facility: string
}

/** A connection over which `count` HL7 messages go, one every `everyUs`, each acknowledged. */
export function hl7Session(
  opening: Opening,
  sender: Hl7Sender,
  count: number,
  everyUs: number,
): Exchange {
  const shape = `hl7 ${sender.application}|${sender.facility} ${count} ${everyUs}`
  return exchange(opening, shape, (at) => hl7Messages(at, sender, count, everyUs))
}

/** A DICOM association that is accepted and carries this much. */
export function dicomTransfer(
  opening: Opening,
  titles: DicomTitles,
  payloadBytes: number,
): Exchange {
  const shape = `dicom ${titles.calling}>${titles.called} ${payloadBytes}`
  return exchange(opening, shape, (at) => dicomAssociation(at, titles, payloadBytes))
}

export function dicomRefused(opening: Opening, titles: DicomTitles): Exchange {
  const shape = `dicom-refused ${titles.calling}>${titles.called}`
  return exchange(opening, shape, (at) => dicomRefusal(at, titles))
}
