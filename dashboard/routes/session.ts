import type { Access } from '../access/access.ts'
import { needsSetUp, useSetUpLink } from '../access/set-up.ts'
import { logInSchema, type SessionState, setUpSchema } from '../api/access.ts'
import { auditOf } from '../audit.ts'
import { defineOpenRoute, defineRoute, type Route } from '../http/route.ts'

/**
 * Log-in, log-out and the set-up link.
 * @param ended tells the live feed that a session is over
 */
export function sessionRoutes(access: Access, ended: (sessionHash: string) => void): Route[] {
  const { sessions, logIn, now, idleMinutes } = access
  const stateOf = async (user: SessionState['user']): Promise<SessionState> => ({
    user: user === null ? null : { name: user.name, role: user.role },
    needsSetUp: user === null && (await needsSetUp(access.access)),
    idleMinutes,
  })

  /** A browser that logs in anew leaves its old session. */
  async function leave(sessionHash: string, by: string, from: string): Promise<void> {
    const what = { action: 'session.close', object: by, details: { why: 'logged in anew' } }
    await access.access.endSession(sessionHash, { atMs: now(), by, from, ...what })
    ended(sessionHash)
  }

  return [
    defineOpenRoute({
      method: 'GET',
      path: '/api/session',
      handle: async (_call, caller) => ({ json: await stateOf(caller) }),
    }),
    defineOpenRoute({
      method: 'POST',
      path: '/api/session',
      body: logInSchema,
      handle: async ({ body, from, agent }, caller) => {
        const { token, user } = await logIn.logIn({ ...body, from, agent })
        if (caller !== null) await leave(caller.sessionHash, caller.name, from)
        await sessions.drop()
        return { json: await stateOf(user), session: token }
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/session',
      requires: 'read',
      handle: async (call, caller) => {
        const what = { atMs: now(), action: 'session.close', object: caller.name }
        await access.access.endSession(caller.sessionHash, auditOf(caller, call, what))
        ended(caller.sessionHash)
        return { json: await stateOf(null), session: null }
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/session/activity',
      requires: 'read',
      // That it is a POST is what counts (dashboard/http/mount.ts).
      handle: () => Promise.resolve({ json: {} }),
    }),
    defineOpenRoute({
      method: 'POST',
      path: '/api/set-up',
      body: setUpSchema,
      handle: async ({ body, from, agent }, caller) => {
        const { token, user } = await useSetUpLink({ ...body, from, agent }, access)
        if (caller !== null) await leave(caller.sessionHash, caller.name, from)
        return { status: 201, json: await stateOf(user), session: token }
      },
    }),
  ]
}
