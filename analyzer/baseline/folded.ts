import { dayUs, hourUs, type TimeUs } from '../../records/time.ts'
import { createSeasonalVolumes, type SeasonalVolumes } from './volumes.ts'
import type { IdentityFact } from './identity.ts'
import type { LearningState } from './learning.ts'

/** Relations kept of one host; beyond it the one unseen longest goes first, unapproved before approved, counted. */
export const relationsMax = 2048
/** Names kept of one host; beyond it the one looked up longest ago goes. */
export const namesMax = 1024
/** A relation unseen for longer is forgotten, unless a person approved it. */
const forgottenHours = (90 * dayUs) / hourUs
/** A relation is usual after this many active hours on this many days: not after one burst. */
const usualHours = 3
const usualDays = 2

export interface Relation {
  firstHour: number
  lastHour: number
  hours: number
  days: number
  isApproved: boolean
}

/** The large part of a host's baseline: what its closed hours have taught. Written only when an hour closes. */
export interface FoldedBaseline {
  firstSeenUs: TimeUs
  /** First seen in a teaching recording or before the site had a baseline: no new device. */
  isTaught: boolean
  state: LearningState
  isThin: boolean
  isApproved: boolean
  days: number
  weekendDays: number
  lastDay: number
  activeHours: number
  /** Hours since the epoch: everything before it is folded in. */
  foldedToHour: number
  flows: number
  relations: Map<string, Relation>
  relationsEvicted: number
  /** Address → name it was looked up by, oldest look-up first. */
  names: Map<string, string>
  volumes: SeasonalVolumes
  /** How the host has called itself; told of at once, not only when an hour closes. */
  identity: IdentityFact[]
}

export const foldedVersion = 2

export function createFolded(firstSeenUs: TimeUs, isTaught: boolean): FoldedBaseline {
  return {
    firstSeenUs,
    isTaught,
    state: 'observing',
    isThin: false,
    isApproved: false,
    days: 0,
    weekendDays: 0,
    lastDay: -1,
    activeHours: 0,
    foldedToHour: 0,
    flows: 0,
    relations: new Map(),
    relationsEvicted: 0,
    names: new Map(),
    volumes: createSeasonalVolumes(),
    identity: [],
  }
}

export function isUsual(relation: Relation): boolean {
  return relation.isApproved || (relation.hours >= usualHours && relation.days >= usualDays)
}

/** Counts an active hour of a relation. `countsHour` false: it was met, but in a window that may not teach. */
export function noteRelation(
  folded: FoldedBaseline,
  name: string,
  hour: number,
  countsHour: boolean,
): void {
  let relation = folded.relations.get(name)
  if (relation === undefined) {
    if (!countsHour) return
    relation = { firstHour: hour, lastHour: -1, hours: 0, days: 0, isApproved: false }
    if (folded.relations.size >= relationsMax) evictRelation(folded)
    folded.relations.set(name, relation)
  }
  if (countsHour && relation.lastHour !== hour) {
    relation.hours++
    if (relation.lastHour < 0 || dayOf(relation.lastHour) !== dayOf(hour)) relation.days++
  }
  relation.lastHour = hour
}

/** Days are UTC days: they only have to be distinct. */
export function dayOf(hour: number): number {
  return Math.floor(hour / 24)
}

function evictRelation(folded: FoldedBaseline): void {
  let victim: string | null = null
  let least: Relation | null = null
  for (const [name, relation] of folded.relations) {
    const isEarlier =
      least === null ||
      Number(relation.isApproved) - Number(least.isApproved) < 0 ||
      (relation.isApproved === least.isApproved && relation.lastHour < least.lastHour)
    if (isEarlier) [victim, least] = [name, relation]
  }
  if (victim !== null) folded.relations.delete(victim)
  folded.relationsEvicted++
}

/** Drops what has not been met for 90 days. */
export function forgetRelations(folded: FoldedBaseline, hour: number): void {
  for (const [name, relation] of folded.relations) {
    if (!relation.isApproved && hour - relation.lastHour > forgottenHours)
      folded.relations.delete(name)
  }
}

