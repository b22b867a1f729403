import { minuteUs, secondUs } from '../../records/time.ts'
import { mergeExchanges } from '../exchange.ts'
import { tlsFetch, tlsUpload } from '../exchanges/office.ts'
import { visitingHours } from '../rhythm.ts'
import { atRandom, regularly } from '../schedule.ts'
import { leases } from './leases.ts'
import { type Activity, afterNameUs, lookUp, opening } from './stage.ts'

/** A patient's own monitor: measures, and reports to its maker's cloud every quarter of an hour. */
export const homeMonitor: Activity = (self, stage) => {
  const { cast, random } = stage
  const period = { ...stage.period, fromUs: stage.period.fromUs + minuteUs }
  const cloud = cast.outside.homeCloud
  function* reports() {
    for (const timeUs of regularly(period, random.fork('report'), 15 * minuteUs, 20 * secondUs)) {
      yield lookUp(self, cloud, timeUs, stage)
      yield tlsUpload(opening(self, cloud, timeUs + afterNameUs, stage), cloud.host, 4_000)
    }
  }
  return mergeExchanges([leases(self, stage), reports()])
}

/** A phone or tablet of a patient or visitor: the same few sites as everybody. */
export const phone: Activity = (self, stage) => {
  const { cast, random } = stage
  const period = { ...stage.period, fromUs: stage.period.fromUs + minuteUs }
  const { news, video, chat, mail } = cast.outside
  function* visits() {
    const times = random.fork('visits')
    for (const timeUs of atRandom(period, times, 8 * minuteUs, visitingHours, 2 * secondUs)) {
      const site = times.pick([news, video, chat, chat, mail])
      yield lookUp(self, site, timeUs, stage)
      const bytes = times.pick([5_000, 20_000, 60_000])
      yield tlsFetch(opening(self, site, timeUs + afterNameUs, stage), site.host, bytes)
    }
  }
  return mergeExchanges([leases(self, stage), visits()])
}
