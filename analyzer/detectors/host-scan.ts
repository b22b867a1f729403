import { textAt } from '../../records/columns.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { contactOutcome, isEchoRequest, isFailedContact } from '../contact-outcome.ts'
import { defineDetector, type Findings, type Host, type Section } from '../detector.ts'
import { distinctOf } from '../sketches/distinct-count.ts'
import { growEpisode, hasUntold, isQuiet } from '../sketches/episode.ts'
import {
  countWithin,
  dropNewest,
  forgetOlder,
  slide,
  type SlidingCount,
} from '../sketches/sliding-count.ts'
import {
  type Contact,
  echoTarget,
  failedTarget,
  isAddressRequest,
  requestTarget,
} from './host-scan/contacts.ts'
import {
  beginScan,
  type Kind,
  noteTarget,
  reportScan,
  type ScanEpisode,
} from './host-scan/episode.ts'
import { hostScanConfig, type Thresholds } from './host-scan/thresholds.ts'

/** Many hosts tried, and nothing there; or asked for by ARP, or pinged. */
export const hostScan = defineDetector({
  behaviour: 'host-scan',
  title: 'Host scan',
  attack: ['T1046', 'T1018'],
  view: 'originator',
  needs: { bothDirections: true, payload: false, history: 'none' },
  config: hostScanConfig,
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

/** Hosts that have answered, remembered by hash: their later failures are an outage, their later answers no credit. */
const answeredMax = 64

interface State {
  failed: SlidingCount<Contact>
  arp: SlidingCount<Contact>
  icmp: SlidingCount<Contact>
  answered: Uint32Array
  answeredNext: number
  episode: ScanEpisode | null
}

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
  onTarget(limits, 'failed', failedTarget(batch, row), host, out)
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
    noteTarget(state.episode, kind, contact)
    if (growEpisode(state.episode, contact.timeUs, distinctOf(state.episode.hosts)))
      reportScan(limits, state.episode, host, out)
    return
  }
  const scan = scanOf(limits, state, kind, contact.timeUs)
  if (scan === null) return
  state.episode = beginScan(scan.contacts, kind, scan.windowUs, contact.timeUs)
  reportScan(limits, state.episode, host, out)
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

/** Closes the episode when no new target has come for the window, and tells what has grown. */
function closeQuiet(limits: Thresholds, timeUs: TimeUs, host: Host, out: Findings): void {
  if ((host.peek(section)?.episode ?? null) === null) return
  const state = host.section(section)
  const episode = state.episode!
  if (!isQuiet(episode, timeUs, episode.windowUs)) {
    host.wakeAt(episode.newestUs + episode.windowUs)
    return
  }
  if (hasUntold(episode)) reportScan(limits, episode, host, out)
  state.episode = null
  for (const kind of ['failed', 'arp', 'icmp'] as const) state[kind].clear()
}

/** FNV-1a, never 0: that is an empty place. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0 || 1
}
