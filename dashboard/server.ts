import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type NextFunction, type Request, type Response } from 'express'
import helmet from 'helmet'
import { z } from 'zod'
import { WardwatchError } from '../records/errors.ts'
import type { Logger, Service } from '../records/service.ts'
import type { Bus, PartitionHandler, Subscription } from '../bus/bus.ts'
import { type SensorStatus } from './api.ts'
import { type DashboardConfig, dashboardConfigSchema } from './config.ts'
import { isAllowedHost, isAllowedOrigin } from './guard.ts'
import { createLiveFeed, type LiveFeed, refuseUpgrade } from './live-feed.ts'
import { type DashboardStates, detailOf, newestAlerts, type Present, statusOf } from './queries.ts'

export interface DashboardDeps {
  readonly bus: Bus
  readonly states: DashboardStates
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  /** Folder of the built page (`npm run build`). */
  readonly webRoot: string
  /** alerts/present.ts with the vendor list. */
  readonly present: Present
  /** What is known of the sensors now; none when left out. */
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
  const sensors = deps.sensors ?? (() => [])
  const feed = createLiveFeed(config, { states, present, sensors, logger, now })
  let startedMs = 0
  let port = config.port
  let subscription: Subscription | null = null
  const app = createApp(
    { ...deps, sensors },
    () => port,
    () => startedMs,
  )
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

const limitSchema = z.coerce.number().int().min(1).max(1000).default(100)

/** Routes of the API, then the files of the page; every answer carries the security headers. */
function createApp(
  deps: Required<DashboardDeps>,
  port: () => number,
  startedMs: () => number,
): express.Express {
  const { states, present, logger, now, sensors } = deps
  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders)
  app.use((request, response, next) => {
    if (isAllowedHost(request.headers.host, port())) next()
    else response.status(403).json({ error: 'this host name is not served here' })
  })
  app.use('/api', (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  app.get('/api/alerts', async (request, response) => {
    const limit = limitSchema.safeParse(request.query['limit'])
    if (limit.success) response.json(await newestAlerts(states, present, limit.data))
    else response.status(400).json({ error: 'limit must be a whole number from 1 to 1000' })
  })
  app.get('/api/alerts/:id', async (request, response) => {
    const detail = await detailOf(states, present, request.params.id)
    if (detail === null) response.status(404).json({ error: 'no such alert' })
    else response.json(detail)
  })
  app.get('/api/status', async (_request, response) => {
    const revision = await states.alerts.lastRevision()
    response.json(statusOf(revision, sensors(), startedMs(), now()))
  })
  // Vite puts a hash into the names of built files: they never change.
  const { webRoot } = deps
  app.use('/assets', express.static(`${webRoot}/assets`, { immutable: true, maxAge: '1y' }))
  app.use(express.static(webRoot, { cacheControl: false }))
  app.use((_request, response) => response.status(404).json({ error: 'not found' }))
  app.use((err: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(err)
      return
    }
    const status = statusCodeOf(err)
    if (status >= 500) logger.error({ err, path: request.path }, 'request failed')
    response.status(status).json({ error: status >= 500 ? 'internal error' : 'bad request' })
  })
  return app
}

/** Express names client errors (a malformed escape in the path …) by a status below 500. */
function statusCodeOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? error.status : 500
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}

/** Only files of our own origin, nothing inline, in nobody's frame. Plain HTTP on this machine: no HSTS. */
const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
})
