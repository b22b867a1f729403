import type { Kysely, Selectable, Transaction } from 'kysely'
import { z } from 'zod'
import { WardwatchError } from '../records/errors.ts'
import { type AccessStore, type SessionRow, type UserRow, userRoles } from './access-store.ts'
import type { AccountTable, SessionTable } from './sql-access-tables.ts'
import { appendAudit } from './sql-audit.ts'
import type { StateTables } from './sql.ts'

type Database = Kysely<StateTables>
type Tx = Transaction<StateTables>

/** Queries of users and sessions; errors of the database pass through. */
export function createAccessRows(db: Database): AccessStore {
  return { ...userQueries(db), ...linkQueries(db), ...sessionQueries(db) }
}

function userQueries(db: Database) {
  return {
    users: async () =>
      (await db.selectFrom('account').selectAll().orderBy('name').execute()).map(userOf),
    userNamed: async (name) => {
      const row = await db
        .selectFrom('account')
        .selectAll()
        .where('name', '=', name)
        .executeTakeFirst()
      return row === undefined ? null : userOf(row)
    },
    addUser: (user, audit) =>
      db.transaction().execute(async (tx) => {
        if (!(await insertUser(tx, user))) return 'name-taken'
        await appendAudit(tx, audit)
        return 'done'
      }),
    changeUser: (id, { role, passwordHash, isDisabled }, audit) =>
      db.transaction().execute(async (tx) => {
        const found = await tx
          .selectFrom('account')
          .selectAll()
          .where('id', '=', id)
          .executeTakeFirst()
        if (found === undefined) return 'no-such-user'
        const before = userOf(found)
        const isAdmin = (role ?? before.role) === 'admin' && !(isDisabled ?? before.isDisabled)
        const wasAdmin = before.role === 'admin' && !before.isDisabled
        if (wasAdmin && !isAdmin && (await activeAdmins(tx)) === 1) return 'last-admin'
        await tx
          .updateTable('account')
          .set({
            role: role ?? before.role,
            password_hash: passwordHash ?? before.passwordHash,
            is_disabled: (isDisabled ?? before.isDisabled) ? 1 : 0,
            changed_ms: audit.atMs,
          })
          .where('id', '=', id)
          .execute()
        await tx.deleteFrom('session').where('account_id', '=', id).execute()
        await appendAudit(tx, audit)
        return 'done'
      }),
  } satisfies Partial<AccessStore>
}

function linkQueries(db: Database) {
  return {
    putSetUpLink: async (hash, expiresMs) => {
      const values = { hash, expires_ms: expiresMs }
      await db
        .insertInto('set_up_link')
        .values({ name: 'set-up', ...values })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
        .execute()
    },
    useSetUpLink: (hash, user, session, audit) =>
      db
        .transaction()
        .execute(async (tx) => {
          // Taking the row out is what makes the link good for one: a second caller finds none.
          const taken = await tx
            .deleteFrom('set_up_link')
            .where('hash', '=', hash)
            .where('expires_ms', '>', audit.atMs)
            .executeTakeFirst()
          if (taken.numDeletedRows !== 1n || (await activeAdmins(tx)) > 0) return 'link-gone'
          if (!(await insertUser(tx, user))) throw new NameTaken()
          await insertSession(tx, session)
          await appendAudit(tx, audit)
          return 'done'
        })
        .catch((error: unknown) => {
          // The transaction was rolled back, so the link is still good for another name.
          if (error instanceof NameTaken) return 'name-taken'
          throw error
        }),
  } satisfies Partial<AccessStore>
}

