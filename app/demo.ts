import { existsSync } from 'node:fs'
import { secondUs } from '../records/time.ts'
import type { Recording } from '../ingest/service.ts'
import { declaredInventory } from '../simulator/declared.ts'
import { createDemo } from '../simulator/demo.ts'
import type { Exchange } from '../simulator/exchange.ts'
import { createSimulatedPackets } from '../simulator/records/packet-source.ts'
import { createSimulatedRecords } from '../simulator/records/record-source.ts'
import { type Config, parseConfig, storePath } from './config.ts'

/** A simulated ward: what it is taught by, and from when on it is watched. Plain data: it crosses to a thread. */
export interface DemoPlan {
  readonly kind: 'demo'
  readonly seed: number
  /** Days of history that teach the baseline; 0: nothing is taught. */
  readonly days: number
  /** Time from the beginning of the present to its first attack. */
  readonly attackAfterSeconds: number
}

export type DemoOptions = Omit<DemoPlan, 'kind'>

/** Eight days hold every day of the week: what is usual on weekends is learned too. */
export const demoDefaults: DemoOptions = { seed: 1, days: 8, attackAfterSeconds: 15 }

/** What a demo is run with: the inventory of the ward, state in memory unless a folder is named. */
export function demoConfig(configured: Config, data: string | undefined): Config {
  const { inventory } = parseConfig({ inventory: declaredInventory(createDemo(0).cast) })
  const store = data === undefined ? { ...configured.store, path: ':memory:' } : configured.store
  const input = { ...configured.input, files: [], learn: [], interface: null, speed: 1 }
  const ingest = { ...configured.ingest, site: 'demo' }
  // Days come in seconds: a file of each day in place of one of every ten minutes, and nothing of them left out.
  const history = { ...configured.history, segmentMinutes: 1440, holdMs: 60_000 }
  return { ...configured, inventory, store, input, ingest, history }
}

/** A folder that a demo has been run on knows the ward: it is not taught again. */
export function demoPlan(config: Config, options: DemoOptions): DemoPlan {
  const isKnown = storePath(config) !== ':memory:' && existsSync(storePath(config))
  return { kind: 'demo', ...options, days: isKnown ? 0 : options.days }
}

/** History that ends now, told at full speed, and then the present at the pace of the wall clock. */
export function demoRecordings(plan: DemoPlan, now: () => number): Recording[] {
  const { seed, days, attackAfterSeconds } = plan
  const demo = createDemo(seed)
  const { period, exchanges } = demo.history(days, now() * 1000)
  const history = {
    name: `${days} days of a ward`,
    teaches: true,
    source: createSimulatedRecords('history', exchanges, period),
  }
  // Asked for its first packet when the history has been told: that moment is the present.
  const present: Iterable<Exchange> = {
    [Symbol.iterator]: () => demo.present(now() * 1000, attackAfterSeconds * secondUs),
  }
  const live = {
    name: 'simulated ward',
    teaches: false,
    source: createSimulatedPackets('simulated ward', present),
  }
  return days === 0 ? [live] : [history, live]
}
