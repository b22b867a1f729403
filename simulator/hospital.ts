import type { Station } from './packets.ts'

/** Who somebody is: decides what they do (simulator/activities/) and what is declared of them. */
export type Kind =
  | 'pump'
  | 'monitor'
  | 'central-station'
  | 'modality'
  | 'analyser'
  | 'nurse-pc'
  | 'printer'
  | 'home-monitor'
  | 'phone'
  | 'server'
  | 'vendor-gateway'

/** A device of the hospital. */
export interface Member extends Station {
  readonly name: string
  readonly kind: Kind
  /** Number of its ward, from 1; 0: of the whole house. */
  readonly ward: number
  /** Its address comes from the DHCP server. */
  readonly hasLease: boolean
}

/** Somebody on the Internet: seen under the router's hardware address. */
export interface Outsider extends Station {
  readonly host: string
}

/** How large a hospital is. */
export interface HospitalSize {
  readonly wards: number
  readonly pumpsPerWard: number
  readonly monitorsPerWard: number
  readonly nursePcsPerWard: number
  readonly modalities: number
  readonly analysers: number
  readonly guests: number
}

/** Everybody in the play. */
export interface Cast {
  readonly members: readonly Member[]
  readonly servers: Readonly<Record<ServerName, Member>>
  readonly outside: Readonly<Record<keyof typeof outsiders, Outsider>>
  of(kind: Kind, ward?: number): readonly Member[]
}

/** Prefixes of makers as the IEEE has given them out. */
const oui = {
  router: '00:09:0f',
  server: '00:0c:29',
  pump: '00:12:21',
  monitor: '00:09:fb',
  'central-station': '00:09:fb',
  ct: '20:87:56',
  mr: 'a0:f2:17',
  analyser: '00:0e:2f',
  hematology: '00:06:6b',
  'nurse-pc': '10:65:30',
  printer: '50:81:40',
  labelPrinter: '00:07:4d',
  'home-monitor': '00:24:e4',
  phone: '10:30:25',
  tablet: '10:30:47',
  stranger: '00:e0:4c',
} as const

/** Networks: 10.20.N.0/24, wards from 10.20.32 on. One mirror sees them all, each host under its own hardware address. */
const net = { server: 0, office: 2, imaging: 3, laboratory: 4, guest: 9, ward: 32 } as const

export const routerMac = `${oui.router}:20:00:01`

const outsiders = {
  vendorCloud: { ip: '203.0.113.20', host: 'telemetry.imaging-vendor.example' },
  homeCloud: { ip: '203.0.113.40', host: 'api.home-monitor.example' },
  news: { ip: '198.51.100.11', host: 'www.news.example' },
  video: { ip: '198.51.100.12', host: 'cdn.video.example' },
  chat: { ip: '198.51.100.13', host: 'edge.chat.example' },
  mail: { ip: '198.51.100.14', host: 'mx.mail.example' },
  updates: { ip: '198.51.100.20', host: 'download.updates.example' },
  medicines: { ip: '198.51.100.21', host: 'db.medicines.example' },
} as const

const serverNames = [
  'domain-controller',
  'name-server',
  'address-server',
  'time-server',
  'interface-engine',
  'pacs',
  'laboratory-system',
  'pump-server',
  'record-system',
  'vendor-gateway',
] as const
export type ServerName = (typeof serverNames)[number]

/** The devices of a hospital of this size. The same size gives the same hospital: a seed decides what they do only. */
export function createHospital(size: HospitalSize): Cast {
  const members = [
    ...servers(),
    ...Array.from({ length: size.wards }, (_, i) => wardOf(i + 1, size)).flat(),
    ...imagingAndLaboratory(size),
    ...guests(size.guests),
  ]
  const byName = new Map(members.map((member) => [member.name, member]))
  const serverEntries = serverNames.map((name) => [name, byName.get(name)!] as const)
  const outsideEntries = Object.entries(outsiders).map(
    ([name, { ip, host }]) => [name, { ip, host, mac: routerMac }] as const,
  )
  return {
    members,
    servers: Object.fromEntries(serverEntries) as Cast['servers'],
    outside: Object.fromEntries(outsideEntries) as Cast['outside'],
    of: (kind, ward) =>
      members.filter((one) => one.kind === kind && (ward === undefined || one.ward === ward)),
  }
}

