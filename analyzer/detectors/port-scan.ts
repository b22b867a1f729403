import { z } from 'zod'
import { formatIp } from '../../records/address.ts'
import { textAt } from '../../records/columns.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { parseHostKey } from '../../records/observation.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import {
  type ContactOutcome,
  contactOutcome,
  isFailedContact,
  protocolName,
} from '../contact-outcome.ts'
import { defineDetector, type Findings, type Host, perClass, type Section } from '../detector.ts'
import {
  addDistinct,
  createDistinctCount,
  type DistinctCount,
  distinctOf,
  tellDistinct,
} from '../sketches/distinct-count.ts'
import { closeQuiet, type Episode, growEpisode, openEpisode, quietAt } from '../sketches/episode.ts'
import {
  countWithin,
  forgetOlder,
  rememberNewest,
  type Seen,
  slide,
  type SlidingCount,
} from '../sketches/sliding-count.ts'

const thresholds = z.strictObject({
  tcpPortsMin: z
    .int()
    .min(2)
    .describe('TCP ports of one host that failed or refused within the window'),
  udpPortsMin: z
    .int()
    .min(2)
    .describe('UDP ports of one host that did not answer within the window'),
  stealthPortsMin: z
    .int()
    .min(1)
    .describe('ports of one host probed with packets no TCP stack sends, within the window'),
  windowSeconds: z.number().positive().describe('how close together they must be'),
  victimsMax: z
    .int()
    .min(1)
    .describe(
      'hosts of one source reported within victimsWindowSeconds; more are told by host-scan',
    ),
  victimsWindowSeconds: z
    .number()
    .positive()
    .describe('how long a reported host counts towards victimsMax'),
  score: z
    .number()
    .min(0)
    .max(1)
    .describe('weight of the behaviour: medium from 0.6, high from 0.75'),
})
type Thresholds = z.output<typeof thresholds>

const usual = {
  udpPortsMin: 15,
  windowSeconds: 60,
  victimsMax: 5,
  victimsWindowSeconds: 1800,
  score: 0.65,
}

/** Many ports of one host tried, and nothing there. */
export const portScan = defineDetector({
  behaviour: 'port-scan',
  title: 'Port scan',
  attack: ['T1046'],
  view: 'originator',
  needs: { bothDirections: true, payload: false, history: 'none' },
  config: perClass(thresholds, {
    unknown: { ...usual, tcpPortsMin: 8, stealthPortsMin: 3 },
    medical: { ...usual, tcpPortsMin: 4, udpPortsMin: 8, stealthPortsMin: 2, score: 0.8 },
    server: { ...usual, tcpPortsMin: 50, udpPortsMin: 50, stealthPortsMin: 3 },
    scanner: { ...usual, tcpPortsMin: 50, udpPortsMin: 50, stealthPortsMin: 50 },
  }),
  create: (config) => ({
    onFlows(batch, from, to, host, out) {
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++) {
        if (batch.isFirst[row] === 0 || batch.isOrig[row] === 0) continue
        const outcome = contactOutcome(batch, row)
        if (isFailedContact(outcome)) onFailure(limits, batch, row, outcome, host, out)
      }
    },
    onTimer: (time, host, out) => onQuiet(config[host.declared.deviceClass], time, host, out),
    onEnd: (_time, host, out) => onQuiet(config[host.declared.deviceClass], Infinity, host, out),
  }),
})

/** Hosts of one source watched at a time; the one tried longest ago is forgotten and counted. */
const targetsMax = 64
/** Ports named in the evidence of one scan. */
const portsNamedMax = 16

interface Probe extends Seen {
  readonly port: number
}

interface ScanEpisode extends Episode {
  readonly protocol: string
  readonly ports: DistinctCount
  readonly named: string[]
  stealthProbes: number
}

interface Target {
  readonly address: string
  tcp: SlidingCount<Probe>
  udp: SlidingCount<Probe>
  stealth: SlidingCount<Probe>
  episode: ScanEpisode | null
}

interface State {
  /** By host key, the one tried last at the end. */
  targets: Map<string, Target>
  /** Hosts reported lately, by key. */
  victims: SlidingCount
  targetsForgotten: number
}

const section: Section<State> = {
  name: 'port-scan',
  version: 1,
  create: () => ({ targets: new Map(), victims: new Map(), targetsForgotten: 0 }),
}

function onFailure(
  limits: Thresholds,
  batch: FlowBatch,
  row: number,
  outcome: ContactOutcome,
  host: Host,
  out: Findings,
): void {
  const state = host.section(section)
  const key = textAt(batch.peer, row)!
  const target = targetOf(state, key, batch, row)
  const probe: Probe = { timeUs: batch.timeUs[row]!, port: batch.respPort[row]! }
  const protocol = protocolName(batch.protocol[row]!)
  if (protocol === 'udp') slide(target.udp, probe.port, probe, limits.udpPortsMin)
  else slide(target.tcp, probe.port, probe, limits.tcpPortsMin)
  if (outcome === 'stealth') slide(target.stealth, probe.port, probe, limits.stealthPortsMin)
  if (target.episode === null) {
    if (isScan(limits, target, probe.timeUs))
      begin(limits, target, key, probe.timeUs, state, host, out)
  } else if (grow(target.episode, probe, protocol, outcome)) {
    report(limits, target, key, state, host, out)
  }
}

