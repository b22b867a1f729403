import ipaddr from 'ipaddr.js'
import { formatIp, formatMac, isMappedIpv4, isUnicast, parseIp } from '../records/address.ts'
import { addressKey, type HostKey, leaseKey } from '../records/observation.ts'
import type { FlowIdentity } from './record-sink.ts'

export interface BindingsConfig {
  readonly site: string
  readonly addressSpace: string
  readonly addressSpaces: readonly { readonly name: string; readonly vlans: readonly number[] }[]
  readonly dynamicNetworks: readonly string[]
  readonly broadcastAddresses: readonly string[]
  readonly leasesMax: number
}

/**
 * Gives every endpoint its key (docs/decisions/0003): (site, address space, IP), or (site, address space, MAC) for a
 * flow that began while a DHCP lease of the address was in force. A pure function of what this sensor has seen.
 * A flow carries the MAC of its leases, so forgetting or replacing a lease never changes the key of a running flow.
 */
export interface Bindings {
  /** Leases in force, and leases that were forgotten because `leasesMax` were remembered: oldest first. */
  readonly leaseCount: number
  readonly forgottenCount: number
  /** Index of the address space of a VLAN id (0: no tag). */
  spaceOf(vlan: number): number
  /** A DHCP ACK was seen: flows that begin from now on with this address belong to this hardware address. */
  bind(space: number, address: string, mac: Uint8Array): void
  /** Six bytes of the hardware address whose lease of an IPv4 address is in force, else null. Do not change them. */
  leaseOf(space: number, ipv4: number): Uint8Array | null
  /** Key of an endpoint; null for broadcast, multicast, unspecified: they are no host. */
  keyOf(flow: Readonly<FlowIdentity>, isOrig: boolean): HostKey | null
}

const cacheSize = 65_536

export function createBindings(config: BindingsConfig): Bindings {
  const spaces = [config.addressSpace, ...config.addressSpaces.map((space) => space.name)]
  const spaceOfVlan = new Uint8Array(4096)
  config.addressSpaces.forEach((space, i) => {
    for (const vlan of space.vlans) spaceOfVlan[vlan] = i + 1
  })
  const broadcasts = new Set(
    config.broadcastAddresses.map((text) => ipaddr.process(text).toNormalizedString()),
  )
  const isDynamic = networkTest(config.dynamicNetworks)
  /** Hardware address by space × 2³² + IPv4 address, the oldest lease first. */
  const leases = new Map<number, Uint8Array>()
  const cache = createKeyCache()
  let forgottenCount = 0

  function makeKey(space: number, ip: Uint8Array, lease: Uint8Array): HostKey | null {
    const name = spaces[space]!
    const mac = formatMac(lease)
    if (mac !== null) return leaseKey(config.site, name, mac)
    if (!isUnicast(ip)) return null
    const address = formatIp(ip)
    if (broadcasts.size > 0 && broadcasts.has(ipaddr.process(address).toNormalizedString()))
      return null
    return addressKey(config.site, name, address)
  }

  return {
    get leaseCount() {
      return leases.size
    },
    get forgottenCount() {
      return forgottenCount
    },
    spaceOf: (vlan) => spaceOfVlan[vlan]!,
    bind(space, address, mac) {
      const ip = parseIp(address)
      if (ip === null || !isMappedIpv4(ip) || !isUnicast(ip) || !isDynamic(address)) return
      const id = leaseId(space, (ip[12]! << 24) | (ip[13]! << 16) | (ip[14]! << 8) | ip[15]!)
      leases.delete(id)
      leases.set(id, mac.slice(0, 6))
      if (leases.size <= config.leasesMax) return
      const [oldest] = leases.keys()
      if (oldest !== undefined) leases.delete(oldest)
      forgottenCount++
    },
    leaseOf: (space, ipv4) =>
      leases.size === 0 ? null : (leases.get(leaseId(space, ipv4)) ?? null),
    keyOf(flow, isOrig) {
      const ip = isOrig ? flow.origIp : flow.respIp
      const lease = isOrig ? flow.origLease : flow.respLease
      const place = cache.placeOf(flow.space, ip, lease)
      if (!cache.isHit) cache.keys[place] = makeKey(flow.space, ip, lease)
      return cache.keys[place]!
    },
  }
}

function leaseId(space: number, ipv4: number): number {
  return space * 2 ** 32 + (ipv4 >>> 0)
}

/** Without networks every address passes. */
function networkTest(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true
  const ranges = networks.map((network) => ipaddr.parseCIDR(network))
  return (address) => {
    const parsed = ipaddr.process(address)
    return ranges.some(([base, bits]) => base.kind() === parsed.kind() && parsed.match(base, bits))
  }
}

/**
 * Keys by endpoint, one place by hash, the newer overwrites: keys are pure, so what is forgotten is made again.
 * Making one costs about 300 ns, looking it up 15 ns, and there are two for every record.
 */
function createKeyCache() {
  const endpointBytes = 24
  const endpoints = new Uint8Array(cacheSize * endpointBytes)
  const cache = {
    keys: new Array<HostKey | null>(cacheSize).fill(null),
    isHit: false,
    /** Place of the endpoint's key; the caller fills it when `isHit` is false. */
    placeOf(space: number, ip: Uint8Array, lease: Uint8Array): number {
      let hash = space
      for (let i = 0; i < 16; i++) hash = Math.imul(hash ^ ip[i]!, 0x01000193)
      for (let i = 0; i < 6; i++) hash = Math.imul(hash ^ lease[i]!, 0x01000193)
      const place = (hash ^ (hash >>> 16)) & (cacheSize - 1)
      const at = place * endpointBytes
      let difference = endpoints[at]! ^ 1
      difference |= endpoints[at + 1]! ^ space
      for (let i = 0; i < 16; i++) difference |= endpoints[at + 2 + i]! ^ ip[i]!
      for (let i = 0; i < 6; i++) difference |= endpoints[at + 18 + i]! ^ lease[i]!
      cache.isHit = difference === 0
      if (!cache.isHit) {
        endpoints[at] = 1
        endpoints[at + 1] = space
        endpoints.set(ip, at + 2)
        endpoints.set(lease, at + 18)
      }
      return place
    },
  }
  return cache
}
