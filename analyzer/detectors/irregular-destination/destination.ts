import { formatIp } from '../../../records/address.ts'
import type { FlowBatch } from '../../../records/flow-batch.ts'
import { type HostKey, parseHostKey } from '../../../records/observation.ts'
import type { TimeUs } from '../../../records/time.ts'
import { protocolName } from '../../contact-outcome.ts'
import type { Findings, Host } from '../../detector.ts'
import { destinationRelation, serviceWord } from '../../device-baseline.ts'
import type { Episode } from '../../sketches/episode.ts'
import type { Thresholds } from './thresholds.ts'

export const udp = 17
const tcp = 6

/** A first contact: whom, for what, when. */
export interface Contact {
  readonly timeUs: TimeUs
  readonly peer: HostKey
  readonly address: string
  readonly port: number
  readonly protocol: number
}

/** A destination that is being told of. */
export interface Destination {
  readonly episode: Episode
  readonly contact: Contact
  readonly group: string
  readonly name: string | null
  readonly isExternal: boolean
}

export function contactOf(batch: FlowBatch, row: number): Contact {
  return {
    timeUs: batch.timeUs[row]!,
    peer: batch.peer.values[batch.peer.codes[row]!]!,
    address: formatIp(batch.respIp, row * 16),
    port: batch.respPort[row]!,
    protocol: batch.protocol[row]!,
  }
}

/** Tells of the destination; novelty weighs more the less is known of it. */
export function reportDestination(
  limits: Thresholds,
  destination: Destination,
  timeUs: TimeUs,
  host: Host,
  out: Findings,
): void {
  const { episode, contact, group, name, isExternal } = destination
  const service = serviceWord(contact.protocol, contact.port)
  const novelty =
    limits.scoreNew +
    (isExternal ? limits.scoreExternal : 0) +
    (isExternal && name === null ? limits.scoreUnnamed : 0)
  const who = host.declared.name ?? host.address ?? host.key
  const whom = name ?? contact.address
  const usual = host.baseline.count('to')
  out.report({
    objectGroup: `${group} ${service}`,
    score: Math.min(novelty, limits.scoreMax),
    oldestUs: episode.oldestUs,
    timeUs,
    count: episode.count,
    summary: `${who} talked to ${whom} (${service}), which is none of its ${usual} usual destinations.`,
    why: {
      contacts: episode.count,
      service,
      destination: group,
      place: isExternal ? 'outside the monitored networks' : 'inside the monitored networks',
      nameLookedUp: name ?? 'none',
      usualDestinations: usual,
      flowsLearned: host.baseline.flows,
      daysLearned: host.baseline.days,
      baseline: host.baseline.isApproved ? 'approved' : 'established, not approved',
    },
    peers: [
      {
        key: contact.peer,
        address: contact.address,
        mac: parseHostKey(contact.peer).mac,
        name,
        port: contact.protocol === tcp || contact.protocol === udp ? contact.port : null,
        protocol: protocolName(contact.protocol),
      },
    ],
    relations: [destinationRelation(service, group)],
  })
}