/** Relations first met in the 48 hours before `hour`. */
export function newRelationCount(folded: FoldedBaseline, hour: number): number {
  let count = 0
  for (const relation of folded.relations.values()) if (hour - relation.firstHour < 48) count++
  return count
}

/** Remembers names, newest last; a bounded map keeps the newest. */
export function noteName(names: Map<string, string>, address: string, name: string): void {
  names.delete(address)
  if (names.size >= namesMax) {
    const oldest = names.keys().next()
    if (!oldest.done) names.delete(oldest.value)
  }
  names.set(address, name)
}

/** A person has approved one relation, met or not. No hour is counted for it, so that it can be taken back exactly. */
export function approveOne(folded: FoldedBaseline, name: string, hour: number): void {
  const known = folded.relations.get(name)
  if (known !== undefined) {
    known.isApproved = true
    return
  }
  if (folded.relations.size >= relationsMax) evictRelation(folded)
  folded.relations.set(name, { firstHour: hour, lastHour: -1, hours: 0, days: 0, isApproved: true })
}

export function unapproveOne(folded: FoldedBaseline, name: string): void {
  const known = folded.relations.get(name)
  if (known === undefined) return
  known.isApproved = false
  if (known.hours === 0) folded.relations.delete(name)
}

/** A person or a teaching recording has approved all that was met so far. */
export function approveAll(folded: FoldedBaseline): void {
  for (const relation of folded.relations.values()) relation.isApproved = true
  folded.state = 'established'
  folded.isApproved = true
  folded.isTaught = true
}

/** Characters of relation names in a profile: it travels as base64 JSON, and a message holds a million bytes. */
const profileCharactersMax = 400_000

/** Leaves what fits into a message: no names, which are looked up again soon, and the newest relations, approved first. */
export function trimProfile(folded: FoldedBaseline): void {
  folded.names.clear()
  const newestFirst = [...folded.relations].sort(
    ([, a], [, b]) => Number(b.isApproved) - Number(a.isApproved) || b.lastHour - a.lastHour,
  )
  let left = profileCharactersMax
  for (const [name] of newestFirst) {
    // 100 for the numbers beside the name; two bytes a character where a name is not Latin-1.
    left -= 2 * name.length + 100
    if (left < 0) folded.relations.delete(name)
  }
}

/** A profile of another key joins this one: what either knows is known. */
export function mergeProfile(into: FoldedBaseline, profile: FoldedBaseline): void {
  for (const [name, theirs] of profile.relations) {
    const ours = into.relations.get(name)
    if (ours === undefined) {
      if (into.relations.size >= relationsMax) evictRelation(into)
      into.relations.set(name, { ...theirs })
      continue
    }
    ours.firstHour = Math.min(ours.firstHour, theirs.firstHour)
    ours.lastHour = Math.max(ours.lastHour, theirs.lastHour)
    ours.hours += theirs.hours
    ours.days = Math.max(ours.days, theirs.days)
    ours.isApproved ||= theirs.isApproved
  }
  for (const [address, name] of profile.names)
    if (!into.names.has(address)) noteName(into.names, address, name)
  const order: readonly LearningState[] = ['observing', 'provisional', 'established']
  if (order.indexOf(profile.state) > order.indexOf(into.state)) into.state = profile.state
  into.isThin = profile.isThin
  into.isApproved ||= profile.isApproved
  into.isTaught ||= profile.isTaught || profile.state === 'established'
  into.firstSeenUs = Math.min(into.firstSeenUs, profile.firstSeenUs)
  into.days = Math.max(into.days, profile.days)
  into.weekendDays = Math.max(into.weekendDays, profile.weekendDays)
  into.activeHours = Math.max(into.activeHours, profile.activeHours)
  into.flows += profile.flows
  if (into.volumes.noted.every((n) => n === 0)) into.volumes = structuredClone(profile.volumes)
}
