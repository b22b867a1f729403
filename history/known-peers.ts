import type { HostKey } from '../records/observation.ts'
import { minuteUs, type TimeUs } from '../records/time.ts'

/** Peers remembered of one device; further ones are never called new. */
const peersMax = 8_192
/** 32-bit hash of the peer's key, u32 minute since the epoch. */
const peerBytes = 8

export interface KnownPeersRow {
  readonly device: HostKey
  readonly peers: Uint8Array
}

/**
 * Since which minute each device knows each of its peers. A pure function of what it has been told: told the same
 * minute again, it gives the same answer, so that a restarted writer repeats its points exactly.
 */
export interface KnownPeers {
  /** Learns the peers that a device met in a minute. @returns those it had not met before that minute */
  learn(device: HostKey, minuteUs: TimeUs, peers: Iterable<number>): Set<number>
  /** Devices that have learned a peer since the last call, and those that were forgotten since. */
  takeChanges(): { readonly changed: KnownPeersRow[]; readonly forgotten: HostKey[] }
  readonly devices: number
}

/**
 * @param rows as `takeChanges` gave them, in any order
 * @param devicesMax when there are more, the device that has gone longest without a new peer is forgotten
 */
export function createKnownPeers(rows: readonly KnownPeersRow[], devicesMax: number): KnownPeers {
  // A device moves to the end of the map when it learns: the first is the one to forget.
  const known = new Map<HostKey, Map<number, number>>()
  const opened = rows.map(({ device, peers }) => ({ device, since: decode(peers) }))
  opened.sort((a, b) => newest(a.since) - newest(b.since) || (a.device < b.device ? -1 : 1))
  for (const { device, since } of opened) known.set(device, since)
  const changed = new Set<HostKey>()
  const forgotten = new Set<HostKey>()

  function touch(device: HostKey, since: Map<number, number>): void {
    known.delete(device)
    known.set(device, since)
    changed.add(device)
    forgotten.delete(device)
    if (known.size <= devicesMax) return
    const [oldest] = known.keys()
    known.delete(oldest!)
    changed.delete(oldest!)
    forgotten.add(oldest!)
  }

  return {
    learn(device, timeUs, peers) {
      const minute = Math.floor(timeUs / minuteUs)
      const since = known.get(device) ?? new Map<number, number>()
      const isNew = new Set<number>()
      let hasLearned = false
      for (const peer of peers) {
        const first = since.get(peer)
        if (first !== undefined && first < minute) continue
        if (first === undefined && since.size >= peersMax) continue
        isNew.add(peer)
        if (first === minute) continue
        since.set(peer, minute)
        hasLearned = true
      }
      if (hasLearned) touch(device, since)
      return isNew
    },
    takeChanges() {
      const rows = [...changed].map((device) => ({ device, peers: encode(known.get(device)!) }))
      const taken = { changed: rows, forgotten: [...forgotten] }
      changed.clear()
      forgotten.clear()
      return taken
    },
    get devices() {
      return known.size
    },
  }
}

function newest(since: ReadonlyMap<number, number>): number {
  let minute = 0
  for (const first of since.values()) minute = Math.max(minute, first)
  return minute
}

function encode(since: ReadonlyMap<number, number>): Uint8Array {
  const bytes = new Uint8Array(since.size * peerBytes)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const [peer, minute] of since) {
    view.setInt32(at, peer, true)
    view.setUint32(at + 4, minute, true)
    at += peerBytes
  }
  return bytes
}

function decode(bytes: Uint8Array): Map<number, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const since = new Map<number, number>()
  for (let at = 0; at + peerBytes <= bytes.length; at += peerBytes)
    since.set(view.getInt32(at, true), view.getUint32(at + 4, true))
  return since
}
