import { type FlowBatch } from '../records/flow-batch.ts'
import { servicePorts } from '../records/service-ports.ts'

/**
 * Every name that the `service` of a series can have, besides `all`: a closed list, because each name is a series of its
 * own for each device. Recognised protocols go by their name, others by the responder's port, the rest by transport.
 */
export const seriesServices: readonly string[] = [
  ...new Set([...Object.keys(servicePorts).map(nameOf), 'dhcp', 'tls']),
]
  .sort()
  .concat('icmp', 'tcp', 'udp', 'other')

/** On the wire an https port says no more than that TLS is spoken there. */
function nameOf(service: string): string {
  return service === 'https' ? 'tls' : service
}

const indexOf: ReadonlyMap<string, number> = new Map(seriesServices.map((name, i) => [name, i]))
const [icmp, tcp, udp, other] = ['icmp', 'tcp', 'udp', 'other'].map((name) => indexOf.get(name)!)

/** Service by port. Arrays, because every row asks. */
const byPort = {
  tcp: new Uint8Array(65_536).fill(tcp!),
  udp: new Uint8Array(65_536).fill(udp!),
}
for (const [service, words] of Object.entries(servicePorts)) {
  for (const word of words) {
    const [transport, port] = word.split('/')
    byPort[transport === 'tcp' ? 'tcp' : 'udp'][Number(port)] = indexOf.get(nameOf(service))!
  }
}
for (const port of [67, 68, 546, 547]) byPort.udp[port] = indexOf.get('dhcp')!

/** Index into `seriesServices` of each name in the batch's dictionary; `other` for one that is not in the list. */
export function recognisedServices(batch: FlowBatch): readonly number[] {
  return batch.service.values.map((name) => indexOf.get(nameOf(name)) ?? other!)
}

/**
 * Index into `seriesServices` of one row.
 * @param recognised `recognisedServices` of this batch
 */
export function seriesServiceAt(
  batch: FlowBatch,
  row: number,
  recognised: readonly number[],
): number {
  const code = batch.service.codes[row]!
  if (code >= 0) return recognised[code]!
  switch (batch.protocol[row]) {
    case 6:
      return byPort.tcp[batch.respPort[row]!]!
    case 17:
      return byPort.udp[batch.respPort[row]!]!
    case 1:
    case 58:
      return icmp!
    default:
      return other!
  }
}
