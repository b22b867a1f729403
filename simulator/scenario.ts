import { WardwatchError } from '../records/errors.ts'
import { usualTraffic } from './activities/index.ts'
import type { Attack, AttackPlan } from './attacks/attack.ts'
import { attackedBehaviours, attacks } from './attacks/index.ts'
import { type Cast, castOfSize, type SizeName } from './cast.ts'
import { type Exchange, mergeExchanges } from './exchange.ts'
import type { Label } from './labels.ts'
import { createClientPorts } from './ports.ts'
import { createRandom, hashOf } from './random.ts'
import type { Period } from './schedule.ts'

interface Scenario {
  readonly size: SizeName
  readonly attacks: readonly Attack[]
}

const scenarios: Readonly<Record<string, Scenario>> = {
  ward: { size: 'ward', attacks: [] },
  hospital: { size: 'hospital', attacks: [] },
  'attacked-ward': { size: 'ward', attacks },
  'attacked-hospital': { size: 'hospital', attacks },
  ...Object.fromEntries(
    attackedBehaviours.map((behaviour) => [
      `attack-${behaviour}`,
      { size: 'ward', attacks: attacks.filter((attack) => attack.behaviour === behaviour) },
    ]),
  ),
}

export const scenarioNames: readonly string[] = Object.keys(scenarios)

export interface ScenarioOptions {
  readonly name: string
  readonly period: Period
  readonly seed: number
  /** Of the hospital; that of the scenario by default. */
  readonly size?: SizeName
}

export interface PlayedScenario {
  readonly cast: Cast
  /** To be read once. */
  readonly exchanges: Generator<Exchange>
  readonly labels: readonly Label[]
}

/**
 * A scenario in a period: usual traffic, and its attacks spread evenly over the period. The same options give the same
 * exchanges.
 * @throws WardwatchError BAD_USAGE when there is no scenario of this name.
 */
export function playScenario({ name, period, seed, size }: ScenarioOptions): PlayedScenario {
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined
  if (scenario === undefined) {
    const known = scenarioNames.join(', ')
    throw new WardwatchError('BAD_USAGE', `no scenario ${name}; there are: ${known}`)
  }
  const cast = castOfSize(size ?? scenario.size)
  const plans = planAttacks(scenario.attacks, cast, period, seed)
  return {
    cast,
    exchanges: mergeExchanges([
      usualTraffic(cast, period, seed),
      mergeExchanges(plans.map(({ exchanges }) => exchanges)),
    ]),
    labels: plans.flatMap(({ labels }) => labels),
  }
}

/** Each at a moment of its own share of the period, its second half left free. */
function planAttacks(
  list: readonly Attack[],
  cast: Cast,
  period: Period,
  seed: number,
): AttackPlan[] {
  const random = createRandom(seed).fork('attacks')
  const shareUs = (period.toUs - period.fromUs) / list.length
  return list.map((attack, number) => {
    const startUs = Math.round(period.fromUs + shareUs * (number + random.float() * 0.5))
    const ports = createClientPorts(hashOf(`${attack.behaviour} ${attack.variant} ${number}`))
    return attack.plan({ cast, random: random.fork(attack.variant), ports, startUs, number })
  })
}
