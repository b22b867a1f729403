import type { Opening } from './conversations.ts'
import { createHeap } from './heap.ts'
import type { Packet } from './packets.ts'

/**
 * One conversation that is going to be played: who opens it, when, and what it consists of. It is one flow at most
 * (an ARP exchange is none), so that what is told of it depends on nothing else that is under way.
 */
export interface Exchange extends Opening {
  /**
   * Exchanges of equal shape have equal packets but for the two stations, the client's port and the start. Everything
   * that is in a payload must be in the shape: names, sizes, addresses.
   */
  readonly shape: string
  /** Its packets, in the order of time, the first at `startUs`. Built when they are asked for. */
  packets(): Packet[]
}

/** An exchange at whole microseconds. */
export function exchange(
  opening: Opening,
  shape: string,
  packets: (opening: Opening) => Packet[],
): Exchange {
  const at = { ...opening, startUs: Math.round(opening.startUs) }
  return { ...at, shape, packets: () => packets(at) }
}

/** Exchanges in the order of their starts. A stream may have no end. */
export type ExchangeStream = Iterable<Exchange>

/**
 * Joins streams into one, in the order of (start, stream). It holds one exchange of each stream, so days of traffic
 * take no memory.
 */
export function* mergeExchanges(streams: readonly ExchangeStream[]): Generator<Exchange> {
  const heads = createHeap<{ next: Exchange; rest: Iterator<Exchange>; order: number }>(
    (a, b) =>
      a.next.startUs < b.next.startUs || (a.next.startUs === b.next.startUs && a.order < b.order),
  )
  for (const [order, stream] of streams.entries()) {
    const rest = stream[Symbol.iterator]()
    const first = rest.next()
    if (first.done !== true) heads.push({ next: first.value, rest, order })
  }
  for (let head = heads.peek(); head !== undefined; head = heads.peek()) {
    yield head.next
    const following = head.rest.next()
    if (following.done === true) heads.pop()
    else {
      head.next = following.value
      heads.settle()
    }
  }
}

/**
 * The packets of a stream, in the order of (time, exchange, packet). It holds the packets of the exchanges that are
 * under way.
 */
export function* packetsOf(exchanges: ExchangeStream): Generator<Packet> {
  const open = createHeap<{ packets: readonly Packet[]; at: number; order: number }>((a, b) => {
    const [left, right] = [a.packets[a.at]!.timeUs, b.packets[b.at]!.timeUs]
    return left < right || (left === right && a.order < b.order)
  })
  let order = 0
  for (const next of exchanges) {
    yield* due(open, next.startUs)
    const packets = next.packets()
    if (packets.length > 0) open.push({ packets, at: 0, order: order++ })
  }
  yield* due(open, Infinity)
}

/** Packets before `untilUs`; those at the same time come after the exchange that begins then has joined. */
function* due(
  open: ReturnType<typeof createHeap<{ packets: readonly Packet[]; at: number; order: number }>>,
  untilUs: number,
): Generator<Packet> {
  for (let first = open.peek(); first !== undefined; first = open.peek()) {
    const packet = first.packets[first.at]!
    if (packet.timeUs >= untilUs) return
    first.at++
    if (first.at === first.packets.length) open.pop()
    else open.settle()
    yield packet
  }
}
