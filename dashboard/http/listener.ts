import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Logger } from '../../records/service.ts'
import type { TlsFiles } from '../tls-files.ts'

/** Bounds of what a connection may send before it has said who it is. */
const bounds = { headersTimeout: 10_000, requestTimeout: 15_000, maxHeaderSize: 8 * 1024 }

/** HTTP on loopback or behind a proxy; HTTPS where there are files, whose newest content each new connection gets. */
export function createListener(
  app: RequestListener,
  files: TlsFiles | null,
  logger: Logger,
): Server {
  if (files === null) return createServer(bounds, app)
  const server = createSecureServer({ ...bounds, ...files.current(), minVersion: 'TLSv1.2' }, app)
  server.on('tlsClientError', (err) => logger.debug({ err }, 'TLS handshake broke'))
  files.onChange((content) => server.setSecureContext({ ...content, minVersion: 'TLSv1.2' }))
  return server
}
