import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** What the stand-in does with one write instead of passing it on. */
export type Trick =
  | { readonly kind: 'pass' }
  /** Answers without passing anything on; `linesMin`: only to writes of so many lines, others pass. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Record<string, string>
      readonly linesMin?: number
    }
  /** Takes the write to the server, and closes the connection instead of answering. */
  | { readonly kind: 'cut-after' }
  /** As InfluxDB does: passes on what it does not refuse, and tells how many it has dropped. */
  | { readonly kind: 'refuse'; readonly isRefused: (line: string) => boolean }

export interface StandIn {
  readonly url: string
  /** Writes that came, by what was done with them. */
  readonly seen: Record<Trick['kind'] | `answer-${number}`, number>
  stop(): Promise<void>
}

/** Stands before the real server and passes everything on, but for the writes that it plays tricks on. */
export async function startStandIn(target: string, trickOf: (number: number) => Trick) {
  const seen: Record<string, number> = {}
  let writes = 0

  async function onRequest(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(incoming)
    const isWrite = incoming.url?.startsWith('/api/v2/write') ?? false
    let trick: Trick = isWrite ? trickOf(writes++) : { kind: 'pass' }
    if (trick.kind === 'answer' && linesOf(incoming, body).length < (trick.linesMin ?? 0))
      trick = { kind: 'pass' }
    if (isWrite) {
      const name = trick.kind === 'answer' ? `answer-${trick.status}` : trick.kind
      seen[name] = (seen[name] ?? 0) + 1
    }
    switch (trick.kind) {
      case 'answer':
        response.writeHead(trick.status, { 'content-type': 'application/json', ...trick.headers })
        response.end(
          JSON.stringify({ code: 'stand-in', message: `told to answer ${trick.status}` }),
        )
        return
      case 'pass':
        answer(await passOn(target, incoming, body), response)
        return
      case 'cut-after':
        await passOn(target, incoming, body)
        response.destroy()
        return
      case 'refuse':
        answer(await refuse(incoming, body, trick.isRefused), response)
    }
  }

  async function refuse(
    incoming: IncomingMessage,
    body: Buffer,
    isRefused: (line: string) => boolean,
  ): Promise<Passed> {
    const lines = linesOf(incoming, body)
    const kept = lines.filter((line) => !isRefused(line))
    if (kept.length === lines.length) return passOn(target, incoming, body)
    const headers = { ...incoming.headers }
    delete headers['content-encoding']
    if (kept.length > 0) {
      const { url, method } = incoming
      const passed = await passOn(target, { url, method, headers }, Buffer.from(kept.join('\n')))
      if (passed.status !== 204) return passed
    }
    const message = `failure writing points to database: partial write: points beyond retention policy dropped=${lines.length - kept.length}`
    return {
      status: 422,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ code: 'unprocessable entity', message })),
    }
  }

  const server = createServer((incoming, response) => {
    // The server behind may have been killed: then the connection ends, as it would without a stand-in.
    onRequest(incoming, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function linesOf({ headers }: IncomingMessage, body: Buffer): string[] {
  const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
  return text.toString().split('\n')
}

interface Passed {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
}

function passOn(
  target: string,
  { url, method, headers }: Pick<IncomingMessage, 'url' | 'method' | 'headers'>,
  body: Buffer,
): Promise<Passed> {
  return new Promise((resolve, reject) => {
    const own = { ...headers, 'content-length': String(body.length) }
    delete own.host
    delete own['transfer-encoding']
    const outgoing = request(`${target}${url ?? '/'}`, { method, headers: own }, (response) => {
      readAll(response).then(
        (answered) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answered }),
        reject,
      )
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

function answer({ status, headers, body }: Passed, response: ServerResponse): void {
  const own = { ...headers }
  delete own['transfer-encoding']
  response.writeHead(status, { ...own, 'content-length': String(body.length) })
  response.end(body)
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
