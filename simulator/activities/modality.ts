import { hourUs, minuteUs, secondUs } from '../../records/time.ts'
import { afterNameUs, type Activity, lookUp, opening } from './stage.ts'
import { titleOf } from '../declared.ts'
import { mergeExchanges } from '../exchange.ts'
import { dicomTransfer } from '../exchanges/medical.ts'
import { timeQuestion } from '../exchanges/network.ts'
import { tlsFetch } from '../exchanges/office.ts'
import { examinationHours } from '../rhythm.ts'
import { atRandom, regularly } from '../schedule.ts'

/** Stores an examination in the PACS every quarter of an hour or so, and tells its maker's cloud how it is every hour. */
export const modality: Activity = (self, stage) => {
  const { cast, period, random } = stage
  const titles = { calling: titleOf(self.name), called: 'PACS1' }
  function* examinations() {
    const times = random.fork('examination')
    const sizes = [40_000, 90_000, 180_000]
    for (const timeUs of atRandom(period, times, 15 * minuteUs, examinationHours, minuteUs)) {
      const size = times.pick(sizes)
      yield dicomTransfer(opening(self, cast.servers.pacs, timeUs, stage), titles, size)
    }
  }
  function* telemetry() {
    const cloud = cast.outside.vendorCloud
    for (const timeUs of regularly(period, random.fork('telemetry'), hourUs, 30 * secondUs)) {
      yield lookUp(self, cloud, timeUs, stage)
      yield tlsFetch(opening(self, cloud, timeUs + afterNameUs, stage), cloud.host, 3_000)
    }
  }
  function* time() {
    for (const timeUs of regularly(period, random.fork('time'), 4 * hourUs, minuteUs))
      yield timeQuestion(opening(self, cast.servers['time-server'], timeUs, stage))
  }
  return mergeExchanges([examinations(), telemetry(), time()])
}