function targetOf(state: State, key: string, batch: FlowBatch, row: number): Target {
  const known = state.targets.get(key)
  const target = known ?? {
    address: formatIp(batch.respIp, row * 16),
    tcp: new Map(),
    udp: new Map(),
    stealth: new Map(),
    episode: null,
  }
  if (rememberNewest(state.targets, key, target, targetsMax) !== undefined) state.targetsForgotten++
  return target
}

function isScan(limits: Thresholds, target: Target, nowUs: TimeUs): boolean {
  const windowUs = limits.windowSeconds * secondUs
  return (
    countWithin(target.tcp, nowUs, windowUs) >= limits.tcpPortsMin ||
    countWithin(target.udp, nowUs, windowUs) >= limits.udpPortsMin ||
    countWithin(target.stealth, nowUs, windowUs) >= limits.stealthPortsMin
  )
}

function begin(
  limits: Thresholds,
  target: Target,
  key: string,
  nowUs: TimeUs,
  state: State,
  host: Host,
  out: Findings,
): void {
  const windowUs = limits.windowSeconds * secondUs
  for (const probes of [target.tcp, target.udp, target.stealth])
    forgetOlder(probes, nowUs, windowUs)
  const told = countWithin(state.victims, nowUs, limits.victimsWindowSeconds * secondUs)
  if (told >= limits.victimsMax && !state.victims.has(key)) return
  slide(state.victims, key, { timeUs: nowUs }, limits.victimsMax)
  const probes = [...tagged(target.tcp, 'tcp'), ...tagged(target.udp, 'udp')].sort(
    (a, b) => a.timeUs - b.timeUs,
  )
  const ports = createDistinctCount()
  const named: string[] = []
  for (const probe of probes) note(ports, named, `${probe.protocol}/${probe.port}`)
  const protocol = target.tcp.size >= target.udp.size ? 'tcp' : 'udp'
  const episode = openEpisode(probes[0]!.timeUs, nowUs, distinctOf(ports))
  target.episode = { ...episode, protocol, ports, named, stealthProbes: target.stealth.size }
  report(limits, target, key, state, host, out)
  wake(limits, state, host)
}

function tagged(
  probes: SlidingCount<Probe>,
  protocol: string,
): { timeUs: TimeUs; port: number; protocol: string }[] {
  return [...probes.values()].map(({ timeUs, port }) => ({ timeUs, port, protocol }))
}

function note(ports: DistinctCount, named: string[], port: string): void {
  addDistinct(ports, port)
  if (named.length < portsNamedMax && !named.includes(port)) named.push(port)
}

function grow(
  episode: ScanEpisode,
  probe: Probe,
  protocol: string,
  outcome: ContactOutcome,
): boolean {
  note(episode.ports, episode.named, `${protocol}/${probe.port}`)
  if (outcome === 'stealth') episode.stealthProbes++
  return growEpisode(episode, probe.timeUs, distinctOf(episode.ports))
}

function report(
  limits: Thresholds,
  target: Target,
  key: string,
  state: State,
  host: Host,
  out: Findings,
): void {
  const episode = target.episode!
  const { count, oldestUs, newestUs, protocol, stealthProbes } = episode
  const scanner = host.declared.name ?? host.address ?? host.key
  const how = stealthProbes > 0 ? ', with packets that are made to slip past firewalls' : ''
  out.report({
    objectGroup: key,
    score: limits.score,
    oldestUs,
    timeUs: newestUs,
    count,
    summary: `${scanner} tried ${tellDistinct(episode.ports)} ports of ${target.address} that did not answer or refused${how}.`,
    why: {
      ports: count,
      portsNamed: episode.named.join(' '),
      stealthProbes,
      tcpPortsMin: limits.tcpPortsMin,
      udpPortsMin: limits.udpPortsMin,
      stealthPortsMin: limits.stealthPortsMin,
      windowSeconds: limits.windowSeconds,
      deviceClass: host.declared.deviceClass,
      ...(state.targetsForgotten > 0 ? { targetsForgotten: state.targetsForgotten } : {}),
    },
    peers: [
      {
        key,
        address: target.address,
        mac: parseHostKey(key).mac,
        name: null,
        port: null,
        protocol,
      },
    ],
  })
}

function onQuiet(limits: Thresholds, timeUs: TimeUs, host: Host, out: Findings): void {
  if (host.peek(section) === null) return
  const state = host.section(section)
  const windowUs = limits.windowSeconds * secondUs
  closeQuiet(state.targets, timeUs, windowUs, (key, target) =>
    report(limits, target, key, state, host, out),
  )
  wake(limits, state, host)
}

function wake(limits: Thresholds, state: State, host: Host): void {
  const dueUs = quietAt(state.targets, limits.windowSeconds * secondUs)
  if (dueUs < Infinity) host.wakeAt(dueUs)
}
