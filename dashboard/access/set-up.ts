import type { AccessStore, UserRow } from '../../store/access-store.ts'
import { Refusal } from '../http/route.ts'
import type { Passwords } from './passwords.ts'
import type { Sessions } from './sessions.ts'
import { hashOfToken, isToken, newToken } from './tokens.ts'
import { newUser, userFault } from './users.ts'

const minuteMs = 60_000

/** Whether nobody can log in who could make others: the set-up link is then the only way in. */
export async function needsSetUp(access: Pick<AccessStore, 'users'>): Promise<boolean> {
  const users = await access.users()
  return !users.some(({ role, isDisabled }) => role === 'admin' && !isDisabled)
}

/**
 * A new set-up link, good once and for a while; the one before is good no longer. The token stands behind `#`, which
 * browsers send to nobody: it is in no log and no Referer.
 * @returns null when there is an administrator already
 */
export async function newSetUpLink(
  config: { readonly setUpLinkMinutes: number },
  deps: { readonly access: AccessStore; readonly url: string; readonly now: () => number },
): Promise<string | null> {
  const { access, url, now } = deps
  if (!(await needsSetUp(access))) return null
  const token = newToken()
  await access.putSetUpLink(hashOfToken(token), now() + config.setUpLinkMinutes * minuteMs)
  return `${url}/#/set-up/${token}`
}

/**
 * Uses a link up: makes the first administrator and logs them in.
 * @throws Refusal 400 for a name or a password that will not do, 403 for a link that is not good, 409 for a taken name
 */
export async function useSetUpLink(
  given: {
    readonly token: string
    readonly name: string
    readonly password: string
    readonly from: string
    readonly agent: string
  },
  deps: {
    readonly access: AccessStore
    readonly passwords: Passwords
    readonly sessions: Sessions
    readonly now: () => number
  },
): Promise<{ readonly token: string; readonly user: UserRow }> {
  const { name, password, from, agent } = given
  const { access, sessions, now } = deps
  const linkGone = new Refusal(
    403,
    'this link is not good any more; the server prints a new one when one has run out',
  )
  if (!isToken(given.token) || !(await needsSetUp(access))) throw linkGone
  const fault = userFault(name, password)
  if (fault !== null) throw new Refusal(400, `${fault.field}: ${fault.message}`)
  const user = await newUser({ name, password, role: 'admin' }, deps)
  const { token, row } = sessions.create(user.id, from, agent)
  const outcome = await access.useSetUpLink(hashOfToken(given.token), user, row, {
    atMs: now(),
    by: user.name,
    from,
    action: 'user.set-up',
    object: user.name,
    details: { role: user.role, agent: row.agent },
  })
  if (outcome === 'link-gone') throw linkGone
  if (outcome === 'name-taken') throw new Refusal(409, 'name: there is a user of this name')
  return { token, user }
}
