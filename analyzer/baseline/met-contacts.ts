import type { DictionaryColumn } from '../../records/columns.ts'

/** Places of the memory, a power of two: four megabytes, shared by all partitions of an engine. */
const placesCount = 1 << 18
/** Peers numbered at a time; when they are all used, everything is forgotten. */
const peersMax = 1 << 18
/** Numbers of a place: hour, peer, service with direction; the fourth keeps places off each other's cache lines. */
const width = 4

/**
 * Remembers which contacts an open hour has already noted, so that the many flows of a contact find that out in one
 * place of one table. Measured over 5,000 hosts: walking from the host to its map of contacts, the list and the texts
 * to compare was a quarter of the engine's time, nearly all of it waiting for memory. A place holds one contact, the
 * newest; what was overwritten is looked up the long way. An answer of yes is exact: whole numbers are compared.
 */
export class MetContacts {
  readonly #places = new Int32Array(placesCount * width)
  readonly #peers = new Map<string, number>()
  #ids = new Int32Array(256)
  #hours = 0

  /** A number that no other open hour has. From 2³¹ on, centuries away, `has` would say no and nothing worse. */
  nextHour(): number {
    return ++this.#hours
  }

  /** Numbers the peers of a batch: later calls name them by their codes. Call before the batch's first row is learned. */
  begin({ values }: DictionaryColumn): void {
    if (this.#peers.size + values.length > peersMax) this.#forget()
    if (this.#ids.length < values.length) this.#ids = new Int32Array(values.length * 2)
    for (let code = 0; code < values.length; code++) this.#ids[code] = this.#idOf(values[code]!)
  }

  #idOf(peer: string): number {
    let id = this.#peers.get(peer)
    if (id === undefined) this.#peers.set(peer, (id = this.#peers.size + 1))
    return id
  }

  /** Whether `hour` has noted this contact; `service` as `serviceId` numbers it, times two, plus one for an originator. */
  has(hour: number, peerCode: number, service: number): boolean {
    const peer = this.#ids[peerCode]!
    const at = placeOf(hour, peer, service)
    const places = this.#places
    return places[at] === hour && places[at + 1] === peer && places[at + 2] === service
  }

  remember(hour: number, peerCode: number, service: number): void {
    const peer = this.#ids[peerCode]!
    const at = placeOf(hour, peer, service)
    this.#places[at] = hour
    this.#places[at + 1] = peer
    this.#places[at + 2] = service
  }

  #forget(): void {
    this.#places.fill(0)
    this.#peers.clear()
  }
}

/** Multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4). */
function placeOf(hour: number, peer: number, service: number): number {
  const mixed =
    Math.imul(hour, 0x9e37_79b1) ^ Math.imul(peer, 0x85eb_ca6b) ^ Math.imul(service, 0xc2b2_ae35)
  return ((mixed ^ (mixed >>> 15)) & (placesCount - 1)) * width
}
