import { detectors } from '../analyzer/detectors/index.ts'
import { type Analyzer, createAnalyzer } from '../analyzer/service.ts'
import type { Bus } from '../bus/bus.ts'
import { createDeclaredPolicy } from '../inventory/declared.ts'
import type { Logger } from '../records/service.ts'
import type { StateStore } from '../store/state-store.ts'
import type { Config } from './config.ts'

export interface JudgeOptions {
  readonly bus: Bus
  readonly states: StateStore
  /** Maker of a network card by its MAC. */
  readonly vendorOf: (mac: string) => string | null
  readonly logger: Logger
  readonly now: () => number
  readonly failed: (error: unknown) => void
}

/** The role `analyzer`, wired the same on the main thread and on those of its own (app/threads/). */
export function createJudge(config: Config, options: JudgeOptions): Analyzer {
  const policy = createDeclaredPolicy(config.inventory)
  return createAnalyzer(config.analyzer, { ...options, policy, detectors })
}
