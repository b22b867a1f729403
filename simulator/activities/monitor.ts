import { hourUs, minuteUs, secondUs } from '../../records/time.ts'
import { talk } from '../conversations.ts'
import { hl7Senders } from '../declared.ts'
import { exchange, type Exchange, mergeExchanges } from '../exchange.ts'
import { hl7Session } from '../exchanges/medical.ts'
import { timeQuestion } from '../exchanges/network.ts'
import type { Opening } from '../conversations.ts'
import { regularly } from '../schedule.ts'
import { type Activity, opening } from './stage.ts'

/** Port of the maker's own protocol between monitor and central station. */
const vitalsPort = 24_105
/** A monitor that is switched on connects within this time. */
const connectUs = 20 * secondUs

/**
 * Sends vital signs to the central station of its ward without a pause, and HL7 observations to the interface engine
 * every two minutes. Both connections are opened anew every hour.
 */
export const monitor: Activity = (self, stage) => {
  const { cast, period, random } = stage
  const [station] = cast.of('central-station', self.ward)
  const engine = cast.servers['interface-engine']
  const sender = hl7Senders(cast).find(({ member }) => member === self)
  function* vitals() {
    if (station === undefined) return
    for (const timeUs of regularly(period, random.fork('vitals'), hourUs, 0, connectUs))
      yield vitalSigns(opening(self, station, timeUs, stage), 170, 20 * secondUs)
  }
  function* observations() {
    if (sender === undefined) return
    for (const timeUs of regularly(period, random.fork('hl7'), hourUs, 0, connectUs))
      yield hl7Session(opening(self, engine, timeUs, stage), sender, 28, 2 * minuteUs)
  }
  function* time() {
    for (const timeUs of regularly(period, random.fork('time'), 4 * hourUs, minuteUs))
      yield timeQuestion(opening(self, cast.servers['time-server'], timeUs, stage))
  }
  return mergeExchanges([vitals(), observations(), time()])
}

/** A lasting connection over which one small packet of measured values goes every `everyUs`. */
function vitalSigns(at: Opening, count: number, everyUs: number): Exchange {
  return exchange(at, `vitals ${count} ${everyUs}`, (atUs) => {
    const session = talk(atUs, vitalsPort).open()
    const values = Uint8Array.from({ length: 180 }, (_, i) => (0xe1 + i * 7) & 0xff)
    for (let i = 0; i < count; i++)
      session
        .send(values)
        .segment(false, 0x10)
        .wait(everyUs - 2_000)
    return session.close().packets
  })
}
