import { formatIp, formatMac, isUnicast } from '../../records/address.ts'
import type { Summary } from '../protocol.ts'
import { readU16, readU32 } from './field.ts'

// ARP and NDP: who claims which address on a link. They have no flow, so the pipeline calls these functions
// itself: `read…` fills a reused struct without allocating, `…Summary` makes the record of it.

/** What one ARP packet says. One object is reused for all packets; addresses are 16 bytes as in records/address.ts. */
export interface ArpFacts {
  /** RFC 826 ar$op: 1 request, 2 reply. */
  operation: number
  readonly senderMac: Uint8Array
  /** 0.0.0.0 in a probe (RFC 5227 §2.1.1): the sender has no address yet. */
  readonly senderIp: Uint8Array
  readonly targetMac: Uint8Array
  readonly targetIp: Uint8Array
}

export function createArpFacts(): ArpFacts {
  return {
    operation: 0,
    senderMac: new Uint8Array(6),
    senderIp: mappedIpv4(),
    targetMac: new Uint8Array(6),
    targetIp: mappedIpv4(),
  }
}

const arpBytes = 28

// ARP for IPv4 over Ethernet, RFC 826 "Packet format":
//   0  ar$hrd  2  hardware type: 1 Ethernet, 6 IEEE 802
//   2  ar$pro  2  protocol type: 0x0800
//   4  ar$hln  1  hardware address length: 6
//   5  ar$pln  1  protocol address length: 4
//   6  ar$op   2  1 request, 2 reply
//   8  ar$sha  6  14 ar$spa 4  18 ar$tha 6  24 ar$tpa 4

/**
 * Reads the ARP packet in `bytes[start … end)`, padding after it allowed.
 * @returns false when it is none for IPv4 over Ethernet; the cause has been counted and `facts` is stale.
 */
export function readArp(
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: ArpFacts,
  reject: (cause: string) => void,
): boolean {
  const cause = arpFault(bytes, start, end)
  if (cause !== null) {
    reject(cause)
    return false
  }
  facts.operation = readU16(bytes, start + 6)
  for (let i = 0; i < 6; i++) {
    facts.senderMac[i] = bytes[start + 8 + i]!
    facts.targetMac[i] = bytes[start + 18 + i]!
  }
  for (let i = 0; i < 4; i++) {
    facts.senderIp[12 + i] = bytes[start + 14 + i]!
    facts.targetIp[12 + i] = bytes[start + 24 + i]!
  }
  return true
}

function arpFault(bytes: Uint8Array, start: number, end: number): string | null {
  if (end - start < 8) return 'arp-truncated'
  const hardwareType = readU16(bytes, start)
  if (hardwareType !== 1 && hardwareType !== 6) return 'arp-hardware-type'
  if (readU16(bytes, start + 2) !== 0x0800) return 'arp-protocol-type'
  if (bytes[start + 4] !== 6) return 'arp-hardware-length'
  if (bytes[start + 5] !== 4) return 'arp-protocol-length'
  if (end - start < arpBytes) return 'arp-truncated'
  const operation = readU16(bytes, start + 6)
  return operation === 1 || operation === 2 ? null : 'arp-operation'
}

/** Whether the packet says that the sender owns the sender address unasked: an announcement (RFC 5227 §2.3). */
export function isGratuitous(facts: ArpFacts): boolean {
  return hasAddress(facts.senderIp) && sameBytes(facts.senderIp, facts.targetIp, 16)
}

/**
 * The record of an ARP packet: a reply or an announcement is a `claim` of `addresses` by `subjectMac`, everything
 * else a `request` for `name`. A request also tells its sender's binding (RFC 826 merges it), in the same fields.
 * @param ethernet bytes in which the frame's source address stands at `sourceOffset`; null where the link has none.
 */
export function arpSummary(
  facts: ArpFacts,
  ethernet: Uint8Array | null,
  sourceOffset = 0,
): Summary {
  const gratuitous = isGratuitous(facts)
  const summary: Summary = {
    service: 'arp',
    event: facts.operation === 2 || gratuitous ? 'claim' : 'request',
    name: formatIp(facts.targetIp),
    subjectMac: facts.senderMac,
  }
  if (hasAddress(facts.senderIp)) summary.addresses = formatIp(facts.senderIp)
  const details: Record<string, string | boolean> = {}
  if (gratuitous) details['gratuitous'] = true
  if (ethernet !== null && !sameBytes(facts.senderMac, ethernet, 6, sourceOffset)) {
    details['ethernetSource'] = formatMac(ethernet, sourceOffset) ?? '00:00:00:00:00:00'
  }
  if (Object.keys(details).length > 0) summary.details = details
  return summary
}

/** ICMPv6 types that NDP uses and Wardwatch reads (RFC 4861 §4). */
export const ndpType = {
  routerAdvertisement: 134,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
} as const

/** What one NDP message says. One object is reused for all packets. */
export interface NdpFacts {
  /** A value of `ndpType`. */
  type: number
  /** Solicitation: the address asked for. Advertisement: the address claimed. Unspecified in a router advertisement. */
  readonly targetIp: Uint8Array
  /** Of the source (solicitation, router) or target (advertisement) link-layer address option. */
  readonly linkLayerMac: Uint8Array
  hasLinkLayerMac: boolean
  /** Neighbour advertisement: R, S and O flags. */
  isRouter: boolean
  isSolicited: boolean
  isOverride: boolean
  /** Router advertisement: 0 says that this is no default router (any more). */
  routerLifetimeSeconds: number
}

