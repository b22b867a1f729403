import type { Behaviour } from '../../records/anomaly.ts'
import { secondUs, type TimeUs } from '../../records/time.ts'
import type { Opening } from '../conversations.ts'
import type { Exchange } from '../exchange.ts'
import type { Cast } from '../hospital.ts'
import type { Label } from '../labels.ts'
import type { Station } from '../packets.ts'
import type { ClientPorts } from '../ports.ts'
import type { Random } from '../random.ts'

/** Where and when an attack takes place. */
export interface Scene {
  readonly cast: Cast
  readonly random: Random
  readonly ports: ClientPorts
  readonly startUs: TimeUs
  /** How many attacks were before: whoever may be chosen is chosen in turn. */
  readonly number: number
}

/** What an attack consists of, in the order of time, and what it is. */
export interface AttackPlan {
  readonly exchanges: readonly Exchange[]
  readonly labels: readonly Label[]
}

export interface Attack {
  /** What it is there to show; it may show others too. */
  readonly behaviour: Behaviour
  readonly variant: string
  plan(scene: Scene): AttackPlan
}

/** One of a list, in turn. */
export function inTurn<T>(list: readonly T[], number: number): T {
  const one = list[number % list.length]
  if (one === undefined) throw new TypeError('nobody in the cast can play this part')
  return one
}

/** `count` times an attempt, `stepSeconds` apart, from the scene's start on. */
export function repeated(
  scene: Scene,
  count: number,
  stepSeconds: number,
  attempt: (startUs: TimeUs, index: number) => Exchange,
): Exchange[] {
  return Array.from({ length: count }, (_, i) =>
    attempt(scene.startUs + i * stepSeconds * secondUs, i),
  )
}

export function openingOf(
  scene: Scene,
  client: Station,
  server: Station,
  startUs: TimeUs,
): Opening {
  return { client, server, clientPort: scene.ports(), startUs }
}

/** A label over all of these exchanges. */
export function labelOf(
  behaviour: Behaviour,
  variant: string,
  parties: { readonly offender: Station; readonly victim: Station | null },
  exchanges: readonly Exchange[],
  isNotified = true,
): Label {
  const fromUs = exchanges[0]?.startUs ?? 0
  const toUs = exchanges.at(-1)?.startUs ?? fromUs
  return { behaviour, variant, ...parties, fromUs, toUs, isNotified }
}
