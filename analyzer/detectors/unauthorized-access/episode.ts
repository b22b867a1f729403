import { parseHostKey } from '../../../records/observation.ts'
import type { Findings, Host } from '../../detector.ts'
import { type Episode, openEpisode } from '../../sketches/episode.ts'
import { namedMax, type Thresholds } from './thresholds.ts'
import type { Cause, Violation } from './violation.ts'

/** One source that reaches a device without leave. */
export interface Source {
  readonly address: string
  readonly episode: AccessEpisode
}

export interface AccessEpisode extends Episode {
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

/** Its first contact. */
export function beginAccess({ cause, timeUs, port, protocol }: Violation): AccessEpisode {
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

/** One contact more: the heaviest decides what is told. */
export function weigh(limits: Thresholds, episode: AccessEpisode, violation: Violation): void {
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

/** Tells the source's contacts so far. */
export function reportAccess(
  limits: Thresholds,
  key: string,
  source: Source,
  sourcesForgotten: number,
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
      ...(sourcesForgotten > 0 ? { sourcesForgotten } : {}),
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
