import { createHash } from 'node:crypto'
import { isMappedIpv4 } from './address.ts'

const icmp = 1
const icmpv6 = 58

/** Types that answer each other: the pair stands in for the two ports (Community ID v1, ICMP tables). */
const counterparts: Readonly<Record<number, ReadonlyMap<number, number>>> = {
  [icmp]: pairs([0, 8], [9, 10], [13, 14], [15, 16], [17, 18]),
  [icmpv6]: pairs([128, 129], [130, 131], [133, 134], [135, 136], [139, 140], [144, 145]),
}

/**
 * Community ID v1, seed 0: the same text for both directions of a flow, in Zeek, Suricata and here.
 * Source: github.com/corelight/community-id-spec. Addresses are 16 bytes, IPv4 mapped; ICMP: type and code as ports.
 */
export function communityId(flow: {
  readonly protocol: number
  readonly origIp: Uint8Array
  readonly respIp: Uint8Array
  readonly origPort: number
  readonly respPort: number
}): string {
  const source = wire(flow.origIp)
  const destination = wire(flow.respIp)
  const counterpart = counterparts[flow.protocol]?.get(flow.origPort)
  const isOneWay = counterparts[flow.protocol] !== undefined && counterpart === undefined
  const ports = [flow.origPort, counterpart ?? flow.respPort] as const
  const order = Buffer.compare(source, destination) || ports[0] - ports[1]
  const isForward = isOneWay || order <= 0
  const [first, second] = isForward ? [source, destination] : [destination, source]
  const hasPorts =
    flow.protocol === 6 ||
    flow.protocol === 17 ||
    flow.protocol === 132 ||
    counterparts[flow.protocol] !== undefined
  const tail = Buffer.alloc(hasPorts ? 6 : 2)
  tail[0] = flow.protocol
  if (hasPorts) {
    tail.writeUInt16BE(isForward ? ports[0] : ports[1], 2)
    tail.writeUInt16BE(isForward ? ports[1] : ports[0], 4)
  }
  const hash = createHash('sha1').update(Buffer.alloc(2)).update(first).update(second).update(tail)
  return `1:${hash.digest('base64')}`
}

function wire(ip: Uint8Array): Uint8Array {
  return isMappedIpv4(ip) ? ip.subarray(12) : ip
}

function pairs(...list: readonly (readonly [number, number])[]): ReadonlyMap<number, number> {
  return new Map(list.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]))
}
