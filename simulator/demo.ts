import { dayUs, minuteUs, type TimeUs } from '../records/time.ts'
import { usualTraffic } from './activities/index.ts'
import type { Attack } from './attacks/attack.ts'
import { attacks } from './attacks/index.ts'
import { type Exchange, mergeExchanges } from './exchange.ts'
import { addressQuestion } from './exchanges/network.ts'
import { type Cast, castOfSize } from './cast.ts'
import { createClientPorts } from './ports.ts'
import { createRandom, hashOf, type Random } from './random.ts'
import type { Period } from './schedule.ts'

/** A ward for people who want to see Wardwatch at work: days without attacks, and then a present with some. */
export interface Demo {
  readonly cast: Cast
  /** What was before `endUs`. */
  history(
    days: number,
    endUs: TimeUs,
  ): { readonly period: Period; readonly exchanges: Generator<Exchange> }
  /** What is from `startUs` on, without an end. The first attack comes after `attackAfterUs`, more in minutes. */
  present(startUs: TimeUs, attackAfterUs: number): Generator<Exchange>
}

export function createDemo(seed: number): Demo {
  const cast = castOfSize('ward')
  return {
    cast,
    history(days, endUs) {
      const period = { fromUs: endUs - Math.round(days * dayUs), toUs: endUs }
      return { period, exchanges: usualTraffic(cast, period, seed) }
    },
    present(startUs, attackAfterUs) {
      const period = { fromUs: startUs, toUs: Infinity }
      return mergeExchanges([
        firstPacket(cast, startUs),
        usualTraffic(cast, period, seed + 1),
        attacksFrom(cast, startUs + attackAfterUs, createRandom(seed).fork('demo')),
      ])
    },
  }
}

/** A live sensor's clock begins with its first packet: this one lies where the wall clock is. */
function firstPacket(cast: Cast, startUs: TimeUs): Exchange[] {
  const [client, server] = [cast.servers['name-server'], cast.servers['time-server']]
  return [addressQuestion({ client, server, clientPort: 0, startUs })]
}

/** Calm enough that each can be looked at. */
const pauseUs = { least: 3 * minuteUs, most: 7 * minuteUs }

/** Every attack in an order of its own, again and again, each when the one before has been over for minutes. */
function* attacksFrom(cast: Cast, firstUs: TimeUs, random: Random): Generator<Exchange> {
  let timeUs = Math.round(firstUs)
  for (let number = 0; ;) {
    for (const attack of orderOf(number, random)) {
      const ports = createClientPorts(hashOf(`${attack.variant} ${timeUs}`))
      const plan = attack.plan({ cast, random, ports, startUs: timeUs, number: number++ })
      yield* plan.exchanges
      const endUs = plan.exchanges.at(-1)?.startUs ?? timeUs
      timeUs = endUs + random.int(pauseUs.least, pauseUs.most)
    }
  }
}

/** Two attacks of one behaviour in a row would look as if nothing else existed. The first is one that is quickly told. */
function orderOf(number: number, random: Random): Attack[] {
  // A sweep of administrative ports makes a row for each device it meets: a storm of its own.
  const shown = attacks.filter(
    (attack) => !(attack.behaviour === 'host-scan' && attack.variant === 'smb'),
  )
  const rest = [...shown]
  const order: Attack[] = []
  if (number === 0) {
    const first = rest.findIndex(
      ({ behaviour, variant }) => behaviour === 'port-scan' && variant === 'syn',
    )
    order.push(...rest.splice(first, 1))
  }
  while (rest.length > 0) {
    const others = rest.filter(({ behaviour }) => behaviour !== order.at(-1)?.behaviour)
    const next = random.pick(others.length > 0 ? others : rest)
    order.push(next)
    rest.splice(rest.indexOf(next), 1)
  }
  return order
}