function servers(): Member[] {
  return serverNames.map((name, i) => {
    const kind = name === 'vendor-gateway' ? 'vendor-gateway' : 'server'
    return member(name, kind, oui.server, net.server, 10 + i, 0)
  })
}

function wardOf(ward: number, size: HospitalSize): Member[] {
  const network = net.ward + ward
  const several = (kind: Kind, title: string, prefix: string, count: number, from: number) =>
    Array.from({ length: count }, (_, i) =>
      member(`${title}-${ward}-${i + 1}`, kind, prefix, network, from + i, ward),
    )
  return [
    ...several('central-station', 'Station', oui['central-station'], 1, 10),
    ...several('monitor', 'Monitor', oui.monitor, size.monitorsPerWard, 20),
    ...several('pump', 'Pump', oui.pump, size.pumpsPerWard, 60),
    ...several('nurse-pc', 'NursePC', oui['nurse-pc'], size.nursePcsPerWard, 120),
    ...several('printer', 'Printer', oui.printer, 1, 200),
    ...several('printer', 'Labels', oui.labelPrinter, 1, 201),
  ]
}

function imagingAndLaboratory(size: HospitalSize): Member[] {
  const modalities = Array.from({ length: size.modalities }, (_, i) => {
    const isCt = i % 2 === 0
    const name = `${isCt ? 'CT' : 'MR'}-${Math.floor(i / 2) + 1}`
    return member(name, 'modality', isCt ? oui.ct : oui.mr, net.imaging, 30 + i, 0)
  })
  const analysers = Array.from({ length: size.analysers }, (_, i) =>
    member(
      `Analyser-${i + 1}`,
      'analyser',
      i % 2 === 0 ? oui.analyser : oui.hematology,
      net.laboratory,
      30 + i,
      0,
    ),
  )
  return [...modalities, ...analysers]
}

/** Patients' own devices: every third is a monitor that reports from home or bed to its maker's cloud. */
function guests(count: number): Member[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = i % 3 === 0 ? 'home-monitor' : 'phone'
    const prefix =
      kind === 'home-monitor' ? oui['home-monitor'] : i % 3 === 1 ? oui.phone : oui.tablet
    return member(`Guest-${i + 1}`, kind, prefix, net.guest, 20 + i, 0)
  })
}

function member(
  name: string,
  kind: Kind,
  prefix: string,
  network: number,
  host: number,
  ward: number,
): Member {
  const hex = (value: number) => value.toString(16).padStart(2, '0')
  return {
    name,
    kind,
    ward,
    ip: `10.20.${network}.${host}`,
    mac: `${prefix}:20:${hex(network)}:${hex(host)}`,
    hasLease: kind === 'nurse-pc' || kind === 'home-monitor' || kind === 'phone',
  }
}

/** A device that nobody has declared, plugged into the network of a ward. Each number is another network card. */
export function strangerIn(ward: number, number: number): Member {
  const one = member(
    `Stranger-${number}`,
    'nurse-pc',
    oui.stranger,
    net.ward + ward,
    230 + (number % 20),
    ward,
  )
  const card = [number >> 16, number >> 8, number].map((byte) =>
    (byte & 0xff).toString(16).padStart(2, '0'),
  )
  return { ...one, mac: `${oui.stranger}:${card.join(':')}`, hasLease: false }
}

/** An address in the network of a ward that nobody has. */
export function emptyAddress(ward: number, host: number): Station {
  return { ip: `10.20.${net.ward + ward}.${host}`, mac: '00:00:00:00:00:00' }
}
