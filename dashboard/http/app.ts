import express, { type NextFunction, type Request, type Response } from 'express'
import type { Logger } from '../../records/service.ts'
import { isAllowedHost } from '../guard.ts'
import { securityHeaders } from './headers.ts'
import { mountRoutes } from './mount.ts'
import { type Caller, Refusal, type Route } from './route.ts'

export interface AppDeps {
  readonly routes: readonly Route[]
  /** Folder of the built page. */
  readonly webRoot: string
  readonly logger: Logger
  /** The port it listens on, known once it does. */
  readonly port: () => number
}

/** Routes of the API, then the files of the page; every answer carries the security headers. */
export function createApp(deps: AppDeps): express.Express {
  const { routes, webRoot, logger, port } = deps
  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders)
  app.use((request, _response, next) => {
    if (isAllowedHost(request.headers.host, port())) next()
    else throw new Refusal(403, 'this host name is not served here')
  })
  app.use('/api', (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  mountRoutes(app, routes, { callerOf: () => Promise.resolve(localCaller) })
  // Vite puts a hash into the names of built files: they never change.
  app.use('/assets', express.static(`${webRoot}/assets`, { immutable: true, maxAge: '1y' }))
  app.use(express.static(webRoot, { cacheControl: false }))
  app.use(() => {
    throw new Refusal(404, 'not found')
  })
  app.use(refuse(logger))
  return app
}

/** Until log-in is there, whoever reaches this machine's loopback is one of its users. */
const localCaller: Caller = { userId: 'local', name: 'local', role: 'admin', sessionHash: '' }

/** Says no more than a sentence to the caller; what went wrong inside goes to the log. */
function refuse(logger: Logger) {
  return (err: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) {
      next(err)
      return
    }
    if (err instanceof Refusal) {
      if (err.retryAfterSeconds !== null) response.set('Retry-After', String(err.retryAfterSeconds))
      response.status(err.status).json({ error: err.message })
      return
    }
    const status = statusCodeOf(err)
    if (status >= 500) logger.error({ err, path: request.path }, 'request failed')
    response.status(status).json({ error: status >= 500 ? 'internal error' : 'bad request' })
  }
}

/** Express names client errors (a malformed escape in the path …) by a status below 500. */
function statusCodeOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? error.status : 500
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500
}
