import ipaddr from 'ipaddr.js'
import { z } from 'zod'

/** What people declare of their network: the part of the configuration under `inventory`. */

const deviceClass = z.enum(['unknown', 'medical', 'server', 'scanner'])

const network = z
  .string()
  .refine(
    isNetwork,
    'is not a network in CIDR notation with host bits zero, such as 10.60.1.0/24 or fd00:60::/48',
  )
const address = z.string().refine(isAddress, 'is not an IP address')
const mac = z
  .string()
  .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i, 'is not a MAC address such as 00:1b:21:0a:00:20')
  .transform((text) => text.toLowerCase())
const name = z.string().min(1).max(100)
const service = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]*$|^(tcp|udp)\/\d{1,5}$/,
    'is neither a service word such as ssh or dicom nor a port such as tcp/8443',
  )

const zone = z.strictObject({
  name: name.describe('name of the zone'),
  networks: z.array(network).min(1).describe('its networks; the longest prefix wins'),
  spaces: z.array(name).default([]).describe('address spaces it holds in; all when empty'),
  isClinical: z
    .boolean()
    .default(false)
    .describe('medical devices live here: new hosts are notified'),
})

const device = z.strictObject({
  name: name.describe('how people call it'),
  address: address.optional().describe('its address; or give mac or network'),
  mac: mac.optional().describe('its MAC address; it wins over an address'),
  network: network.optional().describe('all hosts of a network are of this kind'),
  deviceClass: deviceClass
    .default('unknown')
    .describe('medical, server, scanner or unknown: decides thresholds'),
  roles: z
    .array(name)
    .default([])
    .describe('what it may do: biomed-jump, vendor-gateway, or words of your own'),
  zone: name.optional().describe('its zone, where the address does not tell it'),
})

const party = z.union([
  z.literal('any'),
  z.strictObject({ zone: name.describe('hosts of this zone') }),
  z.strictObject({ role: name.describe('hosts with this role') }),
  z.strictObject({ deviceClass: deviceClass.describe('hosts of this class') }),
  z.strictObject({
    isMonitored: z
      .boolean()
      .describe('true: inside; false: the Internet and other unmonitored networks'),
  }),
])

const accessRule = z.strictObject({
  from: party.describe('who opens the connection'),
  to: party.describe('who is contacted'),
  services: z
    .array(service)
    .default([])
    .describe('service words (ssh, dicom) or ports (tcp/8443); all when empty'),
  action: z.enum(['allow', 'forbid']).describe('what a match means'),
})

const dicomCaller = z.strictObject({
  title: z
    .string()
    .min(1)
    .max(16)
    .describe('calling AE title (DICOM PS3.5, AE: at most 16 characters)'),
  address: address.describe('address it calls from'),
})
const hl7Caller = z.strictObject({
  sender: z.string().min(1).describe('MSH-3|MSH-4: sending application and facility'),
  address: address.describe('address it sends from'),
})

const shape = z.strictObject({
  monitoredNetworks: z
    .array(network)
    .default([])
    .describe('networks that count as inside, beside the private ones'),
  zones: z.array(zone).default([]).describe('zones of the network'),
  devices: z.array(device).default([]).describe('known devices, by MAC, address or network'),
  access: z
    .array(accessRule)
    .default([])
    .describe('who may contact whom for what; the first rule that matches decides'),
  callers: z
    .strictObject({
      dicom: z
        .array(dicomCaller)
        .optional()
        .describe('the only calling AE titles allowed; absent: judged by the baseline'),
      hl7: z
        .array(hl7Caller)
        .optional()
        .describe('the only HL7 senders allowed; absent: judged by the baseline'),
    })
    .prefault({})
    .describe('allow-lists of application names'),
})

export type InventoryConfig = z.output<typeof shape>
export type AccessParty = z.output<typeof party>

/** Roles that detectors know without anybody having declared a device for them. */
export const knownRoles: readonly string[] = ['biomed-jump', 'vendor-gateway', 'router']

