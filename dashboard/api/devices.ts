import { z } from 'zod'
import { alertSchema } from '../../records/alert.ts'

const learningStates = ['observing', 'provisional', 'established'] as const

/** One monitored device; times are RFC 3339 in UTC. */
export const deviceSchema = z.object({
  key: z.string().describe('host key: names the device in every address of the API'),
  site: z.string(),
  name: z.string().nullable().describe('as declared, else as it calls itself by DHCP'),
  deviceClass: z.string().nullable().describe('as declared'),
  zone: z.string().nullable(),
  address: z.string().nullable(),
  mac: z.string().nullable(),
  vendor: z.string().nullable(),
  state: z.enum(learningStates),
  isApproved: z.boolean(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  daysSeen: z.number(),
  activeHours: z.number(),
  relations: z.number(),
  openAlerts: z.number().describe('alerts of it that are not closed'),
})
export type Device = z.infer<typeof deviceSchema>

export const deviceSortSchema = z.enum(['name', 'state', 'firstSeen', 'lastSeen', 'alerts'])
export type DeviceSortWord = z.infer<typeof deviceSortSchema>

export const deviceQuerySchema = z.object({
  text: z.string().max(200).default('').describe('part of a name, address, MAC, vendor or site'),
  sort: deviceSortSchema.default('name'),
  order: z.enum(['asc', 'desc']).default('asc'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
})

export const deviceListSchema = z.object({
  total: z.number().int().describe('devices that match, on all pages'),
  devices: z.array(deviceSchema),
})
export type DeviceList = z.infer<typeof deviceListSchema>

export const relationSchema = z.object({
  relation: z.string().describe('as an `approve` command names it'),
  kind: z.enum(['to', 'from', 'caller']),
  service: z.string(),
  caller: z.string().nullable().describe('the name that a caller used'),
  party: z.string().describe('host key, registered domain or network'),
  partyName: z.string().nullable().describe('what the party is called, if it is a known device'),
  standing: z.enum(['approved', 'learned', 'new']),
  first: z.string().describe('start of the first hour it was met in'),
  last: z.string().describe('end of the last'),
  hours: z.number().describe('hours in which it was met; 0 while the first is open'),
  days: z.number(),
})
export type DeviceRelation = z.infer<typeof relationSchema>

export const baselineSchema = z.object({
  isThin: z.boolean().describe('established by age alone'),
  days: z.number(),
  weekendDays: z.number(),
  activeHours: z.number(),
  flows: z.number(),
  newRelations: z.number().describe('relations first met in the trailing 48 hours'),
  newRelationsMax: z.number().describe('how many there may be for a settled device'),
  thresholds: z.object({
    daysMin: z.number(),
    activeHoursMin: z.number(),
    daysMax: z.number(),
  }),
  relations: z.array(relationSchema).describe('newest first, at most 2,048 and the open hour'),
  relationsEvicted: z.number(),
})
export type DeviceBaseline = z.infer<typeof baselineSchema>

export const identityFactSchema = z.object({
  kind: z.string().describe('how it told: dhcp-name, dicom-title, hl7-name, user-agent …'),
  value: z.string(),
  first: z.string(),
  last: z.string(),
})
export type IdentityFact = z.infer<typeof identityFactSchema>

export const deviceDetailSchema = z.object({
  device: deviceSchema,
  declared: z.object({
    name: z.string().nullable(),
    deviceClass: z.string(),
    roles: z.array(z.string()),
    zone: z.string().nullable(),
    isClinical: z.boolean(),
  }),
  identity: z.array(identityFactSchema),
  baseline: baselineSchema.nullable().describe('null while nothing is learned'),
  alerts: z.array(alertSchema).describe('its own, newest first, at most 50'),
  named: z.array(alertSchema).describe('of others, that name it as the other party, at most 50'),
})
export type DeviceDetail = z.infer<typeof deviceDetailSchema>

/** What belongs to an alert beside itself. */
export const relatedSchema = z.object({
  ofDevice: z.array(alertSchema).describe('other alerts of the same device'),
  ofPeers: z.array(alertSchema).describe('alerts of its peers, or that name them'),
})
export type Related = z.infer<typeof relatedSchema>
