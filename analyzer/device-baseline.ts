import { getDomain } from 'tldts'
import { parseIp, isMappedIpv4, formatIp } from '../records/address.ts'
import type { HostKey } from '../records/observation.ts'

// What a relation is called: the vocabulary that baselines, detectors and `approve` commands share (docs/decisions/0003).

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

export function isCallerRelation(relation: string): boolean {
  return relation.startsWith('caller|')
}

/** First port that is no service of its own: where Linux and Windows choose ports for FTP data, RPC and the like. */
const dynamicPortMin = 32_768

const protocolNames: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  58: 'icmp',
  132: 'sctp',
}

/** Memo of `serviceWord`; it can hold no more than 256 protocols × 32,769 words. */
const serviceWords = new Map<number, string>()

/**
 * The service of a relation: `tcp/443`, `udp/dynamic`, `icmp`. By protocol and port, because a flow's first record
 * comes before its application protocol is recognised; ports from 32,768 on are one service, else every passive FTP
 * transfer would be a new relation.
 */
export function serviceWord(protocol: number, respPort: number): string {
  const port = Math.min(respPort, dynamicPortMin)
  const id = serviceId(protocol, respPort)
  const known = serviceWords.get(id)
  if (known !== undefined) return known
  const name = protocolNames[protocol] ?? `ip/${protocol}`
  const hasPorts = protocol === 6 || protocol === 17 || protocol === 132
  const word = !hasPorts ? name : `${name}/${port === dynamicPortMin ? 'dynamic' : port}`
  serviceWords.set(id, word)
  return word
}

/** A number under 2²⁴ for `serviceWord`: equal numbers have equal words. */
export function serviceId(protocol: number, respPort: number): number {
  return protocol * 65_536 + Math.min(respPort, dynamicPortMin)
}

/**
 * Whom an originator's relation is with: an internal host by its key; an external one by the registered domain of the
 * name it was looked up by (so that 500 addresses behind one name are one), else by its /24 (IPv6 /48).
 */
export function destinationGroup(
  peer: HostKey,
  address: string | null,
  isInternal: boolean,
  name: string | null,
): string {
  if (isInternal || address === null) return peer
  return name === null ? networkOf(address) : domainOf(name)
}

/** Registered domain by the public suffix list, tenants of shared hosting apart; the name itself where there is none. */
export function domainOf(name: string): string {
  const lower = name.toLowerCase()
  return getDomain(lower, { allowPrivateDomains: true }) ?? lower
}

/** `203.0.113.0/24` or `2001:db8:1::/48`. */
export function networkOf(address: string): string {
  const bytes = parseIp(address)
  if (bytes === null) return address
  const isIpv4 = isMappedIpv4(bytes)
  bytes.fill(0, isIpv4 ? 15 : 6)
  return `${formatIp(bytes)}/${isIpv4 ? 24 : 48}`
}
