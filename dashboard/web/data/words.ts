import type { Alert, Behaviour, Verdict } from '../../api.ts'

/** What people call a behaviour. */
export const titles: Readonly<Record<Behaviour, string>> = {
  'host-scan': 'Host scan',
  'irregular-destination': 'Irregular destination',
  'login-after-burst': 'Login succeeded after failures',
  'login-burst': 'Login burst',
  'new-device': 'New device',
  'port-scan': 'Port scan',
  'sensor-fault': 'Sensor fault',
  'unauthorized-access': 'Unauthorized access',
}

/** What became of an alert, and what saying so does. */
export const verdictWords: Readonly<
  Record<Verdict, { readonly name: string; readonly meaning: string }>
> = {
  true: { name: 'True', meaning: 'it happened, and it should not have' },
  'benign-expected': {
    name: 'Benign, expected',
    meaning: 'it may go on: what it was about is learned as usual',
  },
  false: { name: 'False positive', meaning: 'it did not happen as the alert says' },
  duplicate: { name: 'Duplicate', meaning: 'another alert tells the same' },
}

/** Who acts on whom: the owner of a row is the originator of some behaviours and the target of others. */
export const directions: Readonly<Record<Behaviour, 'outward' | 'inward' | 'none'>> = {
  'host-scan': 'outward',
  'irregular-destination': 'outward',
  'login-after-burst': 'inward',
  'login-burst': 'inward',
  'new-device': 'none',
  'port-scan': 'outward',
  'sensor-fault': 'none',
  'unauthorized-access': 'inward',
}

/** Status, and who has it: `acknowledged · anna`; of a closed one the verdict. */
export function statusInBrief({ status, statusBy, verdict }: Alert): string {
  const word =
    verdict === undefined ? status : `closed: ${verdictWords[verdict].name.toLowerCase()}`
  return statusBy === undefined ? word : `${word} · ${statusBy}`
}

/** The device by the best name there is. */
export function deviceName(device: Alert['device']): string {
  return device.name ?? device.addresses[0] ?? device.mac ?? device.id
}

export type Direction = (typeof directions)[Behaviour]

/** The party by the best name there is. */
export function peerName(peer: Alert['peers'][number]): string {
  return peer.name ?? peer.address ?? peer.mac ?? 'unknown'
}

/** One other party, with all that was met of it. */
export interface Party {
  readonly peer: Alert['peers'][number]
  /** `tcp port 104`, in the order they were met. */
  readonly services: readonly string[]
}

/** The parties in the order they were met; one that was met at several ports is one. */
export function partiesOf(peers: Alert['peers']): Party[] {
  const parties = new Map<string, { peer: Alert['peers'][number]; services: string[] }>()
  for (const peer of peers) {
    const identity = JSON.stringify([peer.address, peer.mac, peer.name])
    const party = parties.get(identity) ?? { peer, services: [] }
    parties.set(identity, party)
    const service = serviceOf(peer)
    if (service !== null && !party.services.includes(service)) party.services.push(service)
  }
  return [...parties.values()]
}

/** Other party of a row in one line: the first, and how many more. A port is that of the service, so only a target has it. */
export function peersInBrief(peers: Alert['peers'], direction: Direction): string | null {
  const [first, ...others] = partiesOf(peers)
  if (first === undefined || direction === 'none') return null
  const name = peerName(first.peer)
  const { port } = first.peer
  const isOnePort = direction === 'outward' && port !== null && first.services.length === 1
  const brief = isOnePort ? withPort(name, port) : name
  return others.length === 0 ? brief : `${brief} and ${others.length} more`
}

/** `pacs.example:104`, `[fd00::1]:104` */
function withPort(name: string, port: number): string {
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`
}

/** `tcp port 104`, or null. */
function serviceOf(peer: Alert['peers'][number]): string | null {
  if (peer.port === null) return peer.protocol
  return `${peer.protocol ?? ''} port ${peer.port}`.trim()
}

/** What MITRE calls the techniques that our detectors name (ATT&CK for Enterprise, and T0… for ICS). */
const techniques: ReadonlyMap<string, string> = new Map([
  ['T0864', 'Transient Cyber Asset'],
  ['T0869', 'Standard Application Layer Protocol'],
  ['T0885', 'Commonly Used Port'],
  ['T1018', 'Remote System Discovery'],
  ['T1021', 'Remote Services'],
  ['T1041', 'Exfiltration Over C2 Channel'],
  ['T1046', 'Network Service Discovery'],
  ['T1071', 'Application Layer Protocol'],
  ['T1078', 'Valid Accounts'],
  ['T1110', 'Brute Force'],
  ['T1133', 'External Remote Services'],
  ['T1200', 'Hardware Additions'],
  ['T1571', 'Non-Standard Port'],
])

export function techniqueName(id: string): string | null {
  return techniques.get(id) ?? null
}
