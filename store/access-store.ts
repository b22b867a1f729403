import type { AuditEntry } from './audit-store.ts'

// Users, their sessions, and the link that makes the first of them. Secrets are never kept: of a password its argon2id
// hash, of a session's id and of the set-up link their SHA-256. Every change is written with its audit row.

export const userRoles = ['admin', 'analyst', 'auditor'] as const
export type UserRole = (typeof userRoles)[number]

export interface UserRow {
  readonly id: string
  /** Unique, in lower case. */
  readonly name: string
  readonly role: UserRole
  /** argon2id, in PHC string format. */
  readonly passwordHash: string
  readonly isDisabled: boolean
  readonly createdMs: number
  readonly changedMs: number
}

export interface SessionRow {
  /** SHA-256 of the session's id, hex. */
  readonly hash: string
  readonly userId: string
  /** Wall clock at log-in, ms since the epoch. */
  readonly createdMs: number
  /** Wall clock of the user's last activity. */
  readonly activeMs: number
  readonly from: string
  /** User-Agent header at log-in, cut at 256 characters. */
  readonly agent: string
}

/** What of a user can change; whatever changes, the user's sessions end. */
export interface UserChange {
  readonly role?: UserRole
  readonly passwordHash?: string
  readonly isDisabled?: boolean
}

/** Why a user could not be added or changed. */
export type UserOutcome = 'done' | 'name-taken' | 'no-such-user' | 'last-admin'

export interface AccessStore {
  users(): Promise<UserRow[]>
  userNamed(name: string): Promise<UserRow | null>
  addUser(user: UserRow, audit: AuditEntry): Promise<UserOutcome>
  /** Ends all sessions of the user. `last-admin`: nobody would be left who could undo it. */
  changeUser(id: string, change: UserChange, audit: AuditEntry): Promise<UserOutcome>

  /** Replaces the set-up link: one at a time is good. */
  putSetUpLink(hash: string, expiresMs: number): Promise<void>
  /**
   * Uses up the link, makes the user and opens the session. `link-gone`: there is no such link, it is too old, or there
   * is an administrator already. `name-taken` leaves the link as it is.
   */
  useSetUpLink(
    hash: string,
    user: UserRow,
    session: SessionRow,
    audit: AuditEntry,
  ): Promise<'done' | 'link-gone' | 'name-taken'>

  openSession(session: SessionRow, audit: AuditEntry): Promise<void>
  /** The session and its user, disabled or not. */
  session(hash: string): Promise<{ readonly session: SessionRow; readonly user: UserRow } | null>
  /** Of these sessions, those that are kept and whose user is not disabled. */
  sessionsAmong(hashes: readonly string[]): Promise<SessionRow[]>
  sessionsOf(userId: string): Promise<SessionRow[]>
  noteActivity(hash: string, activeMs: number): Promise<void>
  endSession(hash: string, audit: AuditEntry): Promise<void>
  /** Ends all sessions of a user, but the one of hash `except`; resolves to how many. */
  endSessionsOf(userId: string, except: string | null, audit: AuditEntry): Promise<number>
  /** Removes sessions opened before the one time or without activity since the other; both in ms. */
  dropSessions(limits: { createdBeforeMs: number; activeBeforeMs: number }): Promise<void>
}
