import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Behaviour } from './notifications.ts'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly method: string
  readonly path: string
}

/**
 * An HTTP endpoint that behaves as told.
 * @param take status of what it takes; anything that is not 2xx is not taken
 */
export async function openHttpReceiver(take: (received: Received) => number = () => 204) {
  const seen: Received[] = []
  const taken: Received[] = []
  let behaviour: Behaviour = { does: 'take' }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => undefined)
    request.on('end', () => {
      const { headers, method = '', url = '' } = request
      const received = { headers, body: Buffer.concat(chunks).toString('utf8'), method, path: url }
      seen.push(received)
      if (behaviour.does === 'hang') return
      if (behaviour.does === 'break') {
        request.socket.destroy()
        return
      }
      const status = statusOf(behaviour, () => take(received))
      if (behaviour.does === 'put-off' && behaviour.seconds !== undefined)
        response.setHeader('Retry-After', String(behaviour.seconds))
      if (status >= 200 && status < 300) taken.push(received)
      response.writeHead(status).end('an answer that names secrets: whsec_answered')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return {
    server,
    url: `http://127.0.0.1:${port}/hook`,
    /** Every request, taken or not. */
    seen,
    taken,
    behave: (one: Behaviour) => {
      behaviour = one
    },
    close: () => (server.listening ? close() : Promise.resolve()),
  }
}

function statusOf(behaviour: Behaviour, take: () => number): number {
  switch (behaviour.does) {
    case 'put-off':
      return 429
    case 'fail':
      return 500
    case 'refuse':
      return 400
    default:
      return take()
  }
}
