import { hourUs, type TimeUs } from '../records/time.ts'
import type { HostSectionRow } from '../store/state-store.ts'
import {
  type FoldedBaseline,
  foldedVersion,
  isUsual,
  newRelationCount,
  type Relation,
} from './baseline/folded.ts'
import { type Contact, type HourDelta, hourVersion } from './baseline/hour.ts'
import type { IdentityFact } from './baseline/identity.ts'
import type { LearningConfig, LearningState } from './baseline/learning.ts'
import { destinationGroup, destinationRelation, sourceRelation } from './device-baseline.ts'
import { decodeSection } from './section.ts'

/** A relation as people read it. `new`: met, not yet usual. */
export interface DescribedRelation {
  /** As an `approve` command names it. */
  readonly relation: string
  readonly kind: 'to' | 'from' | 'caller'
  /** `tcp/443`, `udp/dynamic`, `icmp`; of callers the protocol. */
  readonly service: string
  /** The name that a caller used. */
  readonly caller: string | null
  /** Key of a host, registered domain or network. */
  readonly party: string
  readonly standing: 'approved' | 'learned' | 'new'
  /** Start of the first hour it was met in, and end of the last. */
  readonly firstUs: TimeUs
  readonly lastUs: TimeUs
  /** Active hours, and the days they lie on; 0 while its first hour is open. */
  readonly hours: number
  readonly days: number
}

/** What the analyzer has learned of one host, readable. */
export interface HostDescription {
  readonly state: LearningState
  readonly isThin: boolean
  readonly isApproved: boolean
  readonly days: number
  readonly weekendDays: number
  readonly activeHours: number
  readonly flows: number
  /** Relations first met in the trailing 48 hours, and how many there may be for a settled host. */
  readonly newRelations: number
  readonly newRelationsMax: number
  readonly thresholds: LearningConfig
  readonly identity: readonly IdentityFact[]
  /** Newest first. */
  readonly relations: readonly DescribedRelation[]
  /** Forgotten for want of room. */
  readonly relationsEvicted: number
}

/** Sections of a host that `describeHost` reads. */
export const describedSections = ['baseline', 'hour'] as const

/**
 * Makes the baseline of a host readable: closed hours, and what the open one has met besides.
 * @param rows its sections of the names above, as they are stored
 * @returns null while nothing is learned of it
 * @throws WardwatchError STATE_INCOMPATIBLE when a section is damaged
 */
export function describeHost(
  rows: readonly HostSectionRow[],
  thresholds: LearningConfig,
): HostDescription | null {
  const read = (name: string, version: number) => {
    const row = rows.find(({ section }) => section === name)
    return row === undefined ? null : decodeSection(version, row.value)
  }
  const folded = read('baseline', foldedVersion) as FoldedBaseline | null
  if (folded === null) return null
  const hour = read('hour', hourVersion) as HourDelta | null
  const relations = [...folded.relations].map(([name, relation]) => describe(name, relation))
  if (hour !== null) relations.push(...metNow(hour, folded))
  return {
    state: folded.state,
    isThin: folded.isThin,
    isApproved: folded.isApproved,
    days: folded.days,
    weekendDays: folded.weekendDays,
    activeHours: folded.activeHours,
    flows: folded.flows + (hour?.flows ?? 0),
    newRelations: newRelationCount(folded, folded.foldedToHour),
    newRelationsMax: Math.max(1, Math.floor(0.05 * folded.relations.size)),
    thresholds,
    identity: folded.identity,
    relations: relations.sort((a, b) => b.lastUs - a.lastUs || (a.relation < b.relation ? -1 : 1)),
    relationsEvicted: folded.relationsEvicted,
  }
}

/** What the open hour has met that no closed one has. */
function metNow(hour: HourDelta, folded: FoldedBaseline): DescribedRelation[] {
  const met = new Set<string>(hour.callers.keys())
  for (const [peer, first] of hour.contacts) {
    for (let contact: Contact | null = first; contact !== null; contact = contact.next) {
      met.add(relationOf(peer, contact, hour, folded))
    }
  }
  const now = { firstHour: hour.hour, lastHour: hour.hour, hours: 0, days: 0, isApproved: false }
  return [...met].filter((name) => !folded.relations.has(name)).map((name) => describe(name, now))
}

function relationOf(peer: string, contact: Contact, hour: HourDelta, folded: FoldedBaseline) {
  const { service, isOrig, address, isInternal } = contact
  if (!isOrig) return sourceRelation(service, peer)
  const name =
    address === null ? null : (hour.names.get(address) ?? folded.names.get(address) ?? null)
  return destinationRelation(service, destinationGroup(peer, address, isInternal, name))
}

function describe(name: string, relation: Relation): DescribedRelation {
  return {
    relation: name,
    ...partsOf(name),
    standing: relation.isApproved ? 'approved' : isUsual(relation) ? 'learned' : 'new',
    firstUs: relation.firstHour * hourUs,
    // One that a person approved before it was ever met has no last hour.
    lastUs: (Math.max(relation.lastHour, relation.firstHour - 1) + 1) * hourUs,
    hours: relation.hours,
    days: relation.days,
  }
}

/** The parts of what analyzer/device-baseline.ts has joined. A caller's name may hold the separator, a key has two. */
function partsOf(name: string): Pick<DescribedRelation, 'kind' | 'service' | 'caller' | 'party'> {
  const [kind = '', service = '', ...rest] = name.split('|')
  if (kind === 'caller') {
    return {
      kind,
      service,
      caller: rest.slice(0, -3).join('|'),
      party: rest.slice(-3).join('|'),
    }
  }
  return { kind: kind === 'from' ? 'from' : 'to', service, caller: null, party: rest.join('|') }
}
