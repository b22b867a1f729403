import { formatIp } from '../../records/address.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { hourUs, secondUs, type TimeUs } from '../../records/time.ts'
import { contactOutcome } from '../contact-outcome.ts'
import { defineDetector, type Findings, type Host, type Section } from '../detector.ts'
import { destinationGroup, destinationRelation, serviceWord } from '../device-baseline.ts'
import { closeQuiet, growEpisode, openEpisode, quietAt } from '../sketches/episode.ts'
import { rememberNewest } from '../sketches/sliding-count.ts'
import {
  type Contact,
  contactOf,
  type Destination,
  reportDestination,
  udp,
} from './irregular-destination/destination.ts'
import { destinationConfig, type Thresholds } from './irregular-destination/thresholds.ts'

/** A device with a baseline exchanges traffic with somebody it is not known to deal with for that service. */
export const irregularDestination = defineDetector({
  behaviour: 'irregular-destination',
  title: 'Irregular destination',
  attack: ['T1071', 'T1571', 'T1041', 'T0869', 'T0885'],
  view: 'originator',
  needs: { bothDirections: false, payload: false, history: 'baseline' },
  config: destinationConfig,
  create: (config) => ({
    onFlows(batch, from, to, host, out) {
      if (!isJudged(host)) return
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++)
        if (batch.isOrig[row] === 1) onFlow(limits, batch, row, host, out)
    },
    onTimer(time, host, out) {
      const limits = config[host.declared.deviceClass]
      judgeWaiting(limits, time, host, out)
      onQuiet(limits, time, host, out)
    },
    onEnd(_time, host, out) {
      const limits = config[host.declared.deviceClass]
      judgeWaiting(limits, Infinity, host, out)
      onQuiet(limits, Infinity, host, out)
    },
  }),
})

/** Contacts of one device that wait for a name, or for the second UDP packet; the oldest gives way. */
const waitingMax = 64
const exchangesMax = 128
/** Destinations of one device being told of; the one heard of longest ago gives way. */
const episodesMax = 128
/** A destination is told of as one anomaly until an hour passes without it. */
const quietUs = hourUs

interface Exchange {
  readonly contact: Contact
  origPackets: number
  respPackets: number
}

interface State {
  /** By peer and service: contacts whose name may still come. */
  waiting: Map<string, { contact: Contact; count: number; lastUs: TimeUs }>
  /** By flow: UDP exchanges with too few packets so far. */
  exchanges: Map<string, Exchange>
  destinations: Map<string, Destination>
}

const section: Section<State> = {
  name: 'irregular-destination',
  version: 1,
  create: () => ({ waiting: new Map(), exchanges: new Map(), destinations: new Map() }),
}

/** Novelty means something only against a finished baseline. */
function isJudged(host: Host): boolean {
  return (
    host.declared.isMonitored && (host.baseline.isApproved || host.baseline.state === 'established')
  )
}

function onFlow(
  limits: Thresholds,
  batch: FlowBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  if (batch.protocol[row] === udp && limits.udpPacketsMin > 1) {
    onExchange(limits, batch, row, host, out)
  } else if (contactOutcome(batch, row) === 'answered' && isIrregular(batch, row, host)) {
    meet(limits, contactOf(batch, row), host, out)
  }
}

/** UDP has no handshake: packets of a flow's records are added up until both sides have sent enough. */
function onExchange(
  limits: Thresholds,
  batch: FlowBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  const flowId = String(batch.flowId[row]!)
  const open = host.peek(section)?.exchanges.get(flowId)
  if (
    open === undefined &&
    (contactOutcome(batch, row) !== 'answered' || !isIrregular(batch, row, host))
  )
    return
  const exchange = open ?? { contact: contactOf(batch, row), origPackets: 0, respPackets: 0 }
  exchange.origPackets += batch.origPackets[row]!
  exchange.respPackets += batch.respPackets[row]!
  const { exchanges } = host.section(section)
  if (Math.min(exchange.origPackets, exchange.respPackets) >= limits.udpPacketsMin) {
    exchanges.delete(flowId)
    meet(limits, { ...exchange.contact, timeUs: batch.timeUs[row]! }, host, out)
  } else if (batch.endReason[row] !== 0) {
    exchanges.delete(flowId)
  } else {
    rememberNewest(exchanges, flowId, exchange, exchangesMax)
  }
}

