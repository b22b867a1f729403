import express, { type RequestHandler } from 'express'
import type { Logger } from '../../records/service.ts'

export interface PolicyReports {
  /** Takes what browsers send: body bounded, content logged three times in ten seconds at most. */
  readonly handlers: readonly RequestHandler[]
  /** Reports since the start. */
  count(): number
}

const reportBytesMax = '16kb'
const logsMax = 3
const logWindowMs = 10_000

/**
 * Counts the reports of the content security policy. Anybody may send one, also before log-in, so they prove nothing; a
 * page of ours that sends some is attacked or broken.
 */
export function createPolicyReports(deps: {
  readonly logger: Logger
  readonly now: () => number
}): PolicyReports {
  const { logger, now } = deps
  let count = 0
  let windowMs = -Infinity
  let logs = 0
  const read = express.json({
    limit: reportBytesMax,
    type: ['application/csp-report', 'application/reports+json', 'application/json'],
  })
  return {
    count: () => count,
    handlers: [
      read,
      (request, response) => {
        count++
        if (now() - windowMs >= logWindowMs) {
          windowMs = now()
          logs = 0
        }
        if (logs++ < logsMax) {
          const report = JSON.stringify(request.body ?? null).slice(0, 2000)
          logger.warn({ report, count }, 'a browser stopped something by the page’s policy')
        }
        response.status(204).end()
      },
    ],
  }
}
