import { Readable } from 'node:stream'
import type { Express, Request, Response } from 'express'
import type { z } from 'zod'
import { type Answer, type Caller, Refusal, type Route } from './route.ts'

/** Mounts every route, with the checks that all of them share. */
export function mountRoutes(
  app: Express,
  routes: readonly Route[],
  checks: { readonly callerOf: (request: Request, route: Route) => Promise<Caller | null> },
): void {
  for (const route of routes) {
    const method = route.method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
    app[method](route.path, async (request, response) => {
      const caller = await checks.callerOf(request, route)
      const answer = await route.handle(callOf(request, response, route), caller)
      send(response, answer)
    })
  }
}

function callOf(request: Request, response: Response, route: Route) {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return {
    params: textsOf(request.params),
    query: checked(route.query, request.query),
    body: checked(route.body, request.body),
    from: request.socket.remoteAddress ?? 'unknown',
    signal: gone.signal,
  }
}

function textsOf(params: Readonly<Record<string, string | string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, [value].flat().join('/')]),
  )
}

function checked(schema: z.ZodType | null, value: unknown): unknown {
  if (schema === null) return undefined
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Refusal(400, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not understood'}`)
}

function send(response: Response, answer: Answer): void {
  response.status(answer.status ?? 200)
  if ('json' in answer) {
    response.json(answer.json)
    return
  }
  response.type(answer.type)
  if (answer.name !== undefined) response.attachment(answer.name)
  if (typeof answer.file === 'string' || answer.file instanceof Uint8Array) {
    response.send(typeof answer.file === 'string' ? answer.file : Buffer.from(answer.file))
  } else {
    // A reader that goes away ends the stream; a source that fails cuts the answer short, which the reader sees.
    Readable.from(answer.file)
      .on('error', (err) => response.destroy(err))
      .pipe(response)
  }
}
