import assert from 'node:assert/strict'
import { formatIp, formatMac } from '../records/address.ts'
import { type HostKey, type HostKeyParts, parseHostKey } from '../records/observation.ts'
import type { TimeUs } from '../records/time.ts'
import type { HostSectionRow } from '../store/state-store.ts'
import { foldedVersion, type FoldedBaseline } from './baseline/folded.ts'
import { type BaselineRules, HostBaseline } from './baseline/host-baseline.ts'
import { type HourDelta, hourVersion } from './baseline/hour.ts'
import type { DeclaredHost, DeclaredPolicy, Host, Section } from './detector.ts'
import { decodeSection, droppedSection, encodeSection } from './section.ts'
import { HostTimers } from './timers.ts'

/** What a partition lends its hosts. */
export interface HostEnvironment {
  readonly policy: DeclaredPolicy
  readonly rules: BaselineRules
  /** What is declared of a counterpart. */
  declaredOf(key: HostKey, address: string | null): DeclaredHost
  /** Names of the engine's detectors, by index. */
  readonly detectorNames: readonly string[]
  vendorOf(mac: string): string | null
  /** What the partition knows of a site; the same object as long as the partition is held. */
  siteOf(site: string): SiteView
  /** The host's next timer has become earlier. */
  armed(host: HostState): void
  count(what: 'sectionsDropped' | 'timersMerged'): void
}

/** Whether a site only teaches now, and whether it has a baseline by `timeUs`. */
export interface SiteView {
  readonly isTeaching: boolean
  isBaselinedAt(timeUs: TimeUs): boolean
}

interface Slot {
  readonly name: string
  readonly version: number
  /** Undefined once dropped: the empty value is still to be written. */
  value: object | undefined
  isDirty: boolean
}

const timersVersion = 1

/** Everything the analyzer holds of one host: what detectors and the baseline keep, and the timers. */
export class HostState implements Host {
  readonly key: HostKey
  readonly parts: HostKeyParts
  readonly policy: DeclaredPolicy
  readonly timers = new HostTimers()
  baseline: HostBaseline
  declared: DeclaredHost
  /** Set by the engine before a hook is called. */
  detector = 0
  timeUs: TimeUs = NaN
  /** The timer that is firing; −∞ outside. A detector may only ask for a later one. */
  firingUs: TimeUs = -Infinity
  areTimersDirty = false
  /** Owned by the host table: something has changed since the last checkpoint. */
  isDirty = false
  readonly #site: SiteView
  readonly #environment: HostEnvironment
  /** A handful, in the order they were first asked for: a walk is faster than a hash table of its own per host. */
  #slots: Slot[] = []
  /** Sections as they were loaded, until somebody asks for them. */
  readonly #stored = new Map<string, Uint8Array>()
  readonly #lastIp = new Uint8Array(16)
  /** Three bytes each, 0 before a MAC is seen: comparing numbers in the host itself touches no further memory. */
  #lastMacHigh = 0
  #lastMacLow = 0

  constructor(key: HostKey, environment: HostEnvironment) {
    this.key = key
    this.parts = parseHostKey(key)
    this.policy = environment.policy
    this.#environment = environment
    this.#site = environment.siteOf(this.parts.site)
    this.baseline = new HostBaseline(environment.rules)
    this.declared = environment.policy.hostOf(this.parts, this.parts.address)
  }

  get address(): string | null {
    return this.parts.address ?? this.baseline.hour.address
  }

  get mac(): string | null {
    return this.parts.mac ?? this.baseline.hour.mac
  }

  get vendor(): string | null {
    return this.mac === null ? null : this.#environment.vendorOf(this.mac)
  }

  get isSiteBaselined(): boolean {
    return this.#site.isBaselinedAt(this.timeUs)
  }

  get isTeaching(): boolean {
    return this.#site.isTeaching
  }

  section<T extends object>(section: Section<T>): T {
    const slot = this.#slotOf(section)
    if (slot?.value !== undefined) {
      slot.isDirty = true
      return slot.value as T
    }
    const value = section.create()
    this.#put({ name: section.name, version: section.version, value, isDirty: true })
    return value
  }

  peek<T extends object>(section: Section<T>): T | null {
    const slot = this.#slotOf(section)
    if (slot?.value === undefined) return null
    slot.isDirty = true
    return slot.value as T
  }

  #slotOf(section: Section<object>): Slot | undefined {
    const slot = this.#find(section.name)
    if (slot !== undefined || this.#stored.size === 0) return slot
    const bytes = this.#stored.get(section.name)
    if (bytes === undefined) return undefined
    this.#stored.delete(section.name)
    const value = decodeSection(section.version, bytes)
    if (value === null) {
      this.#environment.count('sectionsDropped')
      return undefined
    }
    const loaded: Slot = { name: section.name, version: section.version, value, isDirty: false }
    this.#put(loaded)
    return loaded
  }

  #find(name: string): Slot | undefined {
    for (const slot of this.#slots) if (slot.name === name) return slot
    return undefined
  }

