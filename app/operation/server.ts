import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, BlockList, isIPv6 } from 'node:net'
import { WardwatchError } from '../../records/errors.ts'
import type { Logger, Service } from '../../records/service.ts'
import type { OperationConfig } from './config.ts'
import type { Verdict } from './health.ts'

export interface OperationAnswers {
  readonly health: () => Verdict
  readonly readiness: () => Verdict
  /** Text format of Prometheus, with its media type. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
}

export interface OperationDeps extends OperationAnswers {
  readonly logger: Logger
}

export interface OperationServer extends Service {
  /** Where it listens, once started. */
  url(): string
}

interface Answer {
  readonly status: number
  readonly type?: string
  readonly body: string
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * /healthz, /readyz and /metrics on a port of their own, for processes with and without the page.
 * @throws WardwatchError from `start`: PORT_IN_USE.
 */
export function createOperationServer(
  config: OperationConfig & { readonly port: number },
  deps: OperationDeps,
): OperationServer {
  const logger = deps.logger.child({ stage: 'app', part: 'operation' })
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 5_000 },
    (request, response) => {
      const { url = '', method, headers, socket } = request
      const path = url.split('?', 1)[0]!
      const asked = method === 'GET' || method === 'HEAD'
      const mayRead = mayReadMetrics(config.token, socket.remoteAddress, headers.authorization)
      const answer = asked ? answerTo(path, mayRead, deps) : plain(405, 'GET or HEAD')
      answer.then(
        ({ status, type = 'text/plain; charset=utf-8', body }) => {
          response
            .writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' })
            .end(body)
        },
        (err: unknown) => {
          logger.error({ err, path }, 'request failed')
          response.writeHead(500).end('internal error\n')
        },
      )
    },
  )
  // A scraper, a health check, and somebody who looks.
  server.maxConnections = 32
  server.on('clientError', (err, socket) => {
    logger.debug({ err }, 'request broke')
    socket.destroy()
  })

  return {
    async start() {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>()
      server.once('error', reject)
      server.listen(config.port, config.host, () => resolve(undefined))
      await promise.catch((cause: unknown) => {
        if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause
        throw new WardwatchError(
          'PORT_IN_USE',
          `port ${config.port} is taken by another program: stop it, or choose another operation.port`,
          { cause, fields: { host: config.host, port: config.port } },
        )
      })
      server.off('error', reject)
      logger.info({ url: urlOf(config, server.address()) }, 'health and metrics are served')
    },
    async stop() {
      if (!server.listening) return
      const { promise, resolve } = Promise.withResolvers<undefined>()
      server.close(() => resolve(undefined))
      server.closeAllConnections()
      await promise
    },
    url: () => urlOf(config, server.address()),
  }
}

async function answerTo(path: string, mayRead: boolean, deps: OperationDeps): Promise<Answer> {
  switch (path) {
    case '/healthz':
      return told(deps.health(), 'alive')
    case '/readyz':
      return told(deps.readiness(), 'ready')
    case '/metrics': {
      if (!mayRead) return plain(401, 'from this machine, or with the bearer token operation.token')
      const { type, text } = await deps.metrics()
      return { status: 200, type, body: text }
    }
    default:
      return plain(404, '/healthz, /readyz or /metrics')
  }
}

/** 200, or 503 with one name a line. */
function told({ isGood, missing }: Verdict, word: string): Answer {
  return { status: isGood ? 200 : 503, body: `${isGood ? word : missing.join('\n')}\n` }
}

function plain(status: number, body: string): Promise<Answer> {
  return Promise.resolve({ status, body: `${body}\n` })
}

/** Metrics tell names of sites and sensors: to this machine, and to whoever has the token. */
export function mayReadMetrics(
  token: string | null,
  remoteAddress: string | undefined,
  authorization: string | undefined,
): boolean {
  return isLoopback(remoteAddress) || isToken(token, authorization)
}

function isLoopback(address = ''): boolean {
  const ip = address.startsWith('::ffff:') ? address.slice(7) : address
  return ip !== '' && loopback.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4')
}

/** Compares hashes, so that the time it takes says nothing of the token. */
function isToken(token: string | null, authorization: string | undefined): boolean {
  if (token === null || authorization === undefined) return false
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(`Bearer ${token}`), hash(authorization))
}

function urlOf({ host }: OperationConfig, address: AddressInfo | string | null): string {
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
