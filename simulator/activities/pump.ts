import { dayUs, minuteUs, secondUs } from '../../records/time.ts'
import { mergeExchanges } from '../exchange.ts'
import { addressQuestion } from '../exchanges/network.ts'
import { tlsFetch } from '../exchanges/office.ts'
import { daily, regularly } from '../schedule.ts'
import { type Activity, opening } from './stage.ts'

/** Reports its state to the pump server every five minutes, asks for the drug library once a day. */
export const pump: Activity = (self, stage) => {
  const { cast, period, random } = stage
  const server = cast.servers['pump-server']
  const host = 'pumps.hospital.example'
  function* reports() {
    for (const timeUs of regularly(period, random.fork('report'), 5 * minuteUs, 4 * secondUs))
      yield tlsFetch(opening(self, server, timeUs, stage), host, random.pick([600, 900, 1400]))
  }
  function* library() {
    for (const timeUs of daily(period, random.fork('library'), 3, 50 * minuteUs))
      yield tlsFetch(opening(self, server, timeUs, stage), host, 60_000)
  }
  function* neighbours() {
    for (const timeUs of regularly(period, random.fork('arp'), dayUs / 12, 5 * secondUs))
      yield addressQuestion({ client: self, server, clientPort: 0, startUs: timeUs })
  }
  return mergeExchanges([reports(), library(), neighbours()])
}
