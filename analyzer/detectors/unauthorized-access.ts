import { formatIp } from '../../records/address.ts'
import { textAt } from '../../records/columns.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { serviceOfPort, servicePorts } from '../../records/service-ports.ts'
import { outcomeCode, type SummaryBatch } from '../../records/summary-batch.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { contactOutcome, protocolName } from '../contact-outcome.ts'
import { defineDetector, type Findings, type Host, type Section } from '../detector.ts'
import { callerRelation, isCallerRelation } from '../device-baseline.ts'
import { closeQuiet, growEpisode, quietAt } from '../sketches/episode.ts'
import { rememberNewest } from '../sketches/sliding-count.ts'
import { beginAccess, reportAccess, type Source, weigh } from './unauthorized-access/episode.ts'
import { accessConfig, type Thresholds } from './unauthorized-access/thresholds.ts'
import { contactCause, isAdministrative, type Violation } from './unauthorized-access/violation.ts'

/** A contact that the declared policy, or the approved names of this host, do not allow. */
export const unauthorizedAccess = defineDetector({
  behaviour: 'unauthorized-access',
  title: 'Unauthorized access',
  attack: ['T1021', 'T1078', 'T1133'],
  view: 'target',
  needs: { bothDirections: false, payload: false, history: 'none' },
  config: accessConfig,
  create: (config) => ({
    onFlows(batch, from, to, host, out) {
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++) {
        if (batch.isFirst[row] !== 0 && batch.isOrig[row] === 0)
          onContact(limits, batch, row, host, out)
      }
    },
    onSummaries(batch, from, to, host, out) {
      const limits = config[host.declared.deviceClass]
      for (let row = from; row < to; row++) {
        if (batch.isOrig[row] === 0 && batch.peer.codes[row]! >= 0)
          onEvent(limits, batch, row, host, out)
      }
    },
    onControl(command, host) {
      if (command.kind === 'approve' && command.host === host.key)
        host.peek(section)?.callers.delete(command.relation)
      // What the caller did meanwhile does not make it known.
      if (command.kind === 'unapprove' && isCallerRelation(command.relation))
        rememberNewest(
          host.section(section).callers,
          command.relation,
          command.effectiveUs,
          callersMax,
        )
    },
    onTimer: (time, host, out) => onQuiet(config[host.declared.deviceClass], time, host, out),
    onEnd: (_time, host, out) => onQuiet(config[host.declared.deviceClass], Infinity, host, out),
  }),
})

/** Sources of one target followed at a time; the one heard of longest ago is forgotten and counted. */
const sourcesMax = 64
/** Unknown callers remembered: insisting does not make one known, approving it does. */
const callersMax = 64

interface State {
  sources: Map<string, Source>
  sourcesForgotten: number
  callers: Map<string, TimeUs>
}

const section: Section<State> = {
  name: 'unauthorized-access',
  version: 2,
  create: () => ({ sources: new Map(), sourcesForgotten: 0, callers: new Map() }),
}

function onContact(
  limits: Thresholds,
  batch: FlowBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  const outcome = contactOutcome(batch, row)
  if (outcome === 'not-counted') return
  const key = textAt(batch.peer, row)!
  const address = formatIp(batch.origIp, row * 16)
  const protocol = protocolName(batch.protocol[row]!)
  const port = batch.respPort[row]!
  const word = `${protocol}/${port}`
  const cause = contactCause(
    limits,
    host.declaredOf(key, address),
    word,
    textAt(batch.service, row),
    host,
  )
  if (cause === null) return
  const service = textAt(batch.service, row) ?? serviceOfPort(word)
  const timeUs = batch.timeUs[row]!
  note(
    limits,
    {
      cause,
      timeUs,
      key,
      address,
      service,
      port,
      protocol,
      caller: null,
      relation: null,
      isAttempt: outcome !== 'answered',
    },
    host,
    out,
  )
}

function onEvent(
  limits: Thresholds,
  batch: SummaryBatch,
  row: number,
  host: Host,
  out: Findings,
): void {
  const service = textAt(batch.service, row)!
  const key = textAt(batch.peer, row)!
  const address = formatIp(batch.origIp, row * 16)
  const protocol = protocolName(batch.protocol[row]!)
  const port = batch.respPort[row]!
  const caller = batch.client[row] ?? null
  const isAttempt = batch.outcome[row] === outcomeCode.failure
  const facts = { timeUs: batch.timeUs[row]!, key, address, service, port, protocol, isAttempt }
  const event = textAt(batch.event, row)
  if (
    caller !== null &&
    ((service === 'dicom' && event === 'association') || (service === 'hl7' && event === 'message'))
  ) {
    if (!isUnknownCaller(service, caller, key, address, facts.timeUs, host)) return
    // What a declared list forbids stays forbidden: only a baseline's verdict can be taught.
    const isListed = host.policy.callerOf(service, caller, address) !== 'undeclared'
    const relation = isListed ? null : callerRelation(service, caller, key)
    note(limits, { ...facts, cause: 'caller', caller, relation }, host, out)
    return
  }
  // A service on its own port was judged at its first contact; on another port only its structure tells it.
  const isElsewhere = !(servicePorts[service] ?? []).includes(`${protocol}/${port}`)
  if (
    !isElsewhere ||
    (event !== 'hello' && event !== 'login') ||
    !isAdministrative(limits, service)
  )
    return
  const cause = contactCause(
    limits,
    host.declaredOf(key, address),
    `${protocol}/${port}`,
    service,
    host,
  )
  if (cause === 'administration')
    note(limits, { ...facts, cause, caller: null, relation: null }, host, out)
}

/** Against the allow-list where there is one, else against an approved baseline; else nobody is unknown. */
function isUnknownCaller(
  protocol: 'dicom' | 'hl7',
  caller: string,
  key: string,
  address: string,
  timeUs: TimeUs,
  host: Host,
): boolean {
  const permission = host.policy.callerOf(protocol, caller, address)
  if (permission !== 'undeclared') return permission === 'forbidden'
  if (!host.baseline.isApproved) return false
  const relation = callerRelation(protocol, caller, key)
  if (host.peek(section)?.callers.has(relation) !== true && host.baseline.knows(relation))
    return false
  rememberNewest(host.section(section).callers, relation, timeUs, callersMax)
  return true
}

function note(limits: Thresholds, violation: Violation, host: Host, out: Findings): void {
  const state = host.section(section)
  const { key, address, timeUs } = violation
  const known = state.sources.get(key)
  const source: Source = known ?? { address, episode: beginAccess(violation) }
  if (rememberNewest(state.sources, key, source, sourcesMax) !== undefined) state.sourcesForgotten++
  const { episode } = source
  const isDue = known === undefined || growEpisode(episode, timeUs, episode.count + 1)
  weigh(limits, episode, violation)
  if (known === undefined) wake(limits, state, host)
  if (isDue || episode.score > episode.scoreReported)
    reportAccess(limits, key, source, state.sourcesForgotten, host, out)
}

function onQuiet(limits: Thresholds, timeUs: TimeUs, host: Host, out: Findings): void {
  if (host.peek(section) === null) return
  const state = host.section(section)
  const windowUs = limits.windowSeconds * secondUs
  closeQuiet(state.sources, timeUs, windowUs, (key, source) =>
    reportAccess(limits, key, source, state.sourcesForgotten, host, out),
  )
  wake(limits, state, host)
}

function wake(limits: Thresholds, state: State, host: Host): void {
  const dueUs = quietAt(state.sources, limits.windowSeconds * secondUs)
  if (dueUs < Infinity) host.wakeAt(dueUs)
}
