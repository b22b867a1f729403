import { z } from 'zod'
import { formatIp } from '../../records/address.ts'
import type { Peer } from '../../records/anomaly.ts'
import { textAt } from '../../records/columns.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { parseHostKey } from '../../records/observation.ts'
import type { SummaryBatch } from '../../records/summary-batch.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { contactOutcome, isEchoRequest, isFailedContact, protocolName } from '../contact-outcome.ts'
import { networkOf } from '../device-baseline.ts'
import { defineDetector, type Findings, type Host, perClass, type Section } from '../detector.ts'
import {
  addDistinct,
  createDistinctCount,
  type DistinctCount,
  distinctOf,
  tellDistinct,
} from '../sketches/distinct-count.ts'
import { type Episode, growEpisode, hasUntold, isQuiet, openEpisode } from '../sketches/episode.ts'
import {
  countWithin,
  dropNewest,
  forgetOlder,
  type Seen,
  slide,
  type SlidingCount,
} from '../sketches/sliding-count.ts'

const thresholds = z.strictObject({
  hostsMin: z
    .int()
    .min(2)
    .describe(
      'hosts that failed or refused a first contact within windowSeconds; an answered first contact takes one off',
    ),
  windowSeconds: z.number().positive().describe('how close together those must be'),
  hostsSlowMin: z.int().min(2).describe('the same, within windowSlowSeconds'),
  windowSlowSeconds: z
    .number()
    .positive()
    .describe('how close together the hosts of a slow scan must be'),
  arpTargetsMin: z
    .int()
    .min(2)
    .describe('addresses asked for by ARP or neighbour solicitation within arpWindowSeconds'),
  arpWindowSeconds: z.number().positive().describe('how close together those must be'),
  icmpTargetsMin: z
    .int()
    .min(2)
    .describe('hosts sent an echo request within icmpWindowSeconds, answered or not'),
  icmpWindowSeconds: z.number().positive().describe('how close together those must be'),
  score: z
    .number()
    .min(0)
    .max(1)
    .describe('weight of the behaviour: medium from 0.6, high from 0.75'),
})
type Thresholds = z.output<typeof thresholds>

const windows = {
  windowSeconds: 1800,
  windowSlowSeconds: 86_400,
  arpWindowSeconds: 30,
  icmpWindowSeconds: 60,
}
const declared = {
  ...windows,
  hostsMin: 60,
  hostsSlowMin: 60,
  arpTargetsMin: 60,
  icmpTargetsMin: 60,
  score: 0.65,
}

/** Many hosts tried, and nothing there; or asked for by ARP, or pinged. */
export const hostScan = defineDetector({
  behaviour: 'host-scan',
  title: 'Host scan',
  attack: ['T1046', 'T1018'],
  view: 'originator',
  needs: { bothDirections: true, payload: false, history: 'none' },
  config: perClass(thresholds, {
    unknown: {
      ...windows,
      hostsMin: 8,
      hostsSlowMin: 8,
      arpTargetsMin: 30,
      icmpTargetsMin: 10,
      score: 0.65,
    },
    medical: {
      ...windows,
      hostsMin: 4,
      hostsSlowMin: 4,
      arpTargetsMin: 15,
      icmpTargetsMin: 5,
      score: 0.8,
    },
    server: declared,
    scanner: declared,
  }),
  create: (config) => ({
    onFlows(batch, from, to, host, out) {
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++) {
        if (batch.isFirst[row] === 0 || batch.isOrig[row] === 0) continue
        const outcome = contactOutcome(batch, row)
        if (outcome === 'answered') onAnswer(limits, batch, row, host)
        else if (isFailedContact(outcome)) onFailure(limits, batch, row, host, out)
        else if (isEchoRequest(batch, row))
          onTarget(limits, 'icmp', echoTarget(batch, row), host, out)
      }
    },
    onSummaries(batch, from, to, host, out) {
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++) {
        if (isAddressRequest(batch, row))
          onTarget(limits, 'arp', requestTarget(batch, row, host), host, out)
      }
    },
    onTimer: (time, host, out) => closeQuiet(config[host.declared.deviceClass], time, host, out),
    onEnd: (_time, host, out) => closeQuiet(config[host.declared.deviceClass], Infinity, host, out),
  }),
})

/** Peers named in one finding. */
const peersMax = 32
/** Hosts that have answered, remembered by hash: their later failures are an outage, their later answers no credit. */
const answeredMax = 64

interface Contact extends Seen {
  /** Null where the address asked for has no key. */
  readonly key: string | null
  readonly address: string | null
  readonly port: number | null
  readonly protocol: string
}

interface State {
  failed: SlidingCount<Contact>
  arp: SlidingCount<Contact>
  icmp: SlidingCount<Contact>
  answered: Uint32Array
  answeredNext: number
  episode: ScanEpisode | null
}

interface ScanEpisode extends Episode {
  readonly group: string
  /** It closes when nothing new has come for this long: the window of the rule that opened it, 30 minutes or more. */
  readonly windowUs: number
  readonly hosts: DistinctCount
  readonly peers: Peer[]
  /** Targets by kind, for the sentence and the evidence. */
  readonly byKind: { failed: DistinctCount; arp: DistinctCount; icmp: DistinctCount }
}

type Kind = 'failed' | 'arp' | 'icmp'

const section: Section<State> = {
  name: 'host-scan',
  version: 1,
  create: () => ({
    failed: new Map(),
    arp: new Map(),
    icmp: new Map(),
    answered: new Uint32Array(answeredMax),
    answeredNext: 0,
    episode: null,
  }),
}

