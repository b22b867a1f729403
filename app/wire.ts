import { hostname } from 'node:os'
import { join } from 'node:path'
import { presentAlert } from '../alerts/present.ts'
import type { AlertActions } from '../alerts/action-service.ts'
import type { AlertsService } from '../alerts/service.ts'
import type { Analyzer } from '../analyzer/service.ts'
import { createKafkaBus } from '../bus/adapters/kafka.ts'
import { createMemoryBus, type MemoryBus } from '../bus/adapters/memory.ts'
import type { Bus } from '../bus/bus.ts'
import { createMeteredBus } from '../bus/metered.ts'
import { describedSections, describeHost } from '../analyzer/describe.ts'
import type { SensorStatus } from '../dashboard/api.ts'
import type { DeviceKnowledge } from '../dashboard/device-queries.ts'
import { createArgon2Passwords } from '../dashboard/adapters/argon2.ts'
import { watchTlsFiles } from '../dashboard/adapters/tls-files.ts'
import { createDashboard, type Dashboard } from '../dashboard/server.ts'
import type { TlsFiles } from '../dashboard/tls-files.ts'
import type { Ingest, Recording } from '../ingest/service.ts'
import { createDeclaredPolicy, type Declared } from '../inventory/declared.ts'
import { createVendorList } from '../inventory/vendor.ts'
import type { ControlCommand } from '../records/control.ts'
import { parseHostKey } from '../records/observation.ts'
import type { Logger, Service } from '../records/service.ts'
import { createSqliteStore } from '../store/adapters/sqlite.ts'
import type { FlowLookup } from '../store/flow-store.ts'
import type { AlertRow, HostSectionRow, StateStore } from '../store/state-store.ts'
import { type AlertParts, createAlertParts } from './alert-parts.ts'
import { type Config, type Role, storePath } from './config.ts'
import { evidenceIn } from './evidence.ts'
import { createJudge } from './judge.ts'
import { createKeeping, createRemoteLookup, type Keeping } from './keeping.ts'
import { createAnswers, createOperation } from './operation/operation.ts'
import type { OperationServer } from './operation/server.ts'
import type { Watched } from './operation/watched.ts'
import { createParts, type Parts, type PartState } from './parts.ts'
import { createSensor } from './sensor.ts'
import { createSeries, type Series } from './series.ts'
import { createTemporaryStore } from './threads/temporary-store.ts'
import { createThreads, type ThreadPlan } from './threads/threads.ts'

export interface WireOptions {
  readonly roles: readonly Role[]
  /** What the sensor of this process reads; needed for the role `ingest`. */
  readonly recordings: readonly Recording[]
  /** Decisions of people that belong to the recordings. */
  readonly commands?: readonly ControlCommand[]
  /** Seconds of event time a second of wall time; absent: a replay, as fast as it goes. */
  readonly pace?: number
  readonly logger: Logger
  /** Receivers are told of alerts; absent in a replay, of what is long past. */
  readonly notifies?: boolean
  /** Puts decoding and analysis on threads of their own; absent: everything runs on this one. */
  readonly threads?: ThreadPlan
  /** Times the configuration was read again. */
  readonly reloads?: Watched['reloads']
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
  /** What people do to alerts. */
  readonly actions: AlertActions
  readonly analyzer: Analyzer | null
  readonly ingest: Ingest | null
  readonly keeping: Keeping | null
  readonly series: Series | null
  /** Flows of a device: out of this process's history, or asked of the process that has it. */
  readonly lookup: FlowLookup
  /** Maker of a network card by its MAC. */
  readonly vendorOf: (mac: string) => string | null
  /** How far each part is, by its name. */
  readonly parts: () => Readonly<Record<string, PartState>>
  /** What health and metrics are read off, and where they are served; null: nowhere. */
  readonly watched: Watched
  readonly operation: OperationServer | null
  /** Whether threads send their `debug` lines. */
  readonly setDebug: (isDebug: boolean) => void
  /** Other receivers of notifications, in two steps (app/alert-parts.ts). */
  readonly prepareReceivers: AlertParts['prepareReceivers']
}

/** Folder that `npm run build` writes the page into. */
const webRoot = join(import.meta.dirname, '..', 'dist', 'web')

