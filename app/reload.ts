import { isWardwatchError } from '../records/errors.ts'
import type { Logger } from '../records/service.ts'
import type { Config } from './config.ts'

export interface ReloadDeps {
  /** Reads and checks the whole file. @throws WardwatchError CONFIG_INVALID, INPUT_NOT_FOUND */
  readonly read: () => Config
  /** What takes effect at once, by key (`log.level`, or a section); every other key waits for a restart. */
  readonly appliers: Readonly<Record<string, Applier>>
  /** Called after something of this configuration has taken effect. */
  readonly applied?: (next: Config) => void
  readonly logger: Logger
}

/**
 * Makes ready what a changed key asks for; the answer makes it so. Nothing is made so before every key is ready.
 * @throws WardwatchError when it cannot be made ready: then the running configuration stays whole.
 */
export type Applier = (config: Config) => () => void

export interface Reloader {
  /** Never throws for what stands in the file: a fault keeps the running configuration whole. */
  reload(): void
  counts(): Readonly<Record<'accepted' | 'refused', number>>
}

/** @param started the configuration as it was read at the start, without what the command line changed of it */
export function createReloader(
  started: Config,
  { read, appliers, applied, logger }: ReloadDeps,
): Reloader {
  const counts = { accepted: 0, refused: 0 }
  let running = started
  return {
    reload() {
      let next: Config
      let ready: { readonly key: string; readonly apply: () => void }[]
      try {
        next = read()
        const changed = changedKeys(running, next)
        ready = Object.entries(appliers)
          .filter(([key]) => changed.some((path) => isWithin(path, key)))
          .map(([key, prepare]) => ({ key, apply: prepare(next) }))
      } catch (err) {
        if (!isWardwatchError(err)) throw err
        counts.refused++
        logger.error({ err }, 'configuration refused, the running one stays')
        return
      }
      counts.accepted++
      for (const { apply } of ready) apply()
      if (ready.length > 0) applied?.(next)
      running = next
      logger.info({ applied: ready.map(({ key }) => key) }, 'configuration read again')
      const waiting = changedKeys(started, next).filter(
        (path) => !Object.keys(appliers).some((key) => isWithin(path, key)),
      )
      if (waiting.length > 0)
        logger.warn({ keys: waiting }, 'changed keys take effect after a restart')
    },
    counts: () => ({ ...counts }),
  }
}

function isWithin(path: string, key: string): boolean {
  return path === key || path.startsWith(`${key}.`)
}

/** Paths of the keys whose values differ, lists compared as a whole: `analyzer.engine.hostsMax`. */
export function changedKeys(before: unknown, after: unknown, path = ''): string[] {
  if (!isSection(before) || !isSection(after))
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [path]
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].sort().flatMap((name) => {
    return changedKeys(before[name], after[name], path === '' ? name : `${path}.${name}`)
  })
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
