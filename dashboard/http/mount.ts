import { Readable } from 'node:stream'
import express, { type Express, type Request, type Response } from 'express'
import type { z } from 'zod'
import { permissionsOf } from '../access/roles.ts'
import type { Guard } from '../guard.ts'
import type { CallLimits } from './call-limits.ts'
import type { RequestFacts } from './facts.ts'
import { type Answer, type Call, type Caller, Refusal, type Route } from './route.ts'

export interface MountDeps {
  readonly guard: Guard
  readonly limits: CallLimits
  readonly factsOf: (request: Request) => RequestFacts
  /** The session that the request's cookie names, if it is in force. */
  readonly callerOf: (request: Request) => Promise<Caller | null>
  /** The user has done something. */
  readonly noteActivity: (caller: Caller) => Promise<void>
  /** Set-Cookie for a new session, or for the end of one (null). */
  readonly cookieOf: (token: string | null) => string
}

/**
 * Mounts every route, with the checks that all of them share, in this order: origin, session, permission, rate, media
 * type and size of the body, schemas. A new route cannot leave one out.
 */
export function mountRoutes(app: Express, routes: readonly Route[], deps: MountDeps): void {
  for (const route of routes) {
    const method = route.method.toLowerCase() as 'get' | 'post' | 'put' | 'delete'
    const readBody = express.json({ limit: route.bodyBytesMax })
    app[method](route.path, async (request, response) => {
      const facts = deps.factsOf(request)
      const fault = deps.guard.refusesCall(facts)
      if (fault !== null) throw new Refusal(403, fault)
      const caller = await deps.callerOf(request)
      await deps.limits.count(caller, facts.from)
      checkPermission(route, caller)
      if (caller !== null && isActivity(request)) await deps.noteActivity(caller)
      if (route.body !== null) await jsonBody(readBody, request, response)
      const answer = await route.handle(callFrom(request, response, route, facts), caller)
      send(response, answer, deps)
    })
  }
}

function checkPermission({ requires }: Route, caller: Caller | null): void {
  if (requires === null) return
  if (caller === null) throw new Refusal(401, 'log in first')
  if (!permissionsOf[caller.role].includes(requires))
    throw new Refusal(403, `your role (${caller.role}) does not allow this`)
}

/**
 * A browser's GETs may be the page's own doing, while nobody is there: the page tells of keys and clicks by a POST. What
 * is no browser (no Sec-Fetch-Site) calls because somebody wants to know.
 */
function isActivity({ method, headers }: Request): boolean {
  return method !== 'GET' || headers['sec-fetch-site'] === undefined
}

/** Any other media type could be sent by a form of another page without asking (CORS simple requests). */
async function jsonBody(
  read: express.RequestHandler,
  request: Request,
  response: Response,
): Promise<void> {
  if (request.is('application/json') === false) throw new Refusal(415, 'send application/json')
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  void read(request, response, (error?: unknown) => {
    if (error === undefined) resolve(undefined)
    else reject(error instanceof Error ? error : new Error('body not read'))
  })
  await promise
}

function callFrom(request: Request, response: Response, route: Route, facts: RequestFacts): Call {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return {
    params: textsOf(request.params),
    query: checked(route.query, request.query),
    body: checked(route.body, request.body),
    from: facts.from,
    agent: (request.headers['user-agent'] ?? '').slice(0, 256),
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

function send(response: Response, answer: Answer, { cookieOf }: MountDeps): void {
  response.status(answer.status ?? 200)
  if ('json' in answer) {
    if (answer.session !== undefined) response.append('Set-Cookie', cookieOf(answer.session))
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
