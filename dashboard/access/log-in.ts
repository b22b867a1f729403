import type { AccessStore, UserRow } from '../../store/access-store.ts'
import type { AuditStore } from '../../store/audit-store.ts'
import { Refusal } from '../http/route.ts'
import { createLogInLimits } from './log-in-limits.ts'
import type { Passwords } from './passwords.ts'
import type { Sessions } from './sessions.ts'
import { userNameSchema } from './users.ts'

export interface LogIn {
  /**
   * Opens a session. @returns its id and user
   * @throws Refusal 401 whatever was wrong, name or password; 429 after too many tries; 503 when too many wait
   */
  logIn(given: {
    readonly name: string
    readonly password: string
    readonly from: string
    readonly agent: string
  }): Promise<{ readonly token: string; readonly user: UserRow }>
  /** For who is logged in and gives the password again. Counted like a log-in. @throws Refusal 401, 429, 503 */
  confirm(name: string, password: string, from: string): Promise<UserRow>
}

/** Names and addresses that have logged in, at most; the oldest go first. */
const knownMax = 10_000

/** Passwords in, sessions out. Every outcome is audited; what failed does not say why. */
export function createLogIn(
  limitsConfig: Parameters<typeof createLogInLimits>[0],
  deps: {
    readonly access: AccessStore
    readonly audit: AuditStore
    readonly passwords: Passwords
    readonly sessions: Sessions
    readonly now: () => number
  },
): LogIn {
  const { access, audit, passwords, sessions, now } = deps
  const limits = createLogInLimits(limitsConfig)
  const known = new Set<string>()

  function remember(pair: string): void {
    known.delete(pair)
    known.add(pair)
    if (known.size > knownMax) known.delete(known.values().next().value!)
  }

  async function check(name: string, password: string, from: string): Promise<UserRow> {
    const named = userNameSchema.safeParse(name)
    // Nobody has a name that cannot be one; it is tried all the same, so that it takes as long.
    const user = named.success ? await access.userNamed(named.data) : null
    const key = user?.name ?? '?'
    const pair = `${key}\n${from}`
    const isKnown = known.has(pair) || (user !== null && (await hasSessionFrom(user.id, from)))
    const wait = await limits.take(named.data ?? '?', from, isKnown)
    if (wait > 0) throw new Refusal(429, `too many tries: wait ${wait} s`, wait)
    const isRight = await passwords.verify(user?.passwordHash ?? null, password)
    if (user === null || user.isDisabled || !isRight) {
      const why = user === null ? 'no such user' : isRight ? 'disabled' : 'wrong password'
      // A name that nobody has may be a password typed into the wrong field: it is not kept.
      const details = { why, user: user?.name ?? null }
      const by = user?.name ?? 'unknown'
      await audit.record({ atMs: now(), by, from, action: 'session.refuse', object: by, details })
      throw new Refusal(401, 'name or password is wrong')
    }
    await limits.succeeded(user.name, from, isKnown)
    remember(pair)
    return user
  }

  async function hasSessionFrom(userId: string, from: string): Promise<boolean> {
    return (await access.sessionsOf(userId)).some((session) => session.from === from)
  }

  return {
    confirm: check,
    async logIn({ name, password, from, agent }) {
      const user = await check(name, password, from)
      const { token, row } = sessions.create(user.id, from, agent)
      const details = { role: user.role, agent: row.agent }
      const [by, object, action] = [user.name, user.name, 'session.open']
      await access.openSession(row, { atMs: now(), by, from, action, object, details })
      return { token, user }
    },
  }
}
