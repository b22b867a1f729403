import type { Peer } from '../../../records/anomaly.ts'
import { parseHostKey } from '../../../records/observation.ts'
import type { TimeUs } from '../../../records/time.ts'
import type { Findings, Host } from '../../detector.ts'
import { networkOf } from '../../device-baseline.ts'
import {
  addDistinct,
  createDistinctCount,
  type DistinctCount,
  distinctOf,
  tellDistinct,
} from '../../sketches/distinct-count.ts'
import { type Episode, openEpisode } from '../../sketches/episode.ts'
import type { Contact } from './contacts.ts'
import type { Thresholds } from './thresholds.ts'

/** Peers named in one finding. */
const peersMax = 32

/** How a target was tried. */
/** A scan that is being told of. */
export interface ScanEpisode extends Episode {
  readonly group: string
  /** It closes when nothing new has come for this long: the window of the rule that opened it, 30 minutes or more. */
  readonly windowUs: number
  readonly hosts: DistinctCount
  readonly peers: Peer[]
  /** Targets by kind, for the sentence and the evidence. */
  readonly byKind: { failed: DistinctCount; arp: DistinctCount; icmp: DistinctCount }
}

export type Kind = 'failed' | 'arp' | 'icmp'

/** A scan begins with the contacts that make it one. */
export function beginScan(
  contacts: Contact[],
  kind: Kind,
  windowUs: number,
  nowUs: TimeUs,
): ScanEpisode {
  const byKind = {
    failed: createDistinctCount(),
    arp: createDistinctCount(),
    icmp: createDistinctCount(),
  }
  const base = openEpisode(contacts[0]!.timeUs, nowUs, contacts.length)
  const episode: ScanEpisode = {
    ...base,
    group: groupOf(contacts),
    windowUs,
    hosts: createDistinctCount(),
    peers: [],
    byKind,
  }
  for (const contact of contacts) noteTarget(episode, kind, contact)
  return episode
}

export function noteTarget(episode: ScanEpisode, kind: Kind, contact: Contact): void {
  const { key, address, port, protocol } = contact
  const id = key ?? address!
  addDistinct(episode.hosts, id)
  addDistinct(episode.byKind[kind], id)
  const known = episode.peers.some((peer) => (peer.key ?? peer.address) === id)
  if (known || episode.peers.length >= peersMax) return
  episode.peers.push({
    key,
    address,
    mac: key === null ? null : parseHostKey(key).mac,
    name: null,
    port,
    protocol,
  })
}

/** One service on several hosts is that service; else the /24 (IPv6 /48) that holds them all; else `several networks`. */
function groupOf(contacts: readonly Contact[]): string {
  const services = new Set(
    contacts.map(({ protocol, port }) => (port === null ? protocol : `${protocol}/${port}`)),
  )
  const segments = new Set(
    contacts.map(({ address }) => (address === null ? 'unknown network' : networkOf(address))),
  )
  const [service] = services
  const [segment] = segments
  if (services.size === 1 && contacts[0]!.port !== null) return service!
  return segments.size === 1 ? segment! : 'several networks'
}

function whereOf(group: string): string {
  return /^(tcp|udp)[/]/.test(group) ? `on ${group}` : `in ${group}`
}

/** Tells the scan as far as it has come. */
export function reportScan(
  limits: Thresholds,
  episode: ScanEpisode,
  host: Host,
  out: Findings,
): void {
  const { count, oldestUs, newestUs, group, hosts, byKind } = episode
  const [failed, arp, icmp] = [
    distinctOf(byKind.failed),
    distinctOf(byKind.arp),
    distinctOf(byKind.icmp),
  ]
  const parts = [
    failed > 0 ? `${tellDistinct(byKind.failed)} did not answer or refused` : '',
    arp > 0 ? `${tellDistinct(byKind.arp)} asked for by ARP` : '',
    icmp > 0 ? `${tellDistinct(byKind.icmp)} pinged` : '',
  ].filter((part) => part !== '')
  out.report({
    objectGroup: group,
    score: limits.score,
    oldestUs,
    timeUs: newestUs,
    count,
    summary: `${host.declared.name ?? host.address ?? host.key} tried ${tellDistinct(hosts)} hosts ${whereOf(group)}: ${parts.join(', ')}.`,
    why: {
      hosts: count,
      hostsFailed: failed,
      hostsArp: arp,
      hostsIcmp: icmp,
      hostsMin: limits.hostsMin,
      windowSeconds: limits.windowSeconds,
      hostsSlowMin: limits.hostsSlowMin,
      windowSlowSeconds: limits.windowSlowSeconds,
      arpTargetsMin: limits.arpTargetsMin,
      icmpTargetsMin: limits.icmpTargetsMin,
      deviceClass: host.declared.deviceClass,
    },
    peers: [...episode.peers],
  })
}
