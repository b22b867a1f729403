import type { TimeUs } from '../../records/time.ts'

/** Peers × services of one host in one hour; beyond it contacts are counted, not kept. */
const contactsMax = 4096
const callersMax = 256
const flaggedMax = 64

/** One peer and service of the current hour; the contacts with one peer form a list. */
export interface Contact {
  readonly service: string
  readonly isOrig: boolean
  readonly address: string | null
  readonly isInternal: boolean
  isFlagged: boolean
  next: Contact | null
}

/** The small part of a host's baseline: the hour that is still open, and where the host was last seen. */
export interface HourDelta {
  /** Hours since the epoch; −1 when no hour is open. */
  hour: number
  lastSeenUs: TimeUs
  address: string | null
  mac: string | null
  flows: number
  outBytes: number
  inBytes: number
  contacts: Map<string, Contact>
  contactCount: number
  contactsRefused: number
  /** Caller relations of the hour, with the peer that called. */
  callers: Map<string, string>
  /** Names looked up in this hour. */
  names: Map<string, string>
  /** Counterparts of facts reported on this host: what was met of them in this hour teaches nothing. */
  flagged: Set<string>
  /** More were flagged than are kept: the whole hour teaches nothing. */
  isFlagged: boolean
}

export const hourVersion = 2

export function createHour(): HourDelta {
  return {
    hour: -1,
    lastSeenUs: NaN,
    address: null,
    mac: null,
    flows: 0,
    outBytes: 0,
    inBytes: 0,
    contacts: new Map(),
    contactCount: 0,
    contactsRefused: 0,
    callers: new Map(),
    names: new Map(),
    flagged: new Set(),
    isFlagged: false,
  }
}

/** Opens `hour` with nothing in it. */
export function openHour(delta: HourDelta, hour: number): void {
  delta.hour = hour
  delta.flows = delta.outBytes = delta.inBytes = delta.contactCount = delta.contactsRefused = 0
  delta.contacts.clear()
  delta.callers.clear()
  delta.names.clear()
  delta.flagged.clear()
  delta.isFlagged = false
}

/** The contact of this hour, if it has been noted. */
export function findContact(
  delta: HourDelta,
  peer: string,
  service: string,
  isOrig: boolean,
): Contact | null {
  let contact = delta.contacts.get(peer) ?? null
  while (contact !== null && (contact.isOrig !== isOrig || contact.service !== service))
    contact = contact.next
  return contact
}

/** Returns false when the hour holds as many as it may: the contact is counted, not kept. */
export function addContact(
  delta: HourDelta,
  peer: string,
  contact: Omit<Contact, 'isFlagged' | 'next'>,
): boolean {
  if (delta.contactCount >= contactsMax) {
    delta.contactsRefused++
    return false
  }
  delta.contactCount++
  const next = delta.contacts.get(peer) ?? null
  delta.contacts.set(peer, {
    ...contact,
    isFlagged: delta.isFlagged || delta.flagged.has(peer),
    next,
  })
  return true
}

export function addCaller(delta: HourDelta, relation: string, peer: string): void {
  if (delta.callers.size < callersMax) delta.callers.set(relation, peer)
}

/** What this peer did in this hour was a fact against it: nothing of it is learned. */
export function flagPeer(delta: HourDelta, peer: string): void {
  if (delta.flagged.size >= flaggedMax) {
    delta.isFlagged = true
    return
  }
  delta.flagged.add(peer)
  for (let c = delta.contacts.get(peer) ?? null; c !== null; c = c.next) c.isFlagged = true
}
