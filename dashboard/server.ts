import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { WardwatchError } from '../records/errors.ts'
import type { Logger, Service } from '../records/service.ts'
import type { Bus, PartitionHandler, Subscription } from '../bus/bus.ts'
import type { DeviceStore } from '../store/state-store.ts'
import { type SensorStatus } from './api.ts'
import { type DashboardConfig, dashboardConfigSchema } from './config.ts'
import { isAllowedOrigin } from './guard.ts'
import { createApp } from './http/app.ts'
import type { DeviceKnowledge, DeviceQueries } from './device-queries.ts'
import { createLiveFeed, type LiveFeed, refuseUpgrade } from './live-feed.ts'
import type { DashboardStates, Present } from './queries.ts'
import { createRoutes } from './routes/index.ts'
import { createSensorBoard } from './sensor-board.ts'

export interface DashboardDeps {
  readonly bus: Bus
  readonly states: DashboardStates &
    DeviceQueries & { readonly devices: Pick<DeviceStore, 'sensors'> }
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  /** Folder of the built page (`npm run build`). */
  readonly webRoot: string
  /** alerts/present.ts with the vendor list. */
  readonly present: Present
  /** What is learned and declared of devices. */
  readonly knowledge: DeviceKnowledge
  /** Sensors of this process, as they are now; none when left out. */
  readonly sensors?: () => readonly SensorStatus[]
}

export interface Dashboard extends Service {
  /** Where it listens, once started: `http://127.0.0.1:8080`. */
  url(): string
  /** Open live connections. */
  clientCount(): number
}

/**
 * The dashboard: the page, its API (dashboard/api.ts) and the live feed, on one port of this machine.
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
  const feed = createLiveFeed(config, { states, present, sensors, logger, now })
  let startedMs = 0
  let port = config.port
  let subscription: Subscription | null = null
  const routes = createRoutes({
    states,
    present,
    knowledge: deps.knowledge,
    sensors,
    startedMs: () => startedMs,
    now,
  })
  const app = createApp({ routes, webRoot: deps.webRoot, logger, port: () => port })
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 15_000 }, app)
  // Pages, their live connections, and room for scripts.
  server.maxConnections = config.clientsMax + 100
  server.on('upgrade', (request, socket, head) => {
    const { host, origin } = request.headers
    socket.on('error', (err) => logger.debug({ err }, 'handshake broke'))
    if (!isAllowedOrigin(origin, host, port)) refuseUpgrade(socket, 403, 'Forbidden')
    else if (request.url !== '/api/live') refuseUpgrade(socket, 404, 'Not Found')
    else feed.accept(request, socket, head)
  })

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
      logger.info({ url: `http://${config.host}:${port}` }, 'dashboard listens')
    },
    stop: async () => {
      await subscription?.stop()
      subscription = null
      await feed.stop()
      await board.stop()
      if (!server.listening) return
      const { promise, resolve } = Promise.withResolvers<undefined>()
      server.close(() => resolve(undefined))
      server.closeAllConnections()
      await promise
    },
    url: () => `http://${config.host}:${port}`,
    clientCount: () => feed.clientCount(),
  }
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
