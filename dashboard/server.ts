import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { z } from 'zod'
import { WardwatchError } from '../records/errors.ts'
import type { Logger, Service } from '../records/service.ts'
import type { Bus, PartitionHandler, Subscription } from '../bus/bus.ts'
import type { DeviceStore } from '../store/state-store.ts'
import { type AccessDeps, createAccess } from './access/access.ts'
import { newSetUpLink } from './access/set-up.ts'
import { type SensorStatus } from './api.ts'
import { type DashboardConfig, dashboardConfigSchema, dashboardUrl } from './config.ts'
import { createApp } from './http/app.ts'
import { createDoor } from './http/door.ts'
import { createListener } from './http/listener.ts'
import { createPolicyReports } from './http/policy-reports.ts'
import { Refusal, type Route } from './http/route.ts'
import type { DeviceKnowledge, DeviceQueries } from './device-queries.ts'
import { createLiveFeed, type LiveFeed, refuseUpgrade } from './live-feed.ts'
import type { DashboardStates, Present } from './queries.ts'
import { createRoutes, type DashboardServices } from './routes/index.ts'
import { createSensorBoard } from './sensor-board.ts'
import type { TlsFiles } from './tls-files.ts'

export interface DashboardDeps {
  readonly bus: Bus
  readonly states: DashboardStates &
    DeviceQueries & { readonly devices: Pick<DeviceStore, 'sensors'> }
  /** Users, sessions and the audit log. */
  readonly accounts: Omit<AccessDeps, 'now'>
  /** Certificate and key; needed where the configuration names them. */
  readonly tls?: TlsFiles | null
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  /** Folder of the built page (`npm run build`). */
  readonly webRoot: string
  /** alerts/present.ts with the vendor list. */
  readonly present: Present
  /** What is learned and declared of devices. */
  readonly knowledge: DeviceKnowledge
  /** What other stages lend; none when left out. */
  readonly services?: DashboardServices
  /** Sensors of this process, as they are now; none when left out. */
  readonly sensors?: () => readonly SensorStatus[]
}

export interface Dashboard extends Service {
  /** Where people reach it, once started: `http://127.0.0.1:8080`. */
  url(): string
  /** Port it listens on, once started. */
  port(): number
  /** A new link that makes the first administrator; null when there is one. */
  setUpLink(): Promise<string | null>
  /** Reports of browsers about the page's policy. */
  policyReports(): number
  /** Every route, with what it asks of its caller. */
  readonly routes: readonly Pick<Route, 'method' | 'path' | 'requires' | 'body'>[]
  /** Open live connections. */
  clientCount(): number
}

/**
 * The dashboard: the page, its API (dashboard/api.ts) and the live feed, on one port.
 * @throws WardwatchError CONFIG_INVALID for a configuration that would let others in; `start` rejects with PORT_IN_USE.
 */
export function createDashboard(config: DashboardConfig, deps: DashboardDeps): Dashboard {
  const checked = dashboardConfigSchema.safeParse(config)
  if (!checked.success) throw new WardwatchError('CONFIG_INVALID', z.prettifyError(checked.error))
  const { states, present, logger, now } = deps
  const board = createSensorBoard({
    own: deps.sensors ?? (() => []),
    store: states.devices,
    logger,
    now,
  })
  const sensors = () => board.current()
  const access = createAccess(checked.data, { ...deps.accounts, now })
  const { sessions } = access
  const feed = createLiveFeed(config, { states, present, sensors, sessions, logger, now })
  let startedMs = 0
  let port = config.port
  let subscription: Subscription | null = null
  const routes = createRoutes({
    states,
    present,
    knowledge: deps.knowledge,
    services: deps.services ?? {},
    sensors,
    startedMs: () => startedMs,
    access,
    sessionEnded: (hash) => feed.endSession(hash),
    now,
  })
  const door = createDoor(checked.data, access, () => port)
  const reports = createPolicyReports({ logger, now })
  const app = createApp({ ...door, routes, reports, webRoot: deps.webRoot, logger })
  const server = createListener(app, tlsOf(checked.data, deps), logger)
  // Pages, their live connections, and room for scripts.
  server.maxConnections = config.clientsMax + 100
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', (err) => logger.debug({ err }, 'handshake broke'))
    void shakeHands(request, socket, head)
  })

  async function shakeHands(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const { sessionHash } = await door.admitSocket(request)
      feed.accept(request, socket, head, sessionHash)
    } catch (err) {
      const status = err instanceof Refusal ? err.status : 500
      if (status === 500) logger.error({ err }, 'handshake failed')
      refuseUpgrade(socket, status, STATUS_CODES[status] ?? 'Refused')
    }
  }

  async function listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    server.once('error', reject)
    server.listen(config.port, config.host, () => resolve(undefined))
    try {
      await promise
    } catch (cause) {
      throw isInUse(cause)
        ? new WardwatchError(
            'PORT_IN_USE',
            `port ${config.port} is taken by another program: stop it, or choose another port with --port`,
            { cause, fields: { host: config.host, port: config.port } },
          )
        : cause
    }
    server.off('error', reject)
    port = (server.address() as AddressInfo).port
  }

  return {
    start: async () => {
      startedMs = now()
      await listen()
      await board.start()
      await feed.start()
      subscription = await deps.bus.subscribe({
        topic: 'alerts',
        group: config.group,
        handler: wakeUpHandler(feed),
        // Pages are still told within a second: the feed looks into the store at every tick.
        failed: (err) => logger.error({ err }, 'dashboard gets no wake-ups any more'),
      })
      logger.info({ url: dashboardUrl(config, port) }, 'dashboard listens')
    },
    stop: async () => {
      await subscription?.stop()
      subscription = null
      await feed.stop()
      await board.stop()
      deps.tls?.stop()
      if (!server.listening) return
      const { promise, resolve } = Promise.withResolvers<undefined>()
      server.close(() => resolve(undefined))
      server.closeAllConnections()
      await promise
    },
    url: () => dashboardUrl(config, port),
    setUpLink: () =>
      newSetUpLink(config, { ...deps.accounts, url: dashboardUrl(config, port), now }),
    port: () => port,
    policyReports: () => reports.count(),
    routes,
    clientCount: () => feed.clientCount(),
  }
}

function tlsOf({ tls }: DashboardConfig, deps: DashboardDeps): TlsFiles | null {
  if (tls === null) return null
  // app/wire.ts opens the files; without them a server meant to encrypt would not.
  if (!deps.tls) throw new WardwatchError('CONFIG_INVALID', 'dashboard.tls: no certificate is open')
  return deps.tls
}

function isInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}

/** A wake-up says only that there is something new, so its content and its age do not matter. */
function wakeUpHandler(feed: LiveFeed): PartitionHandler {
  return {
    assigned: () => Promise.resolve(0),
    messages: async () => {
      feed.wake()
      await Promise.resolve()
    },
    revoked: () => Promise.resolve(),
  }
}
