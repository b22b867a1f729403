import { z } from 'zod'
import { formatIp } from '../../records/address.ts'
import { textAt } from '../../records/columns.ts'
import type { FlowBatch } from '../../records/flow-batch.ts'
import { parseHostKey } from '../../records/observation.ts'
import { serviceOfPort, servicePorts } from '../../records/service-ports.ts'
import { outcomeCode, type SummaryBatch } from '../../records/summary-batch.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import { contactOutcome, protocolName } from '../contact-outcome.ts'
import {
  type DeclaredHost,
  defineDetector,
  type Findings,
  type Host,
  perClass,
  type Section,
} from '../detector.ts'
import { callerRelation, isCallerRelation } from '../device-baseline.ts'
import { closeQuiet, type Episode, growEpisode, openEpisode, quietAt } from '../sketches/episode.ts'
import { rememberNewest } from '../sketches/sliding-count.ts'

/** Services and callers named in one finding. */
const namedMax = 8

const weight = z.number().min(0).max(1)
const thresholds = z.strictObject({
  administrativeServices: z
    .array(z.string())
    .describe(
      'services that only hosts with one of administratorRoles may use on such a host, unless a rule allows it',
    ),
  administratorRoles: z
    .array(z.string())
    .describe('declared roles that may administer such a host, and reach it from outside'),
  isInternetForbidden: z
    .boolean()
    .describe('whether a contact from an unmonitored address is a violation'),
  scoreRule: weight.describe('weight of a contact that a declared rule forbids'),
  scoreAdministration: weight.describe('weight of administration by another host'),
  scoreInternet: weight.describe(
    'weight of a contact from an unmonitored address: critical from 0.85',
  ),
  scoreCaller: weight.describe('weight of an unknown DICOM calling title or HL7 sender'),
  callersGuessedMin: z
    .int()
    .min(2)
    .max(namedMax)
    .describe('different unknown names of one source that make its refused attempts guesses'),
  scoreGuessing: weight.describe('weight of refused attempts under that many names'),
  attemptFactor: weight.describe(
    'factor on the weight where the contact was not answered, or refused by the application',
  ),
  windowSeconds: z
    .number()
    .positive()
    .describe('contacts of one source with no longer pause are one anomaly'),
})
type Thresholds = z.output<typeof thresholds>

const usual = {
  administrativeServices: [],
  administratorRoles: ['biomed-jump', 'vendor-gateway'],
  isInternetForbidden: false,
  scoreRule: 0.65,
  scoreAdministration: 0.65,
  scoreInternet: 0.9,
  scoreCaller: 0.8,
  callersGuessedMin: 3,
  scoreGuessing: 0.65,
  attemptFactor: 0.5,
  windowSeconds: 600,
}
const administrativeServices = ['adb', 'rdp', 'rlogin', 'smb', 'ssh', 'telnet', 'vnc', 'winrm']

