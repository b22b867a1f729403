import { hourUs, minuteUs } from '../../records/time.ts'
import { mergeExchanges } from '../exchange.ts'
import { timeQuestion } from '../exchanges/network.ts'
import { smbAttempt } from '../exchanges/office.ts'
import { regularly } from '../schedule.ts'
import { type Activity, opening } from './stage.ts'

/** What a server does of its own: keeps its time, and fetches its settings from the domain controller. */
export const server: Activity = (self, stage) => {
  const { cast, period, random } = stage
  const { 'time-server': clock, 'domain-controller': controller } = cast.servers
  function* time() {
    if (self === clock) return
    for (const timeUs of regularly(period, random.fork('time'), 2 * hourUs, minuteUs))
      yield timeQuestion(opening(self, clock, timeUs, stage))
  }
  function* settings() {
    if (self === controller || self === clock) return
    for (const timeUs of regularly(period, random.fork('settings'), 2 * hourUs, minuteUs))
      yield smbAttempt(opening(self, controller, timeUs, stage), true, 4_000)
  }
  return mergeExchanges([time(), settings()])
}

/** Printers and central stations: nothing but the time of day. */
export const quiet: Activity = function* (self, stage) {
  const { cast, period, random } = stage
  for (const timeUs of regularly(period, random.fork('time'), 4 * hourUs, minuteUs))
    yield timeQuestion(opening(self, cast.servers['time-server'], timeUs, stage))
}
