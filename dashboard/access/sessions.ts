import type { AccessStore, SessionRow, UserRow } from '../../store/access-store.ts'
import type { Caller } from '../http/route.ts'
import { hashOfToken, isToken, newToken } from './tokens.ts'

export interface Sessions {
  /** A session that is not kept yet: its id goes to the browser, its row to the store. */
  create(userId: string, from: string, agent: string): { token: string; row: SessionRow }
  /** Who calls with this id; null when it names no session in force. */
  callerOf(token: string | undefined): Promise<Caller | null>
  /** The user has done something: the idle time begins anew. */
  noteActivity(sessionHash: string): Promise<void>
  /** Of these sessions, those in force. */
  inForce(hashes: readonly string[]): Promise<ReadonlySet<string>>
  /** Sessions of a user in force, newest activity first. */
  of(userId: string): Promise<SessionRow[]>
  /** Removes rows of sessions that are over. */
  drop(): Promise<void>
}

/** The store is told of activity at most this often, in ms. */
const activityEveryMs = 15_000
const minuteMs = 60_000

/**
 * Sessions: 256 random bits that only the browser knows, a row with their hash, over after idle or absolute time, or when
 * the row is gone. A log-in always makes a new one, so an id from before log-in is never good (session fixation).
 */
export function createSessions(
  config: { readonly idleMinutes: number; readonly absoluteHours: number },
  deps: {
    readonly access: Pick<
      AccessStore,
      'session' | 'sessionsAmong' | 'sessionsOf' | 'noteActivity' | 'dropSessions'
    >
    readonly now: () => number
  },
): Sessions {
  const { access, now } = deps
  const idleMs = config.idleMinutes * minuteMs
  const absoluteMs = config.absoluteHours * 60 * minuteMs
  const isInForce = ({ createdMs, activeMs }: SessionRow) =>
    now() - createdMs < absoluteMs && now() - activeMs < idleMs

  return {
    create(userId, from, agent) {
      const token = newToken()
      const at = now()
      const row = { hash: hashOfToken(token), userId, createdMs: at, activeMs: at, from, agent }
      return { token, row }
    },
    async callerOf(token) {
      if (!isToken(token)) return null
      const found = await access.session(hashOfToken(token))
      if (found === null || found.user.isDisabled || !isInForce(found.session)) return null
      return callerFrom(found.user, found.session.hash)
    },
    async noteActivity(sessionHash) {
      const found = await access.session(sessionHash)
      if (found === null || !isInForce(found.session)) return
      if (now() - found.session.activeMs < Math.min(activityEveryMs, idleMs / 4)) return
      await access.noteActivity(sessionHash, now())
    },
    async inForce(hashes) {
      const rows = await access.sessionsAmong(hashes)
      return new Set(rows.filter(isInForce).map(({ hash }) => hash))
    },
    of: async (userId) => (await access.sessionsOf(userId)).filter(isInForce),
    drop: () =>
      access.dropSessions({ createdBeforeMs: now() - absoluteMs, activeBeforeMs: now() - idleMs }),
  }
}

function callerFrom({ id, name, role }: UserRow, sessionHash: string): Caller {
  return { userId: id, name, role, sessionHash }
}
