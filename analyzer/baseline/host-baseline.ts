import { formatIp } from '../../records/address.ts'
import { textAt } from '../../records/columns.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import type { HostKey } from '../../records/observation.ts'
import { outcomeCode, type SummaryBatch } from '../../records/summary-batch.ts'
import { hourUs, type TimeUs } from '../../records/time.ts'
import type { BaselineView } from '../detector.ts'
import {
  callerRelation,
  destinationGroup,
  destinationRelation,
  serviceId,
  serviceWord,
  sourceRelation,
} from '../device-baseline.ts'
import {
  approveAll,
  approveOne,
  createFolded,
  dayOf,
  type FoldedBaseline,
  forgetRelations,
  isUsual,
  mergeProfile,
  newRelationCount,
  noteName,
  noteRelation,
  trimProfile,
  unapproveOne,
} from './folded.ts'
import {
  addCaller,
  addContact,
  createHour,
  findContact,
  flagPeer,
  type HourDelta,
  openHour,
} from './hour.ts'
import { noteIdentity } from './identity.ts'
import { type LearningConfig, nextLearningState } from './learning.ts'
import type { MetContacts } from './met-contacts.ts'
import { type Calendar, noteVolume } from './volumes.ts'

/** What every baseline of an engine shares. */
export interface BaselineRules {
  readonly learning: LearningConfig
  readonly calendar: Calendar
  readonly met: MetContacts
  isInternal(key: HostKey, address: string | null): boolean
}

/** Bit per conn_state word whose first contact was answered: S1, SF, S2, S3, RSTO, RSTR (Zeek's conn.log). */
const answeredStates = 0b1111_0110

/** Which of the two parts have changed and must be written. */
export interface Changes {
  hour: boolean
  folded: boolean
}

/**
 * What is usual for one host: an open hour that takes every record, and a folded part that takes closed hours only.
 * Rows are given after the detectors have seen them, in the order of their time.
 */
export class HostBaseline implements BaselineView {
  readonly hour: HourDelta
  folded: FoldedBaseline | null
  readonly changes: Changes = { hour: false, folded: false }
  readonly #rules: BaselineRules
  /** What `rules.met` knows the open hour by. */
  #metHour: number

  constructor(
    rules: BaselineRules,
    hour: HourDelta = createHour(),
    folded: FoldedBaseline | null = null,
  ) {
    this.#rules = rules
    this.#metHour = rules.met.nextHour()
    this.hour = hour
    this.folded = folded
  }

  get state(): BaselineView['state'] {
    return this.folded?.state ?? 'observing'
  }

  get isApproved(): boolean {
    return this.folded?.isApproved ?? false
  }

  get firstSeenUs(): TimeUs {
    const folded = this.folded
    return folded !== null && (folded.isTaught || folded.state === 'established')
      ? folded.firstSeenUs
      : NaN
  }

  get flows(): number {
    return this.folded?.flows ?? 0
  }

  get days(): number {
    return this.folded?.days ?? 0
  }

  knows(relation: string): boolean {
    const known = this.folded?.relations.get(relation)
    return known !== undefined && isUsual(known)
  }

  count(kind: string): number {
    let count = 0
    for (const [name, relation] of this.folded?.relations ?? []) {
      if (name.startsWith(kind) && name[kind.length] === '|' && isUsual(relation)) count++
    }
    return count
  }

  nameOf(address: string): string | null {
    return this.hour.names.get(address) ?? this.folded?.names.get(address) ?? null
  }

  /** The host is there at `timeUs`: opens the hour, closing the last one. Returns the folded part. */
  see(timeUs: TimeUs, isTaught: boolean): FoldedBaseline {
    const delta = this.hour
    const hour = Math.floor(timeUs / hourUs)
    if (this.folded === null) {
      this.folded = createFolded(timeUs, isTaught)
      this.changes.folded = true
    }
    if (hour > delta.hour) {
      this.closeHour()
      openHour(delta, hour)
      this.#metHour = this.#rules.met.nextHour()
    }
    if (!(delta.lastSeenUs >= timeUs)) delta.lastSeenUs = timeUs
    this.changes.hour = true
    return this.folded
  }

  /** Rows `from … to − 1` of this host, detectors having judged them and `rules.met` having begun the batch. */
  learnFlows(batch: FlowBatch, from: number, to: number): void {
    const delta = this.hour
    const { met } = this.#rules
    for (let row = from; row < to; row++) {
      const isOrig = batch.isOrig[row] === 1
      delta.outBytes += isOrig ? batch.origIpBytes[row]! : batch.respIpBytes[row]!
      delta.inBytes += isOrig ? batch.respIpBytes[row]! : batch.origIpBytes[row]!
      if (batch.isFirst[row] !== 1) continue
      delta.flows++
      const peerCode = batch.peer.codes[row]!
      if (peerCode < 0 || ((answeredStates >> batch.connState[row]!) & 1) === 0) continue
      const service = serviceId(batch.protocol[row]!, batch.respPort[row]!) * 2 + Number(isOrig)
      if (met.has(this.#metHour, peerCode, service)) continue
      if (this.#meet(batch, row, isOrig)) met.remember(this.#metHour, peerCode, service)
    }
  }

  /** Returns whether the contact of a row is noted in this hour by now. */
  #meet(batch: FlowBatch, row: number, isOrig: boolean): boolean {
    const peer = batch.peer.values[batch.peer.codes[row]!]!
    const service = serviceWord(batch.protocol[row]!, batch.respPort[row]!)
    if (findContact(this.hour, peer, service, isOrig) !== null) return true
    // Only an originator's relation needs the address: it groups by network or name.
    const address = isOrig ? formatIp(batch.respIp, row * 16) : null
    const isInternal = !isOrig || this.#rules.isInternal(peer, address)
    return addContact(this.hour, peer, { service, isOrig, address, isInternal })
  }

  /** Names the host looks up, names by which others call it, and how it calls itself. */
  learnSummaries(batch: SummaryBatch, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      if (this.folded !== null && noteIdentity(this.folded.identity, batch, row))
        this.changes.folded = true
      if (batch.outcome[row] === outcomeCode.failure) continue
      const service = textAt(batch.service, row)
      if (batch.isOrig[row] === 1) this.#learnName(batch, row, service)
      else if (service === 'dicom' || service === 'hl7') this.#learnCaller(batch, row, service)
    }
  }

  #learnName(batch: SummaryBatch, row: number, service: string | null): void {
    const name = batch.name[row]
    if (name === null || name === undefined) return
    if (service === 'tls') noteName(this.hour.names, formatIp(batch.respIp, row * 16), name)
    if (service !== 'dns') return
    for (const address of batch.addresses[row]?.split(' ') ?? [])
      noteName(this.hour.names, address, name)
  }

