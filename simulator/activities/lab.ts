import { minuteUs, secondUs } from '../../records/time.ts'
import { hl7Senders } from '../declared.ts'
import { hl7Session } from '../exchanges/medical.ts'
import { examinationHours } from '../rhythm.ts'
import { atRandom } from '../schedule.ts'
import { type Activity, opening } from './stage.ts'

/** Sends a batch of results to the laboratory system, a message every few seconds. */
export const analyser: Activity = function* (self, stage) {
  const { cast, period, random } = stage
  const sender = hl7Senders(cast).find(({ member }) => member === self)
  if (sender === undefined) return
  const system = cast.servers['laboratory-system']
  for (const timeUs of atRandom(period, random, 12 * minuteUs, examinationHours, 2 * minuteUs)) {
    const results = random.pick([4, 8, 14])
    yield hl7Session(opening(self, system, timeUs, stage), sender, results, 6 * secondUs)
  }
}