/** The usual way out: the destination is known by the name it has now. */
function isIrregular(batch: FlowBatch, row: number, host: Host): boolean {
  const peerCode = batch.peer.codes[row]!
  if (peerCode < 0) return false
  const peer = batch.peer.values[peerCode]!
  const address = formatIp(batch.respIp, row * 16)
  const service = serviceWord(batch.protocol[row]!, batch.respPort[row]!)
  const declared = host.declaredOf(peer, address)
  if (host.policy.accessOf(host.declared, declared, service) === 'allowed') return false
  const name = host.baseline.nameOf(address)
  return !host.baseline.knows(
    destinationRelation(service, destinationGroup(peer, address, declared.isMonitored, name)),
  )
}

/** Judged at once where the name is known or cannot matter; else when the name has had its time to come. */
function meet(limits: Thresholds, contact: Contact, host: Host, out: Findings): void {
  const { peer, address, timeUs } = contact
  const isNamed =
    host.declaredOf(peer, address).isMonitored || host.baseline.nameOf(address) !== null
  if (isNamed) {
    judge(limits, contact, 1, timeUs, timeUs, host, out)
    return
  }
  const { waiting } = host.section(section)
  const id = `${serviceWord(contact.protocol, contact.port)}|${peer}`
  const held = waiting.get(id)
  if (held !== undefined) {
    held.count++
    held.lastUs = timeUs
    return
  }
  const dueUs = timeUs + limits.nameWaitSeconds * secondUs
  const evicted = rememberNewest(waiting, id, { contact, count: 1, lastUs: timeUs }, waitingMax)
  if (evicted !== undefined)
    judge(limits, evicted.contact, evicted.count, evicted.lastUs, timeUs, host, out)
  host.wakeAt(dueUs)
}

function judgeWaiting(limits: Thresholds, nowUs: TimeUs, host: Host, out: Findings): void {
  const state = host.peek(section)
  if (state === null) return
  for (const [id, { contact, count, lastUs }] of state.waiting) {
    const dueUs = contact.timeUs + limits.nameWaitSeconds * secondUs
    if (dueUs > nowUs) continue
    state.waiting.delete(id)
    judge(limits, contact, count, lastUs, Math.max(lastUs, Math.min(nowUs, dueUs)), host, out)
  }
}

/** `count` contacts with one peer for one service, the last at `lastUs`; decided at `nowUs`. */
function judge(
  limits: Thresholds,
  contact: Contact,
  count: number,
  lastUs: TimeUs,
  nowUs: TimeUs,
  host: Host,
  out: Findings,
): void {
  const { peer, address, protocol, port } = contact
  const service = serviceWord(protocol, port)
  const isExternal = !host.declaredOf(peer, address).isMonitored
  const name = host.baseline.nameOf(address)
  const group = destinationGroup(peer, address, !isExternal, name)
  const relation = destinationRelation(service, group)
  if (host.baseline.knows(relation)) return
  const { destinations } = host.section(section)
  const known = destinations.get(relation)
  if (known !== undefined) {
    if (growEpisode(known.episode, lastUs, known.episode.count + count))
      reportDestination(limits, known, nowUs, host, out)
    return
  }
  const destination = {
    episode: openEpisode(contact.timeUs, lastUs, count),
    contact,
    group,
    name,
    isExternal,
  }
  rememberNewest(destinations, relation, destination, episodesMax)
  reportDestination(limits, destination, nowUs, host, out)
  host.wakeAt(Math.max(nowUs, lastUs) + quietUs)
}

function onQuiet(limits: Thresholds, nowUs: TimeUs, host: Host, out: Findings): void {
  if (host.peek(section) === null) return
  const { destinations } = host.section(section)
  closeQuiet(destinations, nowUs, quietUs, (_relation, destination) =>
    reportDestination(limits, destination, destination.episode.newestUs, host, out),
  )
  const dueUs = quietAt(destinations, quietUs)
  if (dueUs < Infinity) host.wakeAt(dueUs)
}
