import type { Service } from '../records/service.ts'

export type PartState = 'waiting' | 'starting' | 'running' | 'stopping' | 'stopped'

/** The parts of a process in data-flow order, started and stopped as one. */
export interface Parts extends Service {
  /** How far each part is, by its name. */
  states(): Readonly<Record<string, PartState>>
}

/**
 * Starts from last to first, so that whoever receives is there before whoever sends; stops the other way round, also
 * what was never started. A part that cannot be stopped does not keep the others from it.
 * @param parts by name, in data-flow order; null: this process has no such part.
 * @throws from `stop`: the first reason for which a part could not be stopped.
 */
export function createParts(parts: Readonly<Record<string, Service | null>>): Parts {
  const own = Object.entries(parts).filter((entry): entry is [string, Service] => entry[1] !== null)
  const states = new Map<string, PartState>(own.map(([name]) => [name, 'waiting']))
  return {
    async start() {
      for (const [name, part] of own.toReversed()) {
        states.set(name, 'starting')
        await part.start()
        states.set(name, 'running')
      }
    },
    async stop() {
      const failures: unknown[] = []
      for (const [name, part] of own) {
        states.set(name, 'stopping')
        await part.stop().catch((error: unknown) => failures.push(error))
        states.set(name, 'stopped')
      }
      if (failures.length > 0) throw failures[0]
    },
    states: () => Object.fromEntries(states),
  }
}
