import { minuteUs, secondUs } from '../../records/time.ts'
import { mergeExchanges } from '../exchange.ts'
import { sshConnection } from '../exchanges/office.ts'
import { isWeekend } from '../rhythm.ts'
import { daily } from '../schedule.ts'
import { type Activity, opening } from './stage.ts'

/** Hour (UTC) at which the maker of the modalities may look at them, on working days. */
const maintenanceHour = 20

/** The vendor's gateway logs in at each modality in the evening of a working day, one after the other. */
export const remoteService: Activity = (self, stage) => {
  const { cast, period, random } = stage
  const visits = cast.of('modality').map(function* (modality, i) {
    const times = random.fork(modality.name)
    for (const timeUs of daily(period, times, maintenanceHour, 4 * minuteUs)) {
      const startUs = timeUs + i * 5 * minuteUs
      if (isWeekend(timeUs) || startUs >= period.toUs) continue
      yield sshConnection(opening(self, modality, startUs, stage), 24_000)
      yield sshConnection(opening(self, modality, startUs + 90 * secondUs, stage), 60_000)
    }
  })
  return mergeExchanges(visits)
}
