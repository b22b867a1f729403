import type { Opening } from '../conversations.ts'
import type { Exchange } from '../exchange.ts'
import { nameLookup } from '../exchanges/office.ts'
import type { Cast, Member, Outsider } from '../hospital.ts'
import type { Station } from '../packets.ts'
import type { ClientPorts } from '../ports.ts'
import type { Random } from '../random.ts'
import type { Period } from '../schedule.ts'

/** What one device needs to act: who else is there, when, its own randomness, its own ports. */
export interface Stage {
  readonly cast: Cast
  readonly period: Period
  readonly random: Random
  readonly ports: ClientPorts
}

/** What a device does of its own accord, in the order of time. */
export type Activity = (self: Member, stage: Stage) => Iterable<Exchange>

/** A connection of `self` to a server, from its next port. */
export function opening(self: Station, server: Station, startUs: number, stage: Stage): Opening {
  return { client: self, server, clientPort: stage.ports(), startUs }
}

/** Time between a name's answer and the connection that follows it, µs. */
export const afterNameUs = 20_000

/** Looks up the name of somebody outside. */
export function lookUp(self: Member, whom: Outsider, timeUs: number, stage: Stage): Exchange {
  const server = stage.cast.servers['name-server']
  return nameLookup(opening(self, server, timeUs, stage), whom.host, whom.ip)
}
