import { serviceOfPort } from '../../../records/service-ports.ts'
import type { TimeUs } from '../../../records/time.ts'
import type { DeclaredHost, Host } from '../../detector.ts'
import type { Thresholds } from './thresholds.ts'

export type Cause = 'rule' | 'administration' | 'internet' | 'caller' | 'guessing'

/** One contact that is not allowed. */
export interface Violation {
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

/** Why the contact is not allowed, or null. A rule that matches decides alone; the port counts before the recognised service. */
export function contactCause(
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

export function isAdministrative(limits: Thresholds, service: string): boolean {
  return limits.administrativeServices.includes(service)
}
