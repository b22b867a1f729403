import ipaddr from 'ipaddr.js'
import type { HostKeyParts } from '../records/observation.ts'
import { servicePorts } from '../records/service-ports.ts'
import type { AccessParty, InventoryConfig } from './config.ts'

/** What is declared of one host. The analyzer asks for this shape (analyzer/detector.ts); app/ joins the two. */
export interface DeclaredHost {
  readonly name: string | null
  readonly deviceClass: 'unknown' | 'medical' | 'server' | 'scanner'
  readonly roles: readonly string[]
  readonly zone: string | null
  readonly isClinical: boolean
  readonly isMonitored: boolean
}

export type Permission = 'allowed' | 'forbidden' | 'undeclared'

/** Answers from the configuration alone: pure, and the same for the same question. */
export interface Declared {
  hostOf(parts: HostKeyParts, address: string | null): DeclaredHost
  accessOf(source: DeclaredHost, target: DeclaredHost, service: string): Permission
  callerOf(protocol: 'dicom' | 'hl7', caller: string, address: string): Permission
}

/** Hosts whose answer is remembered; when full, all are forgotten and asked again, which changes no answer. */
const cachedMax = 65_536

/** Prepares the declarations for look-ups; the configuration has passed `inventoryConfigSchema`. */
export function createDeclaredPolicy(config: InventoryConfig): Declared {
  const find = createHostFinder(config)
  const cache = new Map<string, DeclaredHost>()
  const rules = config.access.map((rule) => ({ ...rule, services: withPorts(rule.services) }))
  const callers = {
    dicom: callerSet(
      config.callers.dicom?.map(({ title, address }) => [title.trim(), address] as const),
    ),
    hl7: callerSet(config.callers.hl7?.map(({ sender, address }) => [sender, address] as const)),
  }
  return {
    hostOf(parts, address) {
      const known = parts.address ?? address
      const key = `${parts.space}|${parts.mac ?? ''}|${known ?? ''}`
      const cached = cache.get(key)
      if (cached !== undefined) return cached
      if (cache.size >= cachedMax) cache.clear()
      const host = find(parts.space, parts.mac, known)
      cache.set(key, host)
      return host
    },
    accessOf(source, target, service) {
      for (const rule of rules) {
        if (rule.services !== null && !rule.services.has(service)) continue
        if (!isParty(rule.from, source) || !isParty(rule.to, target)) continue
        return rule.action === 'allow' ? 'allowed' : 'forbidden'
      }
      return 'undeclared'
    },
    callerOf(protocol, caller, address) {
      const list = callers[protocol]
      if (list === null) return 'undeclared'
      return list.has(callerKey(caller.trim(), address)) ? 'allowed' : 'forbidden'
    },
  }
}

type Find = (space: string, mac: string | null, address: string | null) => DeclaredHost

function createHostFinder(config: InventoryConfig): Find {
  const zones = new Map(config.zones.map((zone) => [zone.name, zone]))
  const zoneNetworks = byPrefix(
    config.zones.flatMap((zone) => zone.networks.map((network) => ({ network, item: zone }))),
  )
  const byMac = new Map(
    config.devices.flatMap((device) =>
      device.mac === undefined ? [] : [[device.mac, device] as const],
    ),
  )
  const byAddress = new Map(
    config.devices.flatMap((device) =>
      device.address === undefined ? [] : [[normal(device.address), device] as const],
    ),
  )
  const byNetwork = byPrefix(
    config.devices.flatMap((item) =>
      item.network === undefined ? [] : [{ network: item.network, item }],
    ),
  )
  const monitored = byPrefix(
    config.monitoredNetworks.map((network) => ({ network, item: network })),
  )
  return (space, mac, address) => {
    const ip = address === null || !ipaddr.isValid(address) ? null : ipaddr.process(address)
    const single =
      (mac === null ? undefined : byMac.get(mac)) ??
      (ip === null ? undefined : byAddress.get(ip.toNormalizedString()))
    const device = single ?? (ip === null ? undefined : longest(byNetwork, ip, () => true))
    const zone =
      device?.zone !== undefined
        ? zones.get(device.zone)
        : ip === null
          ? undefined
          : longest(zoneNetworks, ip, ({ spaces }) => spaces.length === 0 || spaces.includes(space))
    return {
      name: single?.name ?? null,
      deviceClass: device?.deviceClass ?? 'unknown',
      roles: device?.roles ?? [],
      zone: zone?.name ?? null,
      isClinical: zone?.isClinical ?? false,
      // A host known by its MAC alone is on a link that a sensor sees.
      isMonitored:
        ip === null ||
        isPrivate(ip) ||
        zone !== undefined ||
        longest(monitored, ip, () => true) !== undefined,
    }
  }
}

type Ip = ReturnType<typeof ipaddr.process>

interface Prefix<T> {
  readonly network: [Ip, number]
  readonly item: T
}

/** Longest prefix first; of equal ones the first declared. */
function byPrefix<T>(entries: readonly { network: string; item: T }[]): Prefix<T>[] {
  return entries
    .map(({ network, item }) => ({ network: ipaddr.parseCIDR(network), item }))
    .sort((a, b) => b.network[1] - a.network[1])
}

function longest<T>(
  prefixes: readonly Prefix<T>[],
  ip: Ip,
  accepts: (item: T) => boolean,
): T | undefined {
  return prefixes.find(
    ({ network, item }) => network[0].kind() === ip.kind() && ip.match(network) && accepts(item),
  )?.item
}

/** RFC 1918, RFC 6598, RFC 4193, link-local and loopback addresses. */
function isPrivate(ip: Ip): boolean {
  return ['private', 'carrierGradeNat', 'uniqueLocal', 'linkLocal', 'loopback'].includes(ip.range())
}

function normal(address: string): string {
  return ipaddr.process(address).toNormalizedString()
}

function isParty(party: AccessParty, host: DeclaredHost): boolean {
  if (party === 'any') return true
  if ('zone' in party) return host.zone === party.zone
  if ('role' in party) return host.roles.includes(party.role)
  if ('deviceClass' in party) return host.deviceClass === party.deviceClass
  return host.isMonitored === party.isMonitored
}

/** The words of a rule with the ports they stand for; null matches every service. */
function withPorts(services: readonly string[]): ReadonlySet<string> | null {
  return services.length === 0
    ? null
    : new Set(services.flatMap((word) => [word, ...(servicePorts[word] ?? [])]))
}

function callerSet(
  list: readonly (readonly [string, string])[] | undefined,
): ReadonlySet<string> | null {
  return list === undefined
    ? null
    : new Set(list.map(([caller, address]) => callerKey(caller, address)))
}

function callerKey(caller: string, address: string): string {
  return `${caller}@${ipaddr.isValid(address) ? normal(address) : address}`
}
