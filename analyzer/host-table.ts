import type { HostKey } from '../records/observation.ts'
import type { HostProgressRow, HostSectionRow } from '../store/state-store.ts'
import { dhcpNameOf } from './baseline/identity.ts'
import { type HostEnvironment, HostState } from './host-state.ts'

/** The hosts of one partition, at most `hostsMax`, and which of them have changed. */
export class HostTable {
  readonly #hosts = new Map<HostKey, HostState>()
  /** Hosts that have changed, each once: a flag of the host tells whether it is here. Evicted ones stay, unflagged. */
  #dirty: HostState[] = []
  readonly #removed = new Set<HostKey>()
  readonly #hostsMax: number
  readonly #environment: HostEnvironment
  evicted = 0

  constructor(hostsMax: number, environment: HostEnvironment, saved: readonly HostSectionRow[]) {
    this.#hostsMax = hostsMax
    this.#environment = environment
    for (const row of saved) {
      let host = this.#hosts.get(row.host)
      if (host === undefined)
        this.#hosts.set(row.host, (host = new HostState(row.host, environment)))
      host.load(row)
    }
    for (const host of this.#hosts.values())
      if (host.timers.nextUs < Infinity) environment.armed(host)
  }

  get size(): number {
    return this.#hosts.size
  }

  find(key: HostKey): HostState | null {
    return this.#hosts.get(key) ?? null
  }

  /** The host, made if need be; it counts as changed. */
  take(key: HostKey): HostState {
    let host = this.#hosts.get(key)
    if (host === undefined) {
      if (this.#hosts.size >= this.#hostsMax) this.#evict()
      host = new HostState(key, this.#environment)
      this.#hosts.set(key, host)
    }
    this.touch(host)
    return host
  }

  touch(host: HostState): void {
    if (host.isDirty) return
    host.isDirty = true
    this.#dirty.push(host)
  }

  isHere(host: HostState): boolean {
    return this.#hosts.get(host.key) === host
  }

  /** Hosts of a site in the order of their keys, which no hash table decides. */
  ofSite(site: string): HostState[] {
    const hosts = [...this.#hosts.values()].filter((host) => host.parts.site === site)
    return hosts.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Makes room for a sixteenth: hosts without an established baseline first, longest unseen first. */
  #evict(): void {
    const rank = (host: HostState) => (host.baseline.state === 'established' ? 1 : 0)
    const seen = (host: HostState) => host.baseline.hour.lastSeenUs || 0
    const victims = [...this.#hosts.values()].sort(
      (a, b) => rank(a) - rank(b) || seen(a) - seen(b) || (a.key < b.key ? -1 : 1),
    )
    for (const host of victims.slice(0, Math.ceil(this.#hostsMax / 16))) {
      this.#hosts.delete(host.key)
      host.isDirty = false
      this.#removed.add(host.key)
      host.timers.clear()
      this.evicted++
    }
  }

  /** Rows to be written: first the removed hosts go, then the sections are put. */
  takeChanges(): {
    sections: HostSectionRow[]
    removedHosts: string[]
    progress: HostProgressRow[]
  } {
    const sections: HostSectionRow[] = []
    const progress: HostProgressRow[] = []
    for (const host of this.#dirty) {
      if (!host.isDirty) continue
      host.isDirty = false
      sections.push(...host.takeDirty())
      const row = host.declared.isMonitored ? progressOf(host) : null
      if (row !== null) progress.push(row)
    }
    const removedHosts = [...this.#removed]
    this.#dirty = []
    this.#removed.clear()
    return { sections, removedHosts, progress }
  }
}

function progressOf(host: HostState): HostProgressRow | null {
  const { folded, hour } = host.baseline
  if (folded === null) return null
  return {
    host: host.key,
    site: host.parts.site,
    state: folded.state,
    isApproved: folded.isApproved,
    firstSeenUs: folded.firstSeenUs,
    lastSeenUs: hour.lastSeenUs,
    daysSeen: folded.days,
    activeHours: folded.activeHours,
    relations: folded.relations.size,
    address: host.address,
    mac: host.mac,
    vendor: host.vendor,
    name: host.declared.name ?? dhcpNameOf(folded.identity),
    deviceClass: host.declared.deviceClass === 'unknown' ? null : host.declared.deviceClass,
    zone: host.declared.zone,
  }
}
