import type { Alert, Behaviour } from '../../api.ts'

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

/** The device by the best name there is. */
export function deviceName(device: Alert['device']): string {
  return device.name ?? device.addresses[0] ?? device.mac ?? device.id
}

export type Direction = (typeof directions)[Behaviour]

/** The party by the best name there is. */
export function peerName(peer: Alert['peers'][number]): string {
  return peer.name ?? peer.address ?? peer.mac ?? 'unknown'
}

/** Other party of a row in one line: the first, and how many more. A port is that of the service, so only a target has it. */
export function peersInBrief(peers: Alert['peers'], direction: Direction): string | null {
  const [first] = peers
  if (first === undefined || direction === 'none') return null
  const name = peerName(first)
  const brief = direction === 'inward' || first.port === null ? name : withPort(name, first.port)
  return peers.length === 1 ? brief : `${brief} and ${peers.length - 1} more`
}

/** `pacs.example:104`, `[fd00::1]:104` */
function withPort(name: string, port: number): string {
  return name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`
}

/** Service of a party: `tcp port 104`, or null. */
export function serviceOf(peer: Alert['peers'][number]): string | null {
  if (peer.port === null) return peer.protocol
  return `${peer.protocol ?? ''} port ${peer.port}`.trim()
}
