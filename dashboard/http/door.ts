import type { IncomingMessage } from 'node:http'
import type { Access } from '../access/access.ts'
import type { DashboardConfig } from '../config.ts'
import { createGuard } from '../guard.ts'
import { createCallLimits } from './call-limits.ts'
import { sessionCookie, tokenIn } from './cookies.ts'
import { createFactsReader } from './facts.ts'
import type { MountDeps } from './mount.ts'
import { type Caller, Refusal } from './route.ts'

/** Path of the live feed. */
const livePath = '/api/live'

export interface Door extends MountDeps {
  /** Lets a WebSocket handshake in. @throws Refusal with the status to answer */
  admitSocket(request: IncomingMessage): Promise<Caller>
}

/**
 * Everything that decides whether a request comes in, for calls and handshakes alike.
 * @param port the port it listens on, known once it does
 */
export function createDoor(config: DashboardConfig, access: Access, port: () => number): Door {
  const guard = createGuard(config, port)
  const limits = createCallLimits(config.limits)
  const factsOf = createFactsReader(config.trustedProxies)
  const callerOf = (request: IncomingMessage) =>
    access.sessions.callerOf(tokenIn(request.headers.cookie, port()))
  return {
    guard,
    limits,
    factsOf,
    callerOf,
    noteActivity: ({ sessionHash }) => access.sessions.noteActivity(sessionHash),
    cookieOf: (token) => sessionCookie(token, port()),
    async admitSocket(request) {
      const facts = factsOf(request)
      const fault = guard.refusesHost(facts) ?? guard.refusesSocket(facts)
      if (fault !== null) throw new Refusal(403, fault)
      if (request.url !== livePath) throw new Refusal(404, 'not found')
      const caller = await callerOf(request)
      await limits.count(caller, facts.from)
      if (caller === null) throw new Refusal(401, 'log in first')
      return caller
    },
  }
}
