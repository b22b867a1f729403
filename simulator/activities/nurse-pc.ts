import { dayUs, hourUs, minuteUs, secondUs } from '../../records/time.ts'
import { type Exchange, mergeExchanges } from '../exchange.ts'
import { unansweredConnection } from '../exchanges/network.ts'
import { kerberosAttempt, nameLookup, printJob, smbAttempt, tlsFetch } from '../exchanges/office.ts'
import type { Member } from '../hospital.ts'
import { wardShifts } from '../rhythm.ts'
import { atRandom } from '../schedule.ts'
import { type Activity, afterNameUs, lookUp, opening, type Stage } from './stage.ts'
import { leases } from './leases.ts'

/** The work of a ward: records, a few web pages, files, log-ins, printing. Sometimes a password is mistyped. */
export const nursePc: Activity = (self, stage) => {
  const own = { ...stage, period: { ...stage.period, fromUs: stage.period.fromUs + minuteUs } }
  return mergeExchanges([
    leases(self, stage),
    records(self, own),
    pages(self, own),
    logins(self, own),
    files(self, own),
    printing(self, own),
  ])
}

function* records(self: Member, stage: Stage): Generator<Exchange> {
  const { cast, period, random } = stage
  const times = random.fork('records')
  const [system, names] = [cast.servers['record-system'], cast.servers['name-server']]
  const host = 'records.hospital.example'
  for (const timeUs of atRandom(period, times, 6 * minuteUs, wardShifts, 2 * secondUs)) {
    yield nameLookup(opening(self, names, timeUs, stage), host, system.ip)
    const bytes = times.pick([4_000, 9_000, 22_000])
    yield tlsFetch(opening(self, system, timeUs + afterNameUs, stage), host, bytes)
  }
}

function* pages(self: Member, stage: Stage): Generator<Exchange> {
  const { cast, period, random } = stage
  const times = random.fork('pages')
  const { medicines, mail, updates } = cast.outside
  for (const timeUs of atRandom(period, times, 25 * minuteUs, wardShifts, 2 * secondUs)) {
    const whom = times.pick([medicines, medicines, mail, updates])
    yield lookUp(self, whom, timeUs, stage)
    yield tlsFetch(opening(self, whom, timeUs + afterNameUs, stage), whom.host, 15_000)
  }
}

/** A log-in fails now and then, once or twice, and then it is right: no burst. */
function* logins(self: Member, stage: Stage): Generator<Exchange> {
  const { cast, period, random } = stage
  const times = random.fork('logins')
  const controller = cast.servers['domain-controller']
  for (const timeUs of atRandom(period, times, 2 * hourUs, wardShifts, minuteUs)) {
    const mistakes = times.chance(0.1) ? times.int(1, 2) : 0
    for (let i = 0; i <= mistakes; i++) {
      const at = opening(self, controller, timeUs + i * 8 * secondUs, stage)
      yield kerberosAttempt(at, i === mistakes, 'udp')
    }
  }
}

function* files(self: Member, stage: Stage): Generator<Exchange> {
  const { cast, period, random } = stage
  const times = random.fork('files')
  const controller = cast.servers['domain-controller']
  for (const timeUs of atRandom(period, times, hourUs, wardShifts, secondUs)) {
    const bytes = times.pick([8_000, 30_000])
    yield smbAttempt(opening(self, controller, timeUs, stage), true, bytes)
  }
}

/** At night a printer may be switched off. */
function* printing(self: Member, stage: Stage): Generator<Exchange> {
  const { cast, period, random } = stage
  const times = random.fork('printing')
  const [printer] = cast.of('printer', self.ward)
  if (printer === undefined) return
  for (const timeUs of atRandom(period, times, 50 * minuteUs, wardShifts, 5 * secondUs)) {
    const hour = Math.floor((timeUs % dayUs) / hourUs)
    const isOff = hour < 5 && times.chance(0.2)
    const at = opening(self, printer, timeUs, stage)
    yield isOff
      ? unansweredConnection(at, 631)
      : printJob(at, printer.name, times.pick([9_000, 40_000]))
  }
}
