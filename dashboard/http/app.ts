import express, { type NextFunction, type Request, type Response } from 'express'
import type { Logger } from '../../records/service.ts'
import { policyReportPath, securityHeaders } from './headers.ts'
import { mountRoutes, type MountDeps } from './mount.ts'
import { pageFiles } from './page.ts'
import type { PolicyReports } from './policy-reports.ts'
import { Refusal, type Route } from './route.ts'

export interface AppDeps extends MountDeps {
  readonly routes: readonly Route[]
  readonly reports: PolicyReports
  /** Folder of the built page. */
  readonly webRoot: string
  readonly logger: Logger
}

/** Routes of the API, then the files of the page; every answer carries the security headers. */
export function createApp(deps: AppDeps): express.Express {
  const { guard, factsOf, limits, reports } = deps
  const app = express()
  app.disable('x-powered-by')
  app.set('query parser', 'simple')
  app.use(securityHeaders((host) => guard.isPublic(host)))
  app.use((request, _response, next) => {
    const fault = guard.refusesHost(factsOf(request))
    next(fault === null ? undefined : new Refusal(403, fault))
  })
  app.use('/api', (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  app.post(
    policyReportPath,
    async (request, _response, next) => {
      await limits.count(null, factsOf(request).from)
      next()
    },
    ...reports.handlers,
  )
  mountRoutes(app, deps.routes, deps)
  app.use('/api', () => {
    throw new Refusal(404, 'not found')
  })
  app.use(pageFiles(deps.webRoot))
  app.use(() => {
    throw new Refusal(404, 'not found')
  })
  app.use(refuse(deps.logger))
  return app
}

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
