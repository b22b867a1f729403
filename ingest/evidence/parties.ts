import { parseIp } from '../../records/address.ts'
import type { Anomaly } from '../../records/anomaly.ts'
import { type Frame, frameKind, ipProtocol } from '../frame.ts'

/** One side of an anomaly, as packets show it: by address where it has one, else by hardware address. */
interface Party {
  /** Four big-endian words, as in a Frame; null: known by its MAC only. */
  readonly words: readonly number[] | null
  /** Six bytes. */
  readonly mac: readonly number[] | null
  /** Port of the service between the two; null: any. */
  readonly port: number | null
}

/** Whom an anomaly is about: packets between its device and one of its peers, or of its device where it names none. */
export interface Parties {
  readonly device: Party
  readonly peers: readonly Party[]
}

/** Null when the anomaly names nobody that a packet shows. */
export function partiesOf(anomaly: Pick<Anomaly, 'device' | 'peers'>): Parties | null {
  const device = partyOf({ ...anomaly.device, port: null })
  if (device === null) return null
  const peers = anomaly.peers.map(partyOf).filter((peer) => peer !== null)
  return anomaly.peers.length > 0 && peers.length === 0 ? null : { device, peers }
}

/** Whether the packet of `frame` runs between the parties, either way. */
export function isBetween(parties: Parties, bytes: Uint8Array, frame: Frame): boolean {
  const { device, peers } = parties
  const isFrom = isSource(device, bytes, frame)
  if (!isFrom && !isDestination(device, bytes, frame)) return false
  if (peers.length === 0) return true
  return peers.some((peer) =>
    isFrom
      ? isDestination(peer, bytes, frame) && hasPort(peer, frame)
      : isSource(peer, bytes, frame) && hasPort(peer, frame),
  )
}

function partyOf(side: {
  readonly address: string | null
  readonly mac: string | null
  readonly port: number | null
}): Party | null {
  const ip = side.address === null ? null : parseIp(side.address)
  const mac = side.mac === null ? null : side.mac.split(':').map((byte) => parseInt(byte, 16))
  if (ip === null && mac === null) return null
  return { words: ip === null ? null : wordsOf(ip), mac, port: side.port }
}

function wordsOf(ip: Uint8Array): number[] {
  const view = new DataView(ip.buffer, ip.byteOffset, 16)
  return [0, 4, 8, 12].map((at) => view.getInt32(at))
}

function isSource(party: Party, bytes: Uint8Array, frame: Frame): boolean {
  const { words } = party
  if (frame.kind === frameKind.arp) return isArpSide(party, bytes, frame, 8, frame.srcMacAt)
  if (words === null) return isMac(party, bytes, frame.srcMacAt)
  return (
    words[3] === frame.src3 &&
    words[0] === frame.src0 &&
    words[1] === frame.src1 &&
    words[2] === frame.src2
  )
}

function isDestination(party: Party, bytes: Uint8Array, frame: Frame): boolean {
  const { words } = party
  if (frame.kind === frameKind.arp) return isArpSide(party, bytes, frame, 18, frame.dstMacAt)
  if (words === null) return isMac(party, bytes, frame.dstMacAt)
  return (
    words[3] === frame.dst3 &&
    words[0] === frame.dst0 &&
    words[1] === frame.dst1 &&
    words[2] === frame.dst2
  )
}

/** ARP over Ethernet and IPv4, RFC 826: 8 sender hardware 6, protocol 4; 18 target hardware 6, protocol 4. */
function isArpSide(
  { words, mac }: Party,
  bytes: Uint8Array,
  frame: Frame,
  side: number,
  macAt: number,
): boolean {
  const at = frame.networkAt + side
  if (at + 10 > frame.capturedEnd) return false
  if (words === null) return mac !== null && isSameMac(mac, bytes, macAt)
  const address =
    (bytes[at + 6]! << 24) | (bytes[at + 7]! << 16) | (bytes[at + 8]! << 8) | bytes[at + 9]!
  return words[2] === 0xffff && words[3] === address
}

function isMac({ mac }: Party, bytes: Uint8Array, at: number): boolean {
  return mac !== null && isSameMac(mac, bytes, at)
}

function isSameMac(mac: readonly number[], bytes: Uint8Array, at: number): boolean {
  return mac.every((byte, i) => byte === bytes[at + i])
}

/** A fragment without ports may be of the service; what the service's errors travel in (ICMP) is part of it. */
function hasPort({ port }: Party, frame: Frame): boolean {
  if (port === null || frame.kind !== frameKind.ip || frame.isLaterFragment) return true
  if (frame.protocol !== ipProtocol.tcp && frame.protocol !== ipProtocol.udp) return true
  return frame.srcPort === port || frame.dstPort === port
}
