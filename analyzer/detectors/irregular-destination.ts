import { z } from 'zod'
import { formatIp } from '../../records/address.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { type HostKey, parseHostKey } from '../../records/observation.ts'
import { hourUs, secondUs, type TimeUs } from '../../records/time.ts'
import { contactOutcome, protocolName } from '../contact-outcome.ts'
import { defineDetector, type Findings, type Host, perClass, type Section } from '../detector.ts'
import { destinationGroup, destinationRelation, serviceWord } from '../device-baseline.ts'
import { closeQuiet, type Episode, growEpisode, openEpisode, quietAt } from '../sketches/episode.ts'
import { rememberNewest } from '../sketches/sliding-count.ts'

const thresholds = z.strictObject({
  scoreNew: z.number().min(0).max(1).describe('weight of a destination that is new for the device'),
  scoreExternal: z
    .number()
    .min(0)
    .max(1)
    .describe('added when it lies outside the monitored networks'),
  scoreUnnamed: z
    .number()
    .min(0)
    .max(1)
    .describe('added when it is external and the device never looked up its name'),
  scoreMax: z
    .number()
    .min(0)
    .max(1)
    .describe('most that novelty alone can reach: it may notify, never page'),
  nameWaitSeconds: z
    .number()
    .positive()
    .max(2)
    .describe('how long to wait for the name in a TLS hello before judging'),
  udpPacketsMin: z.int().min(1).describe('UDP packets each way that make an exchange'),
})
type Thresholds = z.output<typeof thresholds>

const defaults: z.input<typeof thresholds> = {
  scoreNew: 0.35,
  scoreExternal: 0.2,
  scoreUnnamed: 0.1,
  scoreMax: 0.6,
  nameWaitSeconds: 2,
  udpPacketsMin: 2,
}

/** A device with a baseline exchanges traffic with somebody it is not known to deal with for that service. */
export const irregularDestination = defineDetector({
  behaviour: 'irregular-destination',
  title: 'Irregular destination',
  attack: ['T1071', 'T1571', 'T1041', 'T0869', 'T0885'],
  view: 'originator',
  needs: { bothDirections: false, payload: false, history: 'baseline' },
  config: perClass(thresholds, {
    unknown: defaults,
    medical: defaults,
    server: defaults,
    scanner: defaults,
  }),
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

/** A first contact: whom, for what, when. */
interface Contact {
  readonly timeUs: TimeUs
  readonly peer: HostKey
  readonly address: string
  readonly port: number
  readonly protocol: number
}

interface Exchange {
  readonly contact: Contact
  origPackets: number
  respPackets: number
}

interface Destination {
  readonly episode: Episode
  readonly contact: Contact
  readonly group: string
  readonly name: string | null
  readonly isExternal: boolean
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

const udp = 17

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

function contactOf(batch: FlowBatch, row: number): Contact {
  return {
    timeUs: batch.timeUs[row]!,
    peer: batch.peer.values[batch.peer.codes[row]!]!,
    address: formatIp(batch.respIp, row * 16),
    port: batch.respPort[row]!,
    protocol: batch.protocol[row]!,
  }
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
      report(limits, known, nowUs, host, out)
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
  report(limits, destination, nowUs, host, out)
  host.wakeAt(Math.max(nowUs, lastUs) + quietUs)
}

function onQuiet(limits: Thresholds, nowUs: TimeUs, host: Host, out: Findings): void {
  if (host.peek(section) === null) return
  const { destinations } = host.section(section)
  closeQuiet(destinations, nowUs, quietUs, (_relation, destination) =>
    report(limits, destination, destination.episode.newestUs, host, out),
  )
  const dueUs = quietAt(destinations, quietUs)
  if (dueUs < Infinity) host.wakeAt(dueUs)
}

function report(
  limits: Thresholds,
  destination: Destination,
  timeUs: TimeUs,
  host: Host,
  out: Findings,
): void {
  const { episode, contact, group, name, isExternal } = destination
  const service = serviceWord(contact.protocol, contact.port)
  const novelty =
    limits.scoreNew +
    (isExternal ? limits.scoreExternal : 0) +
    (isExternal && name === null ? limits.scoreUnnamed : 0)
  const who = host.declared.name ?? host.address ?? host.key
  const whom = name ?? contact.address
  const usual = host.baseline.count('to')
  out.report({
    objectGroup: `${group} ${service}`,
    score: Math.min(novelty, limits.scoreMax),
    oldestUs: episode.oldestUs,
    timeUs,
    count: episode.count,
    summary: `${who} talked to ${whom} (${service}), which is none of its ${usual} usual destinations.`,
    why: {
      contacts: episode.count,
      service,
      destination: group,
      place: isExternal ? 'outside the monitored networks' : 'inside the monitored networks',
      nameLookedUp: name ?? 'none',
      usualDestinations: usual,
      flowsLearned: host.baseline.flows,
      daysLearned: host.baseline.days,
      baseline: host.baseline.isApproved ? 'approved' : 'established, not approved',
    },
    peers: [
      {
        key: contact.peer,
        address: contact.address,
        mac: parseHostKey(contact.peer).mac,
        name,
        port: contact.protocol === 6 || contact.protocol === udp ? contact.port : null,
        protocol: protocolName(contact.protocol),
      },
    ],
    relations: [destinationRelation(service, group)],
  })
}
