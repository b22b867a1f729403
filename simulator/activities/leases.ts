import { hourUs, secondUs } from '../../records/time.ts'
import { leaseRenewal } from '../exchanges/network.ts'
import { regularly } from '../schedule.ts'
import type { Activity } from './stage.ts'

const leaseSeconds = 86_400

/** Renews the lease in the first half minute, and then at half of its time (RFC 2131 §4.4.5). */
export const leases: Activity = function* (self, stage) {
  const server = stage.cast.servers['address-server']
  const { period, random } = stage
  const own = random.fork('lease')
  const firstUs = Math.round(period.fromUs + own.float() * 30 * secondUs)
  const renew = (startUs: number) =>
    leaseRenewal({ client: self, server, clientPort: 68, startUs }, self.name, leaseSeconds)
  if (firstUs < period.toUs) yield renew(firstUs)
  const rest = { fromUs: period.fromUs + hourUs, toUs: period.toUs }
  for (const timeUs of regularly(rest, own, 12 * hourUs, 60 * secondUs)) yield renew(timeUs)
}