  #learnCaller(batch: SummaryBatch, row: number, protocol: 'dicom' | 'hl7'): void {
    const caller = batch.client[row]
    const peer = textAt(batch.peer, row)
    if (caller === null || caller === undefined || peer === null) return
    addCaller(this.hour, callerRelation(protocol, caller, peer), peer)
  }

  /** A fact was reported on this host: what its counterparts do in this hour teaches nothing. */
  flag(peer: HostKey): void {
    flagPeer(this.hour, peer)
    this.changes.hour = true
  }

  /** Folds the open hour into the baseline and leaves none open. */
  closeHour(): void {
    const [delta, folded] = [this.hour, this.folded]
    if (delta.hour < 0 || folded === null) return
    const { hour } = delta
    this.#foldRelations(delta, folded)
    for (const [address, name] of delta.names) noteName(folded.names, address, name)
    folded.flows += delta.flows
    folded.activeHours++
    if (dayOf(hour) !== folded.lastDay) {
      folded.days++
      folded.lastDay = dayOf(hour)
      if (this.#rules.calendar.isWeekend(hour)) folded.weekendDays++
      forgetRelations(folded, hour)
    }
    if (!delta.isFlagged)
      noteVolume(folded.volumes, this.#rules.calendar.binOf(hour), delta.outBytes, delta.inBytes)
    const next = nextLearningState(
      {
        state: folded.state,
        firstSeenUs: folded.firstSeenUs,
        nowUs: (hour + 1) * hourUs,
        days: folded.days,
        weekendDays: folded.weekendDays,
        activeHours: folded.activeHours,
        relations: folded.relations.size,
        newRelations: folded.state === 'established' ? 0 : newRelationCount(folded, hour),
      },
      this.#rules.learning,
    )
    folded.isThin ||= next.isThin
    folded.state = next.state
    folded.foldedToHour = hour + 1
    openHour(delta, -1)
    this.changes.hour = this.changes.folded = true
  }

  #foldRelations(delta: HourDelta, folded: FoldedBaseline): void {
    for (const [peer, first] of delta.contacts) {
      for (let contact: typeof first | null = first; contact !== null; contact = contact.next) {
        const relation = contact.isOrig
          ? destinationRelation(
              contact.service,
              this.#groupOf(peer, contact.address, contact.isInternal),
            )
          : sourceRelation(contact.service, peer)
        noteRelation(folded, relation, delta.hour, !contact.isFlagged && !delta.isFlagged)
      }
    }
    for (const [relation, peer] of delta.callers) {
      noteRelation(folded, relation, delta.hour, !delta.flagged.has(peer) && !delta.isFlagged)
    }
  }

  /** Named by what is known when the hour closes: a name may come after the first packet (SNI). */
  #groupOf(peer: HostKey, address: string | null, isInternal: boolean): string {
    return destinationGroup(
      peer,
      address,
      isInternal,
      address === null ? null : this.nameOf(address),
    )
  }

  /** A teaching recording has ended: what was met counts as approved. */
  approve(): void {
    this.closeHour()
    if (this.folded !== null) approveAll(this.folded)
    this.changes.folded = true
  }

  /** A person has approved one relation, met or not. */
  approveRelation(relation: string, timeUs: TimeUs): void {
    approveOne(this.#known(timeUs, timeUs), relation, Math.floor(timeUs / hourUs))
  }

  /** The approval is taken back: what the relation's own traffic has made of it stays. */
  unapproveRelation(relation: string): void {
    if (this.folded === null) return
    unapproveOne(this.folded, relation)
    this.changes.folded = true
  }

  /** The profile for another key: closed hours and, folded in, the open one. It fits into one message of the bus. */
  exportProfile(): FoldedBaseline | null {
    if (this.folded === null) return null
    const copy = new HostBaseline(
      this.#rules,
      structuredClone(this.hour),
      structuredClone(this.folded),
    )
    copy.closeHour()
    trimProfile(copy.folded!)
    return copy.folded
  }

  /** Starts from another key's profile. */
  importProfile(profile: FoldedBaseline, timeUs: TimeUs): void {
    mergeProfile(this.#known(Math.min(timeUs, profile.firstSeenUs), timeUs), profile)
  }

  /** The folded part, made for a host that a person spoke of before it was seen. */
  #known(firstSeenUs: TimeUs, timeUs: TimeUs): FoldedBaseline {
    if (Number.isNaN(this.hour.lastSeenUs)) this.hour.lastSeenUs = timeUs
    this.changes.hour = this.changes.folded = true
    return (this.folded ??= createFolded(firstSeenUs, true))
  }
}
