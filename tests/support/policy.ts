import ipaddr from 'ipaddr.js'
import type { DeclaredHost, DeclaredPolicy } from '../../analyzer/detector.ts'

/**
 * A declared policy by hand: private addresses are monitored, `hosts` adds what a test declares of an address,
 * nothing else is declared.
 */
export function testPolicy(
  hosts: Readonly<Record<string, Partial<DeclaredHost>>> = {},
  answers: Partial<Pick<DeclaredPolicy, 'accessOf' | 'callerOf'>> = {},
): DeclaredPolicy {
  return {
    hostOf(parts, address) {
      const known = address ?? parts.address
      return {
        name: null,
        deviceClass: 'unknown',
        roles: [],
        zone: null,
        isClinical: false,
        isMonitored: known === null || isPrivate(known),
        ...(known === null ? {} : hosts[known]),
      }
    },
    accessOf: answers.accessOf ?? (() => 'undeclared'),
    callerOf: answers.callerOf ?? (() => 'undeclared'),
  }
}

function isPrivate(address: string): boolean {
  return ['private', 'uniqueLocal', 'linkLocal', 'loopback'].includes(
    ipaddr.process(address).range(),
  )
}