/** The product: every part, in the order in which data flows through it. */
export function createWardwatch(config: Config, options: WireOptions): Wardwatch {
  const { logger, now, failed } = options
  const has = (role: Role) => options.roles.includes(role)
  const vendors = createVendorList()
  const vendorOf = (mac: string) => vendors.vendorOf(mac)

  const inner = createBus(config, logger)
  const bus = createMeteredBus(inner)
  const temporary = isShared(config, options) ? createTemporaryStore() : null
  const path = temporary?.path ?? storePath(config)
  const states = createSqliteStore({ ...config.store, path }, { logger })
  const threads = createThreads({ ...config, store: { ...config.store, path } }, bus, options)
  const policy = createDeclaredPolicy(config.inventory)

  const ingest = has('ingest')
    ? (threads?.ingest() ?? createSensor(config, { ...options, bus }))
    : null
  const analyzer = has('analyzer')
    ? (threads?.analyzer() ?? createJudge(config, { ...options, bus, states, vendorOf }))
    : null
  const { alerts, relay, delivery, actions, prepareReceivers } = createAlertParts(config, {
    bus,
    states,
    vendorOf,
    logger,
    now,
    failed,
    isAlertStage: has('alerts'),
    notifies: options.notifies === true,
    listeningUrl: () => dashboard?.url() ?? null,
  })
  const isTemporary = storePath(config) === ':memory:'
  const keeping = has('historian')
    ? createKeeping(config, { bus, states, logger, failed, isTemporary })
    : null
  const series = createSeries(config, {
    ...{ bus, states, policy, logger, now, failed, isTemporary },
    host: keeping?.host ?? null,
  })
  const lookup: FlowLookup =
    keeping === null ? createRemoteLookup(config) : (query) => keeping.flows.lookup(query)
  const sensors = () => (ingest === null ? [] : [sensorOf(config, ingest, options.pace, now())])
  const present = (row: AlertRow) => presentAlert(row, vendorOf)
  const dashboard = has('dashboard')
    ? createDashboard(dashboardConfigOf(config), {
        knowledge: knowledgeOf(config, policy),
        accounts: accountsOf(states),
        tls: tlsFilesOf(config, logger),
        bus,
        states,
        logger,
        now,
        webRoot,
        present,
        sensors,
        services: {
          actions,
          lookup,
          evidence: evidenceIn(config.data),
          ...(series === null ? {} : { series: series.store }),
          operation: {
            health: () => answers.health(),
            readiness: () => answers.readiness(),
            metrics: () => answers.metrics(),
          },
        },
      })
    : null

  const watched: Watched = {
    ingest,
    analyzer,
    alerts,
    delivery,
    history: keeping,
    series,
    dashboard,
    traffic: { ...bus, ...('heldBytes' in inner ? { heldBytes: () => inner.heldBytes() } : {}) },
    sensors,
    threads: () => threads?.words() ?? [],
    parts: () => parts.states(),
    reloads: options.reloads ?? (() => ({ accepted: 0, refused: 0 })),
    now,
  }
  const answers = createAnswers(watched)
  const operation = createOperation(config.operation, { answers, logger })
  const parts: Parts = createParts({
    ingest,
    analyzer,
    alerts,
    relay,
    delivery,
    historian: keeping?.historian ?? null,
    'series-writer': series?.writer ?? null,
    dashboard,
    'lookup-socket': keeping?.socket ?? null,
    history: keeping?.flows ?? null,
    series: series?.store ?? null,
    duckdb: keeping?.host ?? null,
    'history-folder': keeping?.folder ?? null,
    bus,
    store: states,
    temporary,
    // Last, so that it can tell how far the others are while they start and stop.
    operation,
  })
  return {
    watched,
    operation,
    setDebug: (isDebug) => threads?.setDebug(isDebug),
    prepareReceivers,
    bus,
    states,
    ingest,
    analyzer,
    alerts,
    actions,
    dashboard,
    keeping,
    series,
    lookup,
    vendorOf,
    start: () => parts.start(),
    stop: () => parts.stop(),
    parts: () => parts.states(),
  }
}

/** Threads see one database, so it has to be a file. */
function isShared(config: Config, { threads }: WireOptions): boolean {
  return threads !== undefined && storePath(config) === ':memory:'
}

function createBus(config: Config, logger: Logger): Bus | MemoryBus {
  return config.bus.kind === 'kafka'
    ? createKafkaBus(config.bus, { logger })
    : createMemoryBus(config.bus)
}

/** Users, sessions and audit log, for the dashboard and for the command line. */
export function accountsOf({ access, audit }: StateStore) {
  return { access, audit, passwords: createArgon2Passwords() }
}

function tlsFilesOf({ dashboard }: Config, logger: Logger): TlsFiles | null {
  return dashboard.tls === null ? null : watchTlsFiles(dashboard.tls, { logger })
}

/** Every dashboard process must hear of every change: on a shared bus its group is its own. */
function dashboardConfigOf({ dashboard }: Config): Config['dashboard'] {
  return { ...dashboard, group: `${dashboard.group}-${hostname()}-${dashboard.port}` }
}

/** What the page shows of the sensor of this process; its clock means something only at the pace of the wall clock. */
function sensorOf(
  config: Config,
  ingest: Ingest,
  pace: number | undefined,
  nowMs: number,
): SensorStatus {
  const { clockUs, health } = ingest.clock()
  const { site, sensor } = config.ingest
  const isLive = pace === 1 || health.capture !== undefined
  const share = ingest.teaching()
  // While it is taught its clock runs through the past.
  if (share !== null)
    return { site, sensor, clockUs, heardMs: nowMs, isLive: false, teaching: share, ...health }
  return { site, sensor, clockUs, heardMs: nowMs, isLive, ...health }
}

/** What the device pages ask of the analyzer's state and of the inventory. */
function knowledgeOf(config: Config, policy: Declared): DeviceKnowledge {
  const { learning } = config.analyzer.engine
  const describe = (rows: readonly HostSectionRow[]) => describeHost(rows, learning)
  return {
    describe: Object.assign(describe, { sections: describedSections }),
    declaredOf(key, address) {
      const { name, deviceClass, roles, zone, isClinical } = policy.hostOf(
        parseHostKey(key),
        address,
      )
      return { name, deviceClass, roles: [...roles], zone, isClinical }
    },
  }
}