export function createNdpFacts(): NdpFacts {
  return {
    type: 0,
    targetIp: new Uint8Array(16),
    linkLayerMac: new Uint8Array(6),
    hasLinkLayerMac: false,
    isRouter: false,
    isSolicited: false,
    isOverride: false,
    routerLifetimeSeconds: 0,
  }
}

// NDP over ICMPv6, RFC 4861 §4 (bytes from the ICMPv6 type on):
//   router advertisement 134:     0 type 1 code 2 checksum 4 hop limit 5 flags 6 lifetime(2) 8 reachable 12 retrans 16 options
//   neighbour solicitation 135:   0 type 1 code 2 checksum 4 reserved(4) 8 target(16) 24 options
//   neighbour advertisement 136:  0 type 1 code 2 checksum 4 R S O bits(4) 8 target(16) 24 options
//   option: 0 type(1) 1 length(1, in units of 8 bytes, never 0); 1 source, 2 target link-layer address(6)

/**
 * Reads the NDP message in `bytes[start … end)`.
 * @param hopLimit of the IPv6 header: a message with another than 255 has crossed a router and is invalid (RFC 4861 §7.1).
 * @returns false when it is no message that Wardwatch reads, or a malformed one, whose cause has been counted.
 */
export function readNdp(
  bytes: Uint8Array,
  start: number,
  end: number,
  hopLimit: number,
  facts: NdpFacts,
  reject: (cause: string) => void,
): boolean {
  const type = end > start ? bytes[start]! : 0
  if (!isNdp(type)) return false
  const isRouterMessage = type === ndpType.routerAdvertisement
  const optionsAt = start + (isRouterMessage ? 16 : 24)
  const cause =
    end < optionsAt
      ? 'ndp-truncated'
      : hopLimit !== 255
        ? 'ndp-hop-limit'
        : bytes[start + 1] !== 0
          ? 'ndp-code'
          : null
  if (cause !== null) {
    reject(cause)
    return false
  }
  facts.type = type
  for (let i = 0; i < 16; i++) facts.targetIp[i] = isRouterMessage ? 0 : bytes[start + 8 + i]!
  const flags = type === ndpType.neighbourAdvertisement ? bytes[start + 4]! : 0
  facts.isRouter = isRouterMessage || (flags & 0x80) !== 0
  facts.isSolicited = (flags & 0x40) !== 0
  facts.isOverride = (flags & 0x20) !== 0
  facts.routerLifetimeSeconds = isRouterMessage ? readU16(bytes, start + 6) : 0
  return readNdpOptions(bytes, optionsAt, end, facts, reject)
}

/** Whether an ICMPv6 type is one that `readNdp` reads. */
export function isNdp(type: number): boolean {
  return type >= ndpType.routerAdvertisement && type <= ndpType.neighbourAdvertisement
}

function readNdpOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  facts: NdpFacts,
  reject: (cause: string) => void,
): boolean {
  const wanted = facts.type === ndpType.neighbourAdvertisement ? 2 : 1
  facts.hasLinkLayerMac = false
  for (let at = start; at + 2 <= end;) {
    const length = bytes[at + 1]! * 8
    // RFC 4861 §4.6: nodes must silently discard a packet that contains an option of length zero.
    if (length === 0 || at + length > end) {
      reject('ndp-option-length')
      return false
    }
    if (bytes[at] === wanted) {
      for (let i = 0; i < 6; i++) facts.linkLayerMac[i] = bytes[at + 2 + i]!
      facts.hasLinkLayerMac = true
    }
    at += length
  }
  return true
}

/**
 * The record of an NDP message. `request`: `name` is asked for by `addresses`. `claim`: `addresses` is the claimed
 * address (router advertisement: the sender's), `subjectMac` its link-layer address where told.
 * @param sourceIp 16 bytes of the IPv6 source address at `sourceOffset`; unspecified while a host checks for duplicates.
 */
export function ndpSummary(facts: NdpFacts, sourceIp: Uint8Array, sourceOffset = 0): Summary {
  const isRequest = facts.type === ndpType.neighbourSolicitation
  const isRouterMessage = facts.type === ndpType.routerAdvertisement
  const summary: Summary = { service: 'ndp', event: isRequest ? 'request' : 'claim' }
  if (!isRouterMessage) summary.name = formatIp(facts.targetIp)
  if (facts.type === ndpType.neighbourAdvertisement) summary.addresses = formatIp(facts.targetIp)
  else if (isUnicast(sourceIp, sourceOffset)) summary.addresses = formatIp(sourceIp, sourceOffset)
  if (facts.hasLinkLayerMac) summary.subjectMac = facts.linkLayerMac
  if (isRouterMessage) {
    summary.ttlSeconds = facts.routerLifetimeSeconds
    summary.details = { router: true }
  } else if (!isRequest) {
    summary.details = {
      router: facts.isRouter,
      solicited: facts.isSolicited,
      override: facts.isOverride,
    }
  }
  return summary
}

function mappedIpv4(): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes[10] = bytes[11] = 0xff
  return bytes
}

function hasAddress(ip: Uint8Array): boolean {
  return readU32(ip, 12) !== 0
}

function sameBytes(a: Uint8Array, b: Uint8Array, length: number, bOffset = 0): boolean {
  for (let i = 0; i < length; i++) if (a[i] !== b[bOffset + i]) return false
  return true
}
