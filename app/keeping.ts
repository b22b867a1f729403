import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bus } from '../bus/bus.ts'
import { askOwner, createLookupSocket } from '../history/adapters/lookup-socket.ts'
import { createHistorian, type Historian } from '../history/service.ts'
import { WardwatchError } from '../records/errors.ts'
import type { Logger, Service } from '../records/service.ts'
import { type ChildHost, createChildHost } from '../store/adapters/duckdb/child-host.ts'
import { createDuckdbFlowStore } from '../store/adapters/duckdb/flow-store.ts'
import type { DuckdbRequests } from '../store/adapters/duckdb/handlers.ts'
import type { FlowLookup, FlowStore } from '../store/flow-store.ts'
import type { SegmentStore } from '../store/segment-store.ts'
import type { Config } from './config.ts'

/** What remembers: DuckDB in a process of its own, the history in it, and who fills and asks it. */
export interface Keeping {
  readonly host: ChildHost<DuckdbRequests>
  readonly flows: FlowStore
  readonly historian: Historian
  /** Answers the command line and processes of other roles. */
  readonly socket: Service
  /** The folder, for as long as the parts run: one that is not to be kept is removed at the end. */
  readonly folder: Service
}

export interface KeepingDeps {
  readonly bus: Bus
  readonly states: { readonly segments: SegmentStore }
  readonly logger: Logger
  readonly failed: (error: unknown) => void
  /** Nothing is to be kept: the state is in memory, so the history lies in a temporary folder. */
  readonly isTemporary: boolean
}

export function createKeeping(config: Config, deps: KeepingDeps): Keeping {
  const { bus, logger, failed, states } = deps
  const folder = deps.isTemporary
    ? join(tmpdir(), `wardwatch-history-${randomUUID()}`)
    : config.data
  const host = createDuckdbHost(config, folder, logger)
  const flows = createFlowStore(config, { host, states, logger, isDurable: bus.isDurable })
  return {
    host,
    flows,
    historian: createHistorian(config.history, { bus, flows, logger, failed }),
    socket: createLookupSocket(folder, { lookup: (query) => flows.lookup(query), logger }),
    folder: {
      start: () => {
        mkdirSync(folder, { recursive: true })
        return Promise.resolve()
      },
      stop: () => {
        if (deps.isTemporary) rmSync(folder, { recursive: true, force: true })
        return Promise.resolve()
      },
    },
  }
}

export function createDuckdbHost(
  { history }: Config,
  folder: string,
  logger: Logger,
): ChildHost<DuckdbRequests> {
  return createChildHost(
    { ...history, threads: history.workers, folder, queueBytesMax: queueBytesMaxOf(history) },
    { logger },
  )
}

export function createFlowStore(
  { history }: Config,
  deps: Pick<KeepingDeps, 'states' | 'logger'> & {
    readonly host: ChildHost<DuckdbRequests>
    readonly isDurable: boolean
  },
): FlowStore {
  const { host, states, logger, isDurable } = deps
  return createDuckdbFlowStore(
    { ...history, isDurable },
    { host, segments: states.segments, logger },
  )
}

/** A process without a historian asks the one that has it. */
export function createRemoteLookup(config: Config): FlowLookup {
  return async (query) => {
    const answer = await askOwner(config.data, query)
    if (answer !== null) return answer
    throw new WardwatchError(
      'DUCKDB_UNAVAILABLE',
      `no process keeps the history in ${config.data}: start one with --role historian`,
      { retryable: true },
    )
  }
}

/** Room for what waits to be appended, and for the series beside it. */
function queueBytesMaxOf({ unflushedBytesMax }: Config['history']): number {
  return 2 * unflushedBytesMax
}
