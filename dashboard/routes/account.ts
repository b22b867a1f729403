import type { Access } from '../access/access.ts'
import { passwordFault } from '../access/password-policy.ts'
import { newPasswordSchema, type OwnSessions } from '../api/access.ts'
import { auditOf } from '../audit.ts'
import { defineRoute, Refusal, type Route } from '../http/route.ts'

/**
 * The own account: sessions and password. Whoever is logged in may do this, whatever the role.
 * @param ended tells the live feed that a session is over
 */
export function accountRoutes(access: Access, ended: (sessionHash: string) => void): Route[] {
  const { sessions, logIn, passwords, now } = access
  return [
    defineRoute({
      method: 'GET',
      path: '/api/sessions',
      requires: 'read',
      handle: async (_call, { userId, sessionHash }) => {
        const own = await sessions.of(userId)
        const json: OwnSessions = {
          sessions: own.map(({ hash, createdMs, activeMs, from, agent }) => {
            return { id: hash, isThis: hash === sessionHash, createdMs, activeMs, from, agent }
          }),
        }
        return { json }
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/sessions',
      requires: 'read',
      handle: async (call, caller) => {
        const others = (await sessions.of(caller.userId)).map(({ hash }) => hash)
        const what = { atMs: now(), action: 'session.revoke', object: caller.name }
        const entry = auditOf(caller, call, { ...what, details: { sessions: 'all others' } })
        const count = await access.access.endSessionsOf(caller.userId, caller.sessionHash, entry)
        for (const hash of others) if (hash !== caller.sessionHash) ended(hash)
        return { json: { ended: count } }
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/sessions/:id',
      requires: 'read',
      handle: async (call, caller) => {
        const own = await sessions.of(caller.userId)
        const session = own.find(({ hash }) => hash === call.params['id'])
        if (session === undefined) throw new Refusal(404, 'no such session')
        const what = { atMs: now(), action: 'session.revoke', object: caller.name }
        const details = { openedMs: session.createdMs, openedFrom: session.from }
        await access.access.endSession(session.hash, auditOf(caller, call, { ...what, details }))
        ended(session.hash)
        return { json: { ended: 1 } }
      },
    }),
    defineRoute({
      method: 'PUT',
      path: '/api/account/password',
      requires: 'read',
      body: newPasswordSchema,
      handle: async (call, caller) => {
        const { password, newPassword } = call.body
        const user = await logIn.confirm(caller.name, password, call.from)
        const fault = passwordFault(newPassword, user.name)
        if (fault !== null) throw new Refusal(400, `newPassword: ${fault}`)
        const open = await sessions.of(user.id)
        const passwordHash = await passwords.hash(newPassword)
        const what = { atMs: now(), action: 'user.change-password', object: user.name }
        const entry = auditOf(caller, call, what)
        await access.access.changeUser(user.id, { passwordHash }, entry)
        for (const { hash } of open) ended(hash)
        // Rotated: the id that was in use under the old password is good for nothing now.
        const { token, row } = sessions.create(user.id, call.from, call.agent)
        const reopened = { ...what, action: 'session.open', details: { why: 'new password' } }
        await access.access.openSession(row, auditOf(caller, call, reopened))
        return { json: {}, session: token }
      },
    }),
  ]
}