/** Schema with defaults; refuses contradictions, each with the path of the second of two that disagree. */
export const inventoryConfigSchema = shape.superRefine((config, context) => {
  const refuse = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message })
  refuseZones(config, refuse)
  refuseDevices(config, refuse)
  refuseRules(config, refuse)
})

type Refuse = (path: (string | number)[], message: string) => void

function refuseZones(config: InventoryConfig, refuse: Refuse): void {
  const names = new Map<string, number>()
  const networks = new Map<string, string>()
  config.zones.forEach((zone, index) => {
    if (names.has(zone.name))
      refuse(['zones', index, 'name'], `zone ${zone.name} is declared twice`)
    names.set(zone.name, index)
    zone.networks.forEach((text, at) => {
      for (const space of zone.spaces.length === 0 ? ['*'] : zone.spaces) {
        const key = `${space} ${canonicalNetwork(text)}`
        const other = networks.get(key)
        if (other !== undefined)
          refuse(['zones', index, 'networks', at], `${text} is already in zone ${other}`)
        networks.set(key, zone.name)
      }
    })
  })
}

function refuseDevices(config: InventoryConfig, refuse: Refuse): void {
  const zones = new Set(config.zones.map((zone) => zone.name))
  const owners = new Map<string, string>()
  config.devices.forEach((device, index) => {
    const identities = (['mac', 'address', 'network'] as const).filter(
      (field) => device[field] !== undefined,
    )
    if (identities.length !== 1)
      refuse(['devices', index], 'needs exactly one of mac, address and network')
    for (const field of identities) {
      const key = `${field} ${canonical(field, device[field]!)}`
      const other = owners.get(key)
      if (other !== undefined)
        refuse(['devices', index, field], `${device[field]!} is already declared as ${other}`)
      owners.set(key, device.name)
    }
    if (device.zone !== undefined && !zones.has(device.zone)) {
      refuse(['devices', index, 'zone'], `no zone is called ${device.zone}`)
    }
  })
}

function refuseRules(config: InventoryConfig, refuse: Refuse): void {
  const zones = new Set(config.zones.map((zone) => zone.name))
  const roles = new Set([...knownRoles, ...config.devices.flatMap((device) => device.roles)])
  const decided = new Map<string, { action: string; index: number }>()
  config.access.forEach((rule, index) => {
    for (const side of ['from', 'to'] as const) {
      const party = rule[side]
      if (party === 'any') continue
      if ('zone' in party && !zones.has(party.zone))
        refuse(['access', index, side, 'zone'], `no zone is called ${party.zone}`)
      if ('role' in party && !roles.has(party.role))
        refuse(['access', index, side, 'role'], `no device has the role ${party.role}`)
    }
    for (const word of rule.services.length === 0 ? ['*'] : rule.services) {
      const key = JSON.stringify([rule.from, rule.to, word])
      const earlier = decided.get(key)
      if (earlier !== undefined && earlier.action !== rule.action) {
        refuse(
          ['access', index],
          `contradicts access[${earlier.index}], which decides the same contacts (${word}) the other way`,
        )
      }
      if (earlier === undefined) decided.set(key, { action: rule.action, index })
    }
  })
}

function canonical(field: 'mac' | 'address' | 'network', text: string): string {
  if (field === 'mac') return text
  if (field === 'network') return isNetwork(text) ? canonicalNetwork(text) : text
  return isAddress(text) ? ipaddr.process(text).toNormalizedString() : text
}

function canonicalNetwork(text: string): string {
  if (!isNetwork(text)) return text
  const [address, bits] = ipaddr.parseCIDR(text)
  return `${address.toNormalizedString()}/${bits}`
}

function isAddress(text: string): boolean {
  return (
    ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
  )
}

/** An address and a prefix length, nothing set behind the prefix: a typing error there is more likely than a wish. */
function isNetwork(text: string): boolean {
  const [head = ''] = text.split('/', 1)
  if (!isAddress(head) || !ipaddr.isValidCIDR(text)) return false
  const [address, bits] = ipaddr.parseCIDR(text)
  return address
    .toByteArray()
    .every((byte, index) => (byte & (0xff >> Math.min(8, Math.max(0, bits - index * 8)))) === 0)
}