  #put(slot: Slot): void {
    const at = this.#slots.findIndex(({ name }) => name === slot.name)
    if (at < 0) this.#slots.push(slot)
    else this.#slots[at] = slot
  }

  wakeAt(time: TimeUs): void {
    assert(
      Number.isFinite(time) && time > this.firingUs,
      'a timer must lie after the one that is firing',
    )
    const before = this.timers.nextUs
    if (!this.timers.add(time, this.detector)) this.#environment.count('timersMerged')
    this.areTimersDirty = true
    if (this.timers.nextUs < before) this.#environment.armed(this)
  }

  declaredOf(key: HostKey, address: string | null): DeclaredHost {
    return this.#environment.declaredOf(key, address)
  }

  /** Newest address and MAC, from the host's side of a row. Compares bytes: a string is made only when they change. */
  identify(ips: Uint8Array, macs: Uint8Array, row: number): void {
    if (this.parts.address === null && differs(this.#lastIp, ips, row * 16)) {
      this.#lastIp.set(ips.subarray(row * 16, row * 16 + 16))
      this.baseline.hour.address = formatIp(this.#lastIp)
      this.declared = this.policy.hostOf(this.parts, this.baseline.hour.address)
    }
    if (this.parts.mac === null) this.#identifyMac(macs, row * 6)
  }

  #identifyMac(macs: Uint8Array, at: number): void {
    const high = (macs[at]! << 16) | (macs[at + 1]! << 8) | macs[at + 2]!
    const low = (macs[at + 3]! << 16) | (macs[at + 4]! << 8) | macs[at + 5]!
    if ((high === this.#lastMacHigh && low === this.#lastMacLow) || (high | low) === 0) return
    this.#lastMacHigh = high
    this.#lastMacLow = low
    this.baseline.hour.mac = formatMac(macs, at)
  }

  /** A new recording begins: windows and timers go, what is usual stays. */
  dropWindows(): void {
    for (const slot of this.#slots) [slot.value, slot.isDirty] = [undefined, true]
    for (const name of this.#stored.keys())
      this.#put({ name, version: 0, value: undefined, isDirty: true })
    this.#stored.clear()
    this.areTimersDirty ||= this.timers.nextUs < Infinity
    this.timers.clear()
    this.timeUs = NaN
  }

  /** Takes one row of the state store, before anything else is done with the host. */
  load(row: HostSectionRow): void {
    if (row.section === 'hour' || row.section === 'baseline')
      this.#loadBaseline(row.section, row.value)
    else if (row.section === 'timers') this.#loadTimers(row.value)
    else if (row.value.length > 0)
      this.#stored.set(row.section.slice('detector/'.length), row.value)
  }

  #loadBaseline(section: 'hour' | 'baseline', bytes: Uint8Array): void {
    const { hour, folded } = this.baseline
    const value = decodeSection(section === 'hour' ? hourVersion : foldedVersion, bytes)
    if (value === null) {
      if (bytes.length > 0) this.#environment.count('sectionsDropped')
      return
    }
    this.baseline =
      section === 'hour'
        ? new HostBaseline(this.#environment.rules, value as HourDelta, folded)
        : new HostBaseline(this.#environment.rules, hour, value as FoldedBaseline)
    if (section === 'hour') this.declared = this.policy.hostOf(this.parts, this.address)
  }

  #loadTimers(bytes: Uint8Array): void {
    const pending = decodeSection(timersVersion, bytes) as [string, TimeUs][] | null
    for (const [name, timeUs] of pending ?? []) {
      const detector = this.#environment.detectorNames.indexOf(name)
      if (detector >= 0) this.timers.add(timeUs, detector)
      else this.#environment.count('sectionsDropped')
    }
  }

  /** Rows of what has changed since the last call. */
  takeDirty(): HostSectionRow[] {
    const rows: HostSectionRow[] = []
    const add = (section: string, value: Uint8Array) =>
      rows.push({ host: this.key, section, value })
    for (const slot of this.#slots) {
      if (!slot.isDirty) continue
      add(
        `detector/${slot.name}`,
        slot.value === undefined ? droppedSection : encodeSection(slot.version, slot.value),
      )
      slot.isDirty = false
    }
    this.#slots = this.#slots.filter(({ value }) => value !== undefined)
    const { changes, hour, folded } = this.baseline
    if (changes.hour) add('hour', encodeSection(hourVersion, hour))
    if (changes.folded && folded !== null) add('baseline', encodeSection(foldedVersion, folded))
    if (this.areTimersDirty) add('timers', this.#encodeTimers())
    changes.hour = changes.folded = this.areTimersDirty = false
    return rows
  }

  #encodeTimers(): Uint8Array {
    const { times, detectors } = this.timers
    const pending = times.map((timeUs, i) => [
      this.#environment.detectorNames[detectors[i]!],
      timeUs,
    ])
    return pending.length === 0 ? droppedSection : encodeSection(timersVersion, pending)
  }
}

/** Whether `column` at `offset` holds other bytes than `last`, and not all zero (unknown). */
function differs(last: Uint8Array, column: Uint8Array, offset: number): boolean {
  let sum = 0
  let isSame = true
  for (let i = 0; i < last.length; i++) {
    const byte = column[offset + i]!
    sum |= byte
    if (byte !== last[i]) isSame = false
  }
  return !isSame && sum !== 0
}
