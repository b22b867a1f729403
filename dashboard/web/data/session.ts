import { errorSchema, sessionEndedCode, type SessionState, sessionStateSchema } from '../../api.ts'

export type User = NonNullable<SessionState['user']>

/** Who the page is for. `asking`: not known yet. `unreachable`: the first question got no answer. */
export type SessionView =
  | { readonly kind: 'asking' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'out'; readonly needsSetUp: boolean; readonly hasEnded: boolean }
  | { readonly kind: 'in'; readonly user: User; readonly idleMinutes: number }

export interface Session {
  readonly view: () => SessionView
  /** Calls `listener` after a change; returns the end of it. */
  readonly subscribe: (listener: () => void) => () => void
  /** Asks the server who is logged in. A server that does not answer changes nothing once that is known. */
  check(): Promise<void>
  /** The live line was closed: by the end of the session, or otherwise. */
  lineClosed(code: number): void
  /** Null when it went well, else what to say. */
  logIn(given: { readonly name: string; readonly password: string }): Promise<string | null>
  setUp(given: {
    readonly token: string
    readonly name: string
    readonly password: string
  }): Promise<string | null>
  logOut(): Promise<string | null>
  /** A key or a click: the server is told now and then, so that it knows somebody is there. */
  noteActivity(): void
}

/** The server is told of activity at most this often, in ms, and four times in the idle time. */
const activityEveryMs = 60_000

/** Keeps what the page knows of its session. It holds no secret: the cookie is the browser's. */
export function createSession(deps: {
  readonly fetch: typeof fetch
  /** Clock of the page in ms. */
  readonly now: () => number
}): Session {
  const listeners = new Set<() => void>()
  let view: SessionView = { kind: 'asking' }
  let toldMs = -Infinity

  function show(next: SessionView): void {
    view = next
    for (const listener of listeners) listener()
  }

  function take(state: SessionState, hasEnded: boolean): void {
    const { user, needsSetUp, idleMinutes } = state
    show(user === null ? { kind: 'out', needsSetUp, hasEnded } : { kind: 'in', user, idleMinutes })
  }

  async function send(method: string, path: string, body?: object): Promise<string | null> {
    try {
      const response = await deps.fetch(path, {
        method,
        ...(body === undefined
          ? {}
          : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      })
      if (!response.ok) return await reasonOf(response)
      take(sessionStateSchema.parse(await response.json()), false)
      return null
    } catch (error) {
      return error instanceof Error ? error.message : 'no answer'
    }
  }

  async function check(): Promise<void> {
    try {
      const response = await deps.fetch('/api/session')
      if (!response.ok) throw new Error(await reasonOf(response))
      const state = sessionStateSchema.parse(await response.json())
      // Whoever was in has not logged out here: somebody or something has ended it.
      take(state, view.kind === 'in' || (view.kind === 'out' && view.hasEnded))
    } catch {
      // The page's header shows that the line is cut; who was logged in may still be.
      if (view.kind === 'asking') show({ kind: 'unreachable' })
    }
  }

  return {
    view: () => view,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    check,
    lineClosed(code) {
      if (view.kind !== 'in') return
      // At once: what was on the screen is not for whoever sits there now. `check` tells the rest.
      if (code === sessionEndedCode) show({ kind: 'out', needsSetUp: false, hasEnded: true })
      else void check()
    },
    logIn: (given) => send('POST', '/api/session', given),
    setUp: (given) => send('POST', '/api/set-up', given),
    logOut: () => send('DELETE', '/api/session'),
    noteActivity() {
      if (view.kind !== 'in') return
      const everyMs = Math.min(activityEveryMs, (view.idleMinutes * 60_000) / 4)
      if (deps.now() - toldMs < everyMs) return
      toldMs = deps.now()
      // A failure shows at the live line; the next key tells again.
      deps.fetch('/api/session/activity', { method: 'POST' }).catch(() => {
        toldMs = -Infinity
      })
    },
  }
}

async function reasonOf(response: Response): Promise<string> {
  const said = errorSchema.safeParse(await response.json().catch(() => null))
  return said.success ? said.data.error : `the server answered ${response.status}`
}
