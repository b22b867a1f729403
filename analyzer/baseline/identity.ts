import { textAt } from '../../records/columns.ts'
import { outcomeCode, type SummaryBatch } from '../../records/summary-batch.ts'
import type { TimeUs } from '../../records/time.ts'

/** How a host has called itself: what a person can check a device's identity by. */
export const identityKinds = [
  'dhcp-name',
  'dhcp-vendor',
  'dicom-title',
  'dicom-implementation',
  'hl7-name',
  'user-agent',
  'ssh-software',
] as const
export type IdentityKind = (typeof identityKinds)[number]

export interface IdentityFact {
  readonly kind: IdentityKind
  readonly value: string
  readonly firstUs: TimeUs
  lastUs: TimeUs
}

/** Facts of one kind kept of one host; beyond it the one told longest ago goes. */
const factsPerKindMax = 8
const valueCharactersMax = 200

/**
 * Notes how the host calls itself in one row.
 * @returns whether a fact is new, so that it must be written.
 */
export function noteIdentity(facts: IdentityFact[], batch: SummaryBatch, row: number): boolean {
  const service = textAt(batch.service, row)
  const timeUs = batch.timeUs[row]!
  const isOrig = batch.isOrig[row] === 1
  // A refused association is no proof of a title: scanners try them.
  if (service === 'dicom' && batch.outcome[row] !== outcomeCode.success) return false
  let isNew = false
  const note = (kind: IdentityKind, text: string | null | undefined) => {
    if (text !== null && text !== undefined && text !== '') {
      isNew = noteFact(facts, kind, text.slice(0, valueCharactersMax), timeUs) || isNew
    }
  }
  const own = isOrig ? batch.client[row] : batch.server[row]
  if (service === 'dhcp' && isOrig) {
    note('dhcp-name', own)
    note('dhcp-vendor', batch.version[row])
  } else if (service === 'dicom') {
    note('dicom-title', own)
    if (isOrig) note('dicom-implementation', batch.version[row])
  } else if (service === 'hl7') note('hl7-name', own)
  else if (service === 'http' && isOrig) note('user-agent', own)
  else if (service === 'ssh') note('ssh-software', own)
  return isNew
}

function noteFact(
  facts: IdentityFact[],
  kind: IdentityKind,
  value: string,
  timeUs: TimeUs,
): boolean {
  const known = facts.find((fact) => fact.kind === kind && fact.value === value)
  if (known !== undefined) {
    known.lastUs = Math.max(known.lastUs, timeUs)
    return false
  }
  const alike = facts.filter((fact) => fact.kind === kind)
  if (alike.length >= factsPerKindMax) {
    const oldest = alike.reduce((a, b) => (b.lastUs < a.lastUs ? b : a))
    facts.splice(facts.indexOf(oldest), 1)
  }
  facts.push({ kind, value, firstUs: timeUs, lastUs: timeUs })
  return true
}

/** The newest name that the host asked for by DHCP, or null. */
export function dhcpNameOf(facts: readonly IdentityFact[]): string | null {
  const names = facts.filter(({ kind }) => kind === 'dhcp-name')
  return (
    names.reduce<IdentityFact | null>(
      (newest, fact) => (newest === null || fact.lastUs >= newest.lastUs ? fact : newest),
      null,
    )?.value ?? null
  )
}
