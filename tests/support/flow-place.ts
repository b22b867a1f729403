import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Service } from '../../records/service.ts'
import { createChildHost } from '../../store/adapters/duckdb/child-host.ts'
import {
  createDuckdbFlowStore,
  type FlowStoreConfig,
} from '../../store/adapters/duckdb/flow-store.ts'
import type { DuckdbRequests } from '../../store/adapters/duckdb/handlers.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import type { FlowStore } from '../../store/flow-store.ts'
import type { StateStore } from '../../store/state-store.ts'
import { silentLogger } from './silent-logger.ts'

const settings: FlowStoreConfig = {
  isDurable: true,
  segmentMinutes: 10,
  segmentRowsMax: 1_000_000,
  flushMs: 1_000,
  unflushedBytesMax: 32e6,
  holdMs: 20_000,
  maintainMs: 3_600_000,
  retentionDays: 3_650,
  retentionBytesMax: 1e12,
}

/** A flow store with its child process and its manifest, as the product puts them together. */
export type WholeStore = FlowStore & {
  readonly states: StateStore
  readonly host: ReturnType<typeof createChildHost<DuckdbRequests>>
}

export function createWholeStore(folder: string, over: Partial<FlowStoreConfig> = {}): WholeStore {
  const logger = silentLogger
  const states = createSqliteStore(
    { kind: 'sqlite', path: join(folder, 'state.sqlite'), busyTimeoutMs: 5_000 },
    { logger },
  )
  const host = createChildHost<DuckdbRequests>(
    {
      folder,
      memoryBytesMax: 500e6,
      threads: 1,
      queueBytesMax: 64e6,
      answerMsMax: 60_000,
      restartMsMin: 5,
      restartMsMax: 200,
    },
    { logger },
  )
  const config = { ...settings, ...over }
  const flows = createDuckdbFlowStore(config, { host, segments: states.segments, logger })
  const parts: Service[] = [states, host, flows]
  return {
    ...flows,
    states,
    host,
    async start() {
      for (const part of parts) await part.start()
    },
    async stop() {
      for (const part of parts.toReversed()) await part.stop()
    },
  }
}

/** An empty folder and the stores over it. */
export async function openFlowPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'wardwatch-flows-'))
  return {
    folder,
    create: (over: Partial<FlowStoreConfig> = {}) => createWholeStore(folder, over),
    remove: () => rm(folder, { recursive: true }),
  }
}
