import type { z } from 'zod'

// How a route is added: write it with `defineRoute` in dashboard/routes/<topic>.ts, list it in dashboard/routes/index.ts.
// Whoever calls has been let in by then: host, origin, session, permission, rate, size and schema are checked in
// dashboard/http/mount.ts for every route alike. A route knows no Express, so it can be tested by calling `handle`.

/**
 * What a route asks of its caller. `read`: sees; `change`: acknowledges, closes, approves; `audit`: reads the audit log;
 * `admin`: users and settings. dashboard/roles.ts tells which role may do what.
 */
export type Permission = 'read' | 'change' | 'audit' | 'admin'

/** Who calls, by a session that is in force. */
export interface Caller {
  readonly userId: string
  /** The user's name: what audit rows call `by`. */
  readonly name: string
  readonly role: 'admin' | 'analyst' | 'auditor'
  /** Hash of the session's id; the id itself is known to the browser only. */
  readonly sessionHash: string
}

export interface Call<Query = unknown, Body = unknown> {
  /** Parts of the path, decoded; always of the caller's choosing: look them up, never open them. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  /** Address of the caller, past the trusted proxies: what audit rows call `from`. */
  readonly from: string
  /** User-Agent, cut at 256 characters. */
  readonly agent: string
  /** Ends when the caller goes away: cancel what is done for nobody. */
  readonly signal: AbortSignal
}

/** Body of an answer: JSON, or a file to keep (`name`) or show. */
export type Answer =
  | {
      readonly status?: number
      readonly json: unknown
      /** Id of a new session for the caller's browser to keep; null: the one it has is over. */
      readonly session?: string | null
    }
  | {
      readonly status?: number
      readonly file: string | Uint8Array | AsyncIterable<Uint8Array>
      /** Media type. */
      readonly type: string
      /** Sent as an attachment of this name. */
      readonly name?: string
    }

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

interface RouteOptions<Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: Method
  /** As Express reads it: `/api/alerts/:id`. */
  readonly path: string
  /** Schema of the query; without one, a query is not looked at. Values arrive as texts: use `z.coerce`. */
  readonly query?: Query
  /** Schema of the JSON body; without one, a body is not looked at. */
  readonly body?: Body
  /** Largest body in bytes; 16 kB where nothing is said. */
  readonly bodyBytesMax?: number
}

/** A route as the server mounts it; `requires` is null where nobody has to be signed in. */
export interface Route {
  readonly method: Method
  readonly path: string
  readonly requires: Permission | null
  readonly query: z.ZodType | null
  readonly body: z.ZodType | null
  readonly bodyBytesMax: number
  /** @param caller null only where `requires` is */
  handle(call: Call, caller: Caller | null): Promise<Answer>
}

/** A route for callers who hold the permission. */
export function defineRoute<Query extends z.ZodType, Body extends z.ZodType>(
  options: RouteOptions<Query, Body> & {
    readonly requires: Permission
    handle(call: Call<z.output<Query>, z.output<Body>>, caller: Caller): Promise<Answer>
  },
): Route {
  const { method, path, requires, query = null, body = null, bodyBytesMax = 16_384 } = options
  return {
    method,
    path,
    requires,
    query,
    body,
    bodyBytesMax,
    handle: (call, caller) => {
      // mount.ts never gets here without one; a fault there must not open a route.
      if (caller === null) throw new Refusal(401, 'log in first')
      return options.handle(call as Call<z.output<Query>, z.output<Body>>, caller)
    },
  }
}

/** A route for anybody who reaches the server: log-in, set-up, health. The matrix test lists them all by name. */
export function defineOpenRoute<Query extends z.ZodType, Body extends z.ZodType>(
  options: RouteOptions<Query, Body> & {
    handle(call: Call<z.output<Query>, z.output<Body>>, caller: Caller | null): Promise<Answer>
  },
): Route {
  const { method, path, query = null, body = null, bodyBytesMax = 16_384 } = options
  return {
    method,
    path,
    requires: null,
    query,
    body,
    bodyBytesMax,
    handle: (call, caller) => options.handle(call as Call<z.output<Query>, z.output<Body>>, caller),
  }
}

/** What a route throws to refuse: the status, and one sentence for whoever asked. */
export class Refusal extends Error {
  readonly status: number
  readonly retryAfterSeconds: number | null

  constructor(
    status: number,
    message: string,
    retryAfterSeconds: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'Refusal'
    this.status = status
    this.retryAfterSeconds = retryAfterSeconds
  }
}