// The sequential test of Jung et al., "Fast portscan detection using sequential hypothesis testing" (2004), as a
// counter: with equal odds either way its log-likelihood is failures minus answers, and it never falls below 0, so
// no amount of good behaviour buys a scanner credit. Taking back the newest failure keeps both windows exact at once.

function onAnswer(limits: Thresholds, batch: FlowBatch, row: number, host: Host): void {
  const state = host.section(section)
  const key = textAt(batch.peer, row)!
  const hash = hashOf(key)
  if (state.answered.includes(hash)) return
  state.answered[state.answeredNext] = hash
  state.answeredNext = (state.answeredNext + 1) % answeredMax
  forgetOlder(state.failed, batch.timeUs[row]!, limits.windowSlowSeconds * secondUs)
  if (!state.failed.has(key)) dropNewest(state.failed)
}

function onFailure(
  limits: Thresholds,
  batch: FlowBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  const key = textAt(batch.peer, row)!
  if (host.section(section).answered.includes(hashOf(key))) return
  const contact: Contact = {
    timeUs: batch.timeUs[row]!,
    key,
    address: formatIp(batch.respIp, row * 16),
    port: batch.respPort[row]!,
    protocol: protocolName(batch.protocol[row]!),
  }
  onTarget(limits, 'failed', contact, host, out)
}

function echoTarget(batch: FlowBatch, row: number): Contact {
  const address = formatIp(batch.respIp, row * 16)
  return {
    timeUs: batch.timeUs[row]!,
    key: textAt(batch.peer, row),
    address,
    port: null,
    protocol: 'icmp',
  }
}

function isAddressRequest(batch: SummaryBatch, row: number): boolean {
  if (batch.isOrig[row] === 0 || textAt(batch.event, row) !== 'request') return false
  const service = textAt(batch.service, row)
  return service === 'arp' || service === 'ndp'
}

function requestTarget(batch: SummaryBatch, row: number, host: Host): Contact | null {
  const key = textAt(batch.peer, row)
  const address = batch.name[row] ?? null
  if (address === null || key === host.key || address === host.address) return null
  return { timeUs: batch.timeUs[row]!, key, address, port: null, protocol: 'arp' }
}

function onTarget(
  limits: Thresholds,
  kind: Kind,
  contact: Contact | null,
  host: Host,
  out: Findings,
): void {
  if (contact === null) return
  const state = host.section(section)
  slide(state[kind], contact.key ?? contact.address!, contact, capacityOf(limits, kind))
  if (state.episode !== null) {
    note(state.episode, kind, contact)
    if (growEpisode(state.episode, contact.timeUs, distinctOf(state.episode.hosts)))
      report(limits, state.episode, host, out)
    return
  }
  const scan = scanOf(limits, state, kind, contact.timeUs)
  if (scan === null) return
  state.episode = begin(scan.contacts, kind, scan.windowUs, contact.timeUs)
  report(limits, state.episode, host, out)
  host.wakeAt(contact.timeUs + scan.windowUs)
}

function capacityOf(limits: Thresholds, kind: Kind): number {
  if (kind === 'failed') return Math.max(limits.hostsMin, limits.hostsSlowMin)
  return kind === 'arp' ? limits.arpTargetsMin : limits.icmpTargetsMin
}

/** The contacts that make a scan, oldest first, and how long it lasts after the last one; or null. */
function scanOf(
  limits: Thresholds,
  state: State,
  kind: Kind,
  nowUs: TimeUs,
): { contacts: Contact[]; windowUs: number } | null {
  const rules: readonly (readonly [countMin: number, windowSeconds: number])[] =
    kind === 'failed'
      ? [
          [limits.hostsMin, limits.windowSeconds],
          [limits.hostsSlowMin, limits.windowSlowSeconds],
        ]
      : kind === 'arp'
        ? [[limits.arpTargetsMin, limits.arpWindowSeconds]]
        : [[limits.icmpTargetsMin, limits.icmpWindowSeconds]]
  for (const [countMin, windowSeconds] of rules) {
    const count = countWithin(state[kind], nowUs, windowSeconds * secondUs)
    if (count < countMin) continue
    const windowUs = Math.max(windowSeconds, limits.windowSeconds) * secondUs
    return { contacts: [...state[kind].values()].slice(-count), windowUs }
  }
  return null
}

function begin(contacts: Contact[], kind: Kind, windowUs: number, nowUs: TimeUs): ScanEpisode {
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
  for (const contact of contacts) note(episode, kind, contact)
  return episode
}

function note(episode: ScanEpisode, kind: Kind, contact: Contact): void {
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

function report(limits: Thresholds, episode: ScanEpisode, host: Host, out: Findings): void {
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

/** Closes the episode when no new target has come for the window, and tells what has grown. */
function closeQuiet(limits: Thresholds, timeUs: TimeUs, host: Host, out: Findings): void {
  if ((host.peek(section)?.episode ?? null) === null) return
  const state = host.section(section)
  const episode = state.episode!
  if (!isQuiet(episode, timeUs, episode.windowUs)) {
    host.wakeAt(episode.newestUs + episode.windowUs)
    return
  }
  if (hasUntold(episode)) report(limits, episode, host, out)
  state.episode = null
  for (const kind of ['failed', 'arp', 'icmp'] as const) state[kind].clear()
}

/** FNV-1a, never 0: that is an empty place. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0 || 1
}
