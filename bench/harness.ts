import { quantile } from 'simple-statistics'

export interface Measurement {
  /** Median over the rounds. */
  readonly value: number
  readonly unit: string
  readonly spread?: Spread
}

/** What one benchmark found. `ratio` is ours / peer, above 1 when we are faster; null when there is no peer. */
export interface BenchResult {
  readonly name: string
  /** The sentence that the numbers stand for. */
  readonly claim: string
  /** What was measured on, with its size and seed. */
  readonly input: string
  readonly rounds: number
  readonly ratio: Spread | null
  readonly ours: Measurement
  readonly peer: (Measurement & { readonly name: string }) | null
  readonly notes: readonly string[]
  /** The ratio below which the benchmark fails. */
  readonly bar: { readonly min: number } | null
  /** What is aimed at, in the unit of `ours`: reported, never asserted, because it belongs to a machine. */
  readonly goal?: { readonly min: number } | { readonly max: number }
}

export interface Spread {
  readonly median: number
  readonly q1: number
  readonly q3: number
}

export type BenchSize = 'small' | 'full'

/** What every file in bench/ but this and main.ts exports as `run`. */
export type BenchRun = (size: BenchSize) => Promise<BenchResult>

/** Does the work once; returns how many units (packets, views, messages) it did. */
export type Contender = () => number | Promise<number>

type Clock = () => number
const wallClock: Clock = () => performance.now()

/** Processor time of this process, in ms: rates by it are per core, and what else runs on the machine matters little. */
export const coreClock: Clock = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

export interface Comparison {
  readonly rounds: number
  readonly ratio: Spread
  /** Units per second, medians over the rounds. */
  readonly ours: number
  readonly peer: number
  readonly spreads: { readonly ours: Spread; readonly peer: Spread }
}

/**
 * Times two contenders in alternating rounds (the one that begins changes each round) after a warm-up of both, so that
 * a machine that slows down meanwhile slows both. Ratios are taken round by round.
 */
export async function compareInRounds(options: {
  readonly ours: Contender
  readonly peer: Contender
  readonly rounds: number
  readonly warmUps?: number
  /** Clock in ms; a test gives one of its own. */
  readonly now?: Clock
}): Promise<Comparison> {
  const { ours, peer, rounds, now = wallClock } = options
  for (let i = 0; i < (options.warmUps ?? 1); i++) {
    await ours()
    await peer()
  }
  const [oursRates, peerRates]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) oursRates.push(await rate(ours, now))
    peerRates.push(await rate(peer, now))
    if (round % 2 === 1) oursRates.push(await rate(ours, now))
  }
  const spreads = { ours: spread(oursRates), peer: spread(peerRates) }
  return {
    rounds,
    ratio: spread(oursRates.map((value, round) => value / peerRates[round]!)),
    ours: spreads.ours.median,
    peer: spreads.peer.median,
    spreads,
  }
}

/** Times one contender alone: units per second of each round, as median and quartiles. */
export async function measureInRounds(
  ours: Contender,
  rounds: number,
  warmUps = 1,
  now = wallClock,
): Promise<Spread> {
  for (let i = 0; i < warmUps; i++) await ours()
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) rates.push(await rate(ours, now))
  return spread(rates)
}

/** Median and quartiles of at least one value. */
export function spread(values: readonly number[]): Spread {
  const [q1, median, q3] = [0.25, 0.5, 0.75].map((p) => quantile([...values], p))
  return { median: median!, q1: q1!, q3: q3! }
}

/** Units per second of one run. */
async function rate(contender: Contender, now: Clock): Promise<number> {
  const start = now()
  const units = await contender()
  return units / ((now() - start) / 1000)
}