/** A contact that the declared policy, or the approved names of this host, do not allow. */
export const unauthorizedAccess = defineDetector({
  behaviour: 'unauthorized-access',
  title: 'Unauthorized access',
  attack: ['T1021', 'T1078', 'T1133'],
  view: 'target',
  needs: { bothDirections: false, payload: false, history: 'none' },
  config: perClass(thresholds, {
    unknown: usual,
    medical: {
      ...usual,
      administrativeServices,
      isInternetForbidden: true,
      scoreRule: 0.8,
      scoreAdministration: 0.75,
    },
    server: usual,
    scanner: usual,
  }),
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

type Cause = 'rule' | 'administration' | 'internet' | 'caller' | 'guessing'

interface Source {
  readonly address: string
  readonly episode: AccessEpisode
}

interface AccessEpisode extends Episode {
  cause: Cause
  score: number
  scoreReported: number
  attempts: number
  readonly port: number
  readonly protocol: string
  readonly services: string[]
  readonly callers: string[]
  /** Relations of the named callers: what a person who expects them approves. */
  readonly relations: string[]
}

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

/** One contact that is not allowed. */
interface Violation {
  readonly cause: Cause
  readonly timeUs: TimeUs
  readonly key: string
  readonly address: string
  readonly service: string
  readonly port: number
  readonly protocol: string
  readonly caller: string | null
  /** The relation that would have made the caller known; null where no approval would. */
  readonly relation: string | null
  readonly isAttempt: boolean
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

/** Why the contact is not allowed, or null. A rule that matches decides alone; the port counts before the recognised service. */
function contactCause(
  limits: Thresholds,
  source: DeclaredHost,
  word: string,
  service: string | null,
  host: Host,
): Cause | null {
  const byPort = host.policy.accessOf(source, host.declared, word)
  if (byPort === 'allowed') return null
  const permission =
    byPort === 'undeclared' && service !== null
      ? host.policy.accessOf(source, host.declared, service)
      : byPort
  if (permission !== 'undeclared') return permission === 'forbidden' ? 'rule' : null
  if (source.roles.some((role) => limits.administratorRoles.includes(role))) return null
  if (limits.isInternetForbidden && !source.isMonitored) return 'internet'
  return isAdministrative(limits, service ?? serviceOfPort(word)) ? 'administration' : null
}

function isAdministrative(limits: Thresholds, service: string): boolean {
  return limits.administrativeServices.includes(service)
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
  const source: Source = known ?? { address, episode: begin(violation) }
  if (rememberNewest(state.sources, key, source, sourcesMax) !== undefined) state.sourcesForgotten++
  const { episode } = source
  const isDue = known === undefined || growEpisode(episode, timeUs, episode.count + 1)
  weigh(limits, episode, violation)
  if (known === undefined) wake(limits, state, host)
  if (isDue || episode.score > episode.scoreReported) report(limits, key, source, state, host, out)
}

function begin({ cause, timeUs, port, protocol }: Violation): AccessEpisode {
  const base = openEpisode(timeUs, timeUs, 1)
  return {
    ...base,
    cause,
    score: 0,
    scoreReported: 0,
    attempts: 0,
    port,
    protocol,
    services: [],
    callers: [],
    relations: [],
  }
}

function weigh(limits: Thresholds, episode: AccessEpisode, violation: Violation): void {
  if (violation.isAttempt) episode.attempts++
  name(episode.services, violation.service)
  if (violation.caller !== null) name(episode.callers, violation.caller)
  if (violation.relation !== null) name(episode.relations, violation.relation)
  const { cause, score } = weightOf(limits, episode, violation)
  if (score <= episode.score) return
  episode.score = score
  episode.cause = cause
}

/** What is refused weighs less, unless it is one of many guesses: a device that is set up wrongly keeps to one name. */
function weightOf(
  limits: Thresholds,
  { callers }: AccessEpisode,
  { cause, isAttempt }: Violation,
): { cause: Cause; score: number } {
  const score = {
    rule: limits.scoreRule,
    administration: limits.scoreAdministration,
    internet: limits.scoreInternet,
    caller: limits.scoreCaller,
    guessing: limits.scoreGuessing,
  }
  if (!isAttempt) return { cause, score: score[cause] }
  if (cause === 'caller' && callers.length >= limits.callersGuessedMin)
    return { cause: 'guessing', score: score.guessing }
  return { cause, score: score[cause] * limits.attemptFactor }
}

function name(list: string[], word: string): void {
  if (list.length < namedMax && !list.includes(word)) list.push(word)
}

function report(
  limits: Thresholds,
  key: string,
  source: Source,
  state: State,
  host: Host,
  out: Findings,
): void {
  const { episode, address } = source
  const { cause, count, attempts } = episode
  episode.scoreReported = episode.score
  episode.countReported = count
  const target = host.declared.name ?? host.address ?? host.key
  const access = count === attempts ? 'tried to reach' : 'reached'
  const services = episode.services.join(', ')
  const reasons: Record<Cause, string> = {
    rule: `${address} ${access} ${target} (${services}), which a declared rule forbids.`,
    administration: `${address} ${access} ${target} by ${services}; it is no declared administrator of this device.`,
    internet: `${address}, outside the monitored networks, ${access} ${target} (${services}).`,
    caller: `${address} ${access} ${target} under a name unknown there: ${episode.callers.join(', ')} (${services}).`,
    guessing: `${address} guessed at ${target}: it was refused under ${episode.callers.length} names unknown there: ${episode.callers.join(', ')} (${services}).`,
  }
  out.report({
    objectGroup: key,
    score: episode.score,
    oldestUs: episode.oldestUs,
    timeUs: episode.newestUs,
    count,
    summary: reasons[cause],
    why: {
      cause,
      contacts: count,
      attemptsOnly: attempts,
      services,
      ...(episode.callers.length > 0 ? { callers: episode.callers.join(', ') } : {}),
      sourceZone: host.declaredOf(key, address).zone ?? 'none',
      targetZone: host.declared.zone ?? 'none',
      ...(cause === 'guessing' ? { callersGuessedMin: limits.callersGuessedMin } : {}),
      windowSeconds: limits.windowSeconds,
      deviceClass: host.declared.deviceClass,
      ...(state.sourcesForgotten > 0 ? { sourcesForgotten: state.sourcesForgotten } : {}),
    },
    peers: [
      {
        key,
        address,
        mac: parseHostKey(key).mac,
        name: null,
        port: episode.port === 0 ? null : episode.port,
        protocol: episode.protocol,
      },
    ],
    relations: episode.relations,
  })
}

function onQuiet(limits: Thresholds, timeUs: TimeUs, host: Host, out: Findings): void {
  if (host.peek(section) === null) return
  const state = host.section(section)
  const windowUs = limits.windowSeconds * secondUs
  closeQuiet(state.sources, timeUs, windowUs, (key, source) =>
    report(limits, key, source, state, host, out),
  )
  wake(limits, state, host)
}

function wake(limits: Thresholds, state: State, host: Host): void {
  const dueUs = quietAt(state.sources, limits.windowSeconds * secondUs)
  if (dueUs < Infinity) host.wakeAt(dueUs)
}
