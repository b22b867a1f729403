import type { HostKey } from '../records/observation.ts'

/** Relation of an originator: whom it contacts for what. `group` as `destinationGroup` makes it. */
export function destinationRelation(service: string, group: string): string {
  return `to|${service}|${group}`
}

/** Relation of a responder: who contacts it for what. */
export function sourceRelation(service: string, peer: HostKey): string {
  return `from|${service}|${peer}`
}

/** Relation of a responder: under which name a peer called it (DICOM calling AE title, HL7 application|facility). */
export function callerRelation(protocol: 'dicom' | 'hl7', caller: string, peer: HostKey): string {
  return `caller|${protocol}|${caller}|${peer}`
}
