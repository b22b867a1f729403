import { join } from 'node:path'
import type { Bus } from '../bus/bus.ts'
import { createSeriesWriter, type SeriesWriter } from '../history/series-service.ts'
import type { Declared } from '../inventory/declared.ts'
import { type HostKey, parseHostKey } from '../records/observation.ts'
import type { Logger } from '../records/service.ts'
import { createDuckdbSeriesStore } from '../store/adapters/duckdb-series.ts'
import type { ChildHost } from '../store/adapters/duckdb/child-host.ts'
import type { DuckdbRequests } from '../store/adapters/duckdb/handlers.ts'
import { influxdbAccess } from '../store/adapters/influxdb/access.ts'
import { createInfluxdbSeriesStore } from '../store/adapters/influxdb.ts'
import { duckdbSeriesConfigSchema } from '../store/series-config.ts'
import type { SeriesStore } from '../store/series-store.ts'
import type { StateStore } from '../store/state-store.ts'
import type { Config } from './config.ts'

/** The one-minute series of this process. */
export interface Series {
  readonly store: SeriesStore
  /** Null: this process only answers questions. */
  readonly writer: SeriesWriter | null
}

export interface SeriesOptions {
  readonly bus: Bus
  readonly states: Pick<StateStore, 'series'>
  /** Of a process that keeps the history, which writes the series too; else null. */
  readonly host: ChildHost<DuckdbRequests> | null
  readonly policy: Pick<Declared, 'hostOf'>
  readonly logger: Logger
  readonly now: () => number
  readonly failed: (error: unknown) => void
  /** Nothing is to be kept: the series go the way of the history, and into no server. */
  readonly isTemporary: boolean
}

/**
 * Null where none are kept, or where only another process can be asked.
 * @throws WardwatchError CONFIG_INVALID when InfluxDB's token is missing.
 */
export function createSeries(
  { series: config, data }: Config,
  options: SeriesOptions,
): Series | null {
  const { host, logger, isTemporary } = options
  if (config.kind === 'none') return null
  const store =
    config.kind === 'influxdb' && !isTemporary
      ? createInfluxdbSeriesStore(config, {
          logger,
          access: influxdbAccess(config, process.env),
          spoolFolder: host === null ? null : join(data, 'series-spool'),
        })
      : duckdbStore(
          config.kind === 'duckdb' ? config : duckdbSeriesConfigSchema.parse({ kind: 'duckdb' }),
          host,
        )
  if (store === null) return null
  const isDevice = (key: HostKey) => isMonitored(options.policy, key)
  const writer = host === null ? null : createSeriesWriter(config, { ...options, store, isDevice })
  return { store, writer }
}

function duckdbStore(
  config: Parameters<typeof createDuckdbSeriesStore>[0],
  host: ChildHost<DuckdbRequests> | null,
): SeriesStore | null {
  return host === null ? null : createDuckdbSeriesStore(config, { host: seriesOf(host) })
}

/** The same process, asked for series only. */
function seriesOf(
  host: ChildHost<DuckdbRequests>,
): Parameters<typeof createDuckdbSeriesStore>[1]['host'] {
  return { ...host, request: (kind, request, options) => host.request(kind, request, options) }
}

/** A lease is only seen on a network that is watched; an address says itself whether it is one of ours. */
function isMonitored(policy: Pick<Declared, 'hostOf'>, key: HostKey): boolean {
  const parts = parseHostKey(key)
  if (parts.address === null) return parts.mac !== null && parts.mac !== ''
  return policy.hostOf(parts, null).isMonitored
}
