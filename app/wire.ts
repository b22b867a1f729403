import { hostname } from 'node:os'
import { join } from 'node:path'
import { presentAlert } from '../alerts/present.ts'
import { type AlertsService, createAlerts } from '../alerts/service.ts'
import { detectors } from '../analyzer/detectors/index.ts'
import { type Analyzer, createAnalyzer } from '../analyzer/service.ts'
import { createKafkaBus } from '../bus/adapters/kafka.ts'
import { createMemoryBus } from '../bus/adapters/memory.ts'
import type { Bus } from '../bus/bus.ts'
import type { SensorStatus } from '../dashboard/api.ts'
import { createDashboard, type Dashboard } from '../dashboard/server.ts'
import { createIngest, type Ingest, type Recording } from '../ingest/service.ts'
import { createDeclaredPolicy } from '../inventory/declared.ts'
import { createVendorList } from '../inventory/vendor.ts'
import type { ControlCommand } from '../records/control.ts'
import type { Logger, Service } from '../records/service.ts'
import { createSqliteStore } from '../store/adapters/sqlite.ts'
import type { AlertRow, StateStore } from '../store/state-store.ts'
import { type Config, type Role, storePath } from './config.ts'
import { createParts, type PartState } from './parts.ts'

export interface WireOptions {
  readonly roles: readonly Role[]
  /** What the sensor of this process reads; needed for the role `ingest`. */
  readonly recordings: readonly Recording[]
  /** Decisions of people that belong to the recordings. */
  readonly commands?: readonly ControlCommand[]
  /** Seconds of event time a second of wall time; absent: a replay, as fast as it goes. */
  readonly pace?: number
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  /** A part has stopped for good. Called once a part at most. */
  readonly failed: (error: unknown) => void
}

/** The parts of this process; a role that it does not have is null. */
export interface Wardwatch extends Service {
  readonly states: StateStore
  readonly bus: Bus
  readonly dashboard: Dashboard | null
  readonly alerts: AlertsService | null
  readonly analyzer: Analyzer | null
  readonly ingest: Ingest | null
  /** Maker of a network card by its MAC. */
  readonly vendorOf: (mac: string) => string | null
  /** How far each part is, by its name. */
  readonly parts: () => Readonly<Record<string, PartState>>
}

/** Folder that `npm run build` writes the page into. */
const webRoot = join(import.meta.dirname, '..', 'dist', 'web')

/** The product: every part, in the order in which data flows through it. */
export function createWardwatch(config: Config, options: WireOptions): Wardwatch {
  const { logger, now, failed } = options
  const has = (role: Role) => options.roles.includes(role)
  const vendors = createVendorList()
  const vendorOf = (mac: string) => vendors.vendorOf(mac)

  const bus = createBus(config, logger)
  const states = createSqliteStore({ ...config.store, path: storePath(config) }, { logger })
  const policy = createDeclaredPolicy(config.inventory)

  const ingest = has('ingest')
    ? createIngest(config.ingest, { bus, logger, ...ingestOptions(options) })
    : null
  const analyzer = has('analyzer')
    ? createAnalyzer(config.analyzer, {
        bus,
        states,
        policy,
        detectors,
        vendorOf,
        logger,
        now,
        failed,
      })
    : null
  const alerts = has('alerts')
    ? createAlerts(config.alerts, { bus, states, logger, now, failed })
    : null
  const sensors = () => (ingest === null ? [] : [sensorOf(config, ingest, options.pace)])
  const present = (row: AlertRow) => presentAlert(row, vendorOf)
  const dashboard = has('dashboard')
    ? createDashboard(dashboardConfigOf(config), {
        bus,
        states,
        logger,
        now,
        webRoot,
        present,
        sensors,
      })
    : null

  const parts = createParts({ ingest, analyzer, alerts, dashboard, bus, store: states })
  return {
    bus,
    states,
    ingest,
    analyzer,
    alerts,
    dashboard,
    vendorOf,
    start: () => parts.start(),
    stop: () => parts.stop(),
    parts: () => parts.states(),
  }
}

function createBus(config: Config, logger: Logger): Bus {
  return config.bus.kind === 'kafka'
    ? createKafkaBus(config.bus, { logger })
    : createMemoryBus(config.bus)
}

/** Every dashboard process must hear of every change: on a shared bus its group is its own. */
function dashboardConfigOf({ dashboard }: Config): Config['dashboard'] {
  return { ...dashboard, group: `${dashboard.group}-${hostname()}-${dashboard.port}` }
}

/** What the page shows of the sensor of this process; its clock means something only at the pace of the wall clock. */
function sensorOf(config: Config, ingest: Ingest, pace: number | undefined): SensorStatus {
  const { clockUs, health } = ingest.clock()
  const { startedUs, packets, dropped } = health
  const { site, sensor } = config.ingest
  return { site, sensor, clockUs, startedUs, packets, dropped, isLive: pace === 1 }
}

function ingestOptions({ recordings, commands = [], pace, now }: WireOptions) {
  return { recordings, commands, now, ...(pace === undefined ? {} : { pace }) }
}