function sessionQueries(db: Database) {
  return {
    openSession: (session, audit) =>
      db.transaction().execute(async (tx) => {
        await insertSession(tx, session)
        await appendAudit(tx, audit)
      }),
    session: async (hash) => {
      const session = await db
        .selectFrom('session')
        .selectAll()
        .where('hash', '=', hash)
        .executeTakeFirst()
      if (session === undefined) return null
      const user = await db
        .selectFrom('account')
        .selectAll()
        .where('id', '=', session.account_id)
        .executeTakeFirst()
      return user === undefined ? null : { session: sessionOf(session), user: userOf(user) }
    },
    sessionsAmong: async (hashes) => {
      if (hashes.length === 0) return []
      const rows = await db
        .selectFrom('session')
        .innerJoin('account', 'account.id', 'session.account_id')
        .selectAll('session')
        .where('session.hash', 'in', hashes)
        .where('account.is_disabled', '=', 0)
        .execute()
      return rows.map(sessionOf)
    },
    sessionsOf: async (userId) => {
      const rows = await db
        .selectFrom('session')
        .selectAll()
        .where('account_id', '=', userId)
        .orderBy('active_ms', 'desc')
        .execute()
      return rows.map(sessionOf)
    },
    noteActivity: async (hash, activeMs) => {
      await db
        .updateTable('session')
        .set({ active_ms: activeMs })
        .where('hash', '=', hash)
        .where('active_ms', '<', activeMs)
        .execute()
    },
    endSession: (hash, audit) =>
      db.transaction().execute(async (tx) => {
        const ended = await tx.deleteFrom('session').where('hash', '=', hash).executeTakeFirst()
        if (ended.numDeletedRows > 0n) await appendAudit(tx, audit)
      }),
    endSessionsOf: (userId, except, audit) =>
      db.transaction().execute(async (tx) => {
        const ended = await tx
          .deleteFrom('session')
          .where('account_id', '=', userId)
          .where('hash', '!=', except ?? '')
          .executeTakeFirst()
        await appendAudit(tx, audit)
        return Number(ended.numDeletedRows)
      }),
    dropSessions: async ({ createdBeforeMs, activeBeforeMs }) => {
      await db
        .deleteFrom('session')
        .where((eb) =>
          eb.or([eb('created_ms', '<', createdBeforeMs), eb('active_ms', '<', activeBeforeMs)]),
        )
        .execute()
    },
  } satisfies Partial<AccessStore>
}

class NameTaken extends Error {}

/** False when the name is taken. */
async function insertUser(tx: Tx, user: UserRow): Promise<boolean> {
  const inserted = await tx
    .insertInto('account')
    .values({
      id: user.id,
      name: user.name,
      role: user.role,
      password_hash: user.passwordHash,
      is_disabled: user.isDisabled ? 1 : 0,
      created_ms: user.createdMs,
      changed_ms: user.changedMs,
    })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirst()
  return inserted.numInsertedOrUpdatedRows === 1n
}

async function insertSession(tx: Tx, session: SessionRow): Promise<void> {
  await tx
    .insertInto('session')
    .values({
      hash: session.hash,
      account_id: session.userId,
      created_ms: session.createdMs,
      active_ms: session.activeMs,
      from: session.from,
      agent: session.agent.slice(0, 256),
    })
    .execute()
}

async function activeAdmins(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom('account')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('role', '=', 'admin')
    .where('is_disabled', '=', 0)
    .executeTakeFirstOrThrow()
  return row.count
}

const roleSchema = z.enum(userRoles)

/** @throws WardwatchError STATE_INCOMPATIBLE for a role that this program does not know: nobody guesses rights. */
function userOf(row: Selectable<AccountTable>): UserRow {
  const role = roleSchema.safeParse(row.role)
  if (!role.success) {
    throw new WardwatchError(
      'STATE_INCOMPATIBLE',
      'a row of account has a role that this program does not know: restore the back-up',
      { cause: role.error },
    )
  }
  return {
    id: row.id,
    name: row.name,
    role: role.data,
    passwordHash: row.password_hash,
    isDisabled: row.is_disabled !== 0,
    createdMs: row.created_ms,
    changedMs: row.changed_ms,
  }
}

function sessionOf(row: Selectable<SessionTable>): SessionRow {
  return {
    hash: row.hash,
    userId: row.account_id,
    createdMs: row.created_ms,
    activeMs: row.active_ms,
    from: row.from,
    agent: row.agent,
  }
}
