import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SessionRow, UserRow } from '../../store/access-store.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import type { AuditEntry } from '../../store/audit-store.ts'
import { sqliteStoreConfigSchema } from '../../store/config.ts'
import type { StateStore } from '../../store/state-store.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

let states: StateStore

beforeEach(async () => {
  const config = sqliteStoreConfigSchema.parse({ path: ':memory:' })
  states = createSqliteStore(config, { logger: createQuietLogger() })
  await states.start()
})
afterEach(() => states.stop())

const user = (name: string, role: UserRow['role'] = 'admin'): UserRow => ({
  id: `id-of-${name}`,
  name,
  role,
  passwordHash: 'hash',
  isDisabled: false,
  createdMs: 1,
  changedMs: 1,
})
const session = (hash: string, userId: string, changes: Partial<SessionRow> = {}): SessionRow => ({
  hash,
  userId,
  createdMs: 1000,
  activeMs: 1000,
  from: '10.0.0.1',
  agent: 'browser',
  ...changes,
})
const entry = (object: string, atMs = 1): AuditEntry => ({
  atMs,
  by: 'ada',
  from: 'local',
  action: 'test',
  object,
  details: {},
})
const auditCount = async () => (await states.audit.verify()).count

describe('users', () => {
  test('have names of their own, and what is refused is not on record', async () => {
    const { access } = states
    expect(await access.addUser(user('ada'), entry('ada'))).toBe('done')
    expect(await access.addUser({ ...user('ada'), id: 'other' }, entry('ada'))).toBe('name-taken')
    expect(await access.userNamed('ada')).toEqual(user('ada'))
    expect(await access.userNamed('nobody')).toBeNull()
    expect(await access.users()).toHaveLength(1)
    expect(await auditCount()).toBe(1)
  })

  test('lose their sessions with any change, and only theirs', async () => {
    const { access } = states
    await access.addUser(user('ada'), entry('ada'))
    await access.addUser(user('bob', 'analyst'), entry('bob'))
    await access.openSession(session('a', 'id-of-ada'), entry('ada'))
    await access.openSession(session('b', 'id-of-bob'), entry('bob'))
    const outcome = await access.changeUser('id-of-bob', { role: 'auditor' }, entry('bob', 7))
    expect(outcome).toBe('done')
    expect(await access.session('b')).toBeNull()
    expect((await access.session('a'))?.user.name).toBe('ada')
    expect(await access.userNamed('bob')).toMatchObject({ role: 'auditor', changedMs: 7 })
  })

  test.each([{ isDisabled: true }, { role: 'analyst' as const }])(
    'of whom the last administrator would go (%o) stay as they are',
    async (change) => {
      const { access } = states
      await access.addUser(user('ada'), entry('ada'))
      await access.addUser(user('bob', 'analyst'), entry('bob'))
      expect(await access.changeUser('id-of-ada', change, entry('ada'))).toBe('last-admin')
      await access.changeUser('id-of-bob', { role: 'admin' }, entry('bob'))
      expect(await access.changeUser('id-of-ada', change, entry('ada'))).toBe('done')
      expect(await access.changeUser('nobody', change, entry('ada'))).toBe('no-such-user')
    },
  )
})

describe('the set-up link', () => {
  const useLink = (hash: string, name = 'ada', atMs = 10) =>
    states.access.useSetUpLink(hash, user(name), session('s', `id-of-${name}`), entry(name, atMs))

  test('is good once, before its time is over, for the newest', async () => {
    const { access } = states
    expect(await useLink('link')).toBe('link-gone')
    await access.putSetUpLink('link', 10)
    expect(await useLink('link')).toBe('link-gone')
    await access.putSetUpLink('old', 11)
    await access.putSetUpLink('link', 11)
    expect(await useLink('old')).toBe('link-gone')
    expect(await useLink('link')).toBe('done')
    expect((await access.session('s'))?.user.role).toBe('admin')
    await access.putSetUpLink('second', 11)
    expect(await useLink('second', 'eve')).toBe('link-gone')
    expect((await access.users()).map(({ name }) => name)).toEqual(['ada'])
    expect(await auditCount()).toBe(1)
  })

  test('of two at a time lets one in', async () => {
    await states.access.putSetUpLink('link', 100)
    const outcomes = await Promise.all([useLink('link', 'ada'), useLink('link', 'eve')])
    expect(outcomes.sort()).toEqual(['done', 'link-gone'])
  })

  test('stays good when the name was taken', async () => {
    await states.access.addUser(user('ada', 'analyst'), entry('ada'))
    await states.access.putSetUpLink('link', 100)
    expect(await useLink('link', 'ada')).toBe('name-taken')
    expect(await useLink('link', 'grace')).toBe('done')
  })
})

describe('sessions', () => {
  beforeEach(async () => {
    await states.access.addUser(user('ada'), entry('ada'))
    for (const hash of ['a', 'b', 'c'])
      await states.access.openSession(session(hash, 'id-of-ada'), entry('ada'))
  })
  const hashes = async () => {
    const rows = await states.access.sessionsOf('id-of-ada')
    return rows.map(({ hash }) => hash).sort()
  }

  test('end one by one, or all but one', async () => {
    await states.access.endSession('a', entry('ada'))
    expect(await hashes()).toEqual(['b', 'c'])
    const count = await auditCount()
    await states.access.endSession('a', entry('ada'))
    expect(await auditCount()).toBe(count)
    expect(await states.access.endSessionsOf('id-of-ada', 'c', entry('ada'))).toBe(1)
    expect(await hashes()).toEqual(['c'])
    expect(await states.access.endSessionsOf('id-of-ada', null, entry('ada'))).toBe(1)
    expect(await hashes()).toEqual([])
  })

  test('are looked up by many hashes at a time', async () => {
    const found = await states.access.sessionsAmong(['a', 'c', 'x'])
    expect(found.map(({ hash }) => hash).sort()).toEqual(['a', 'c'])
    expect(await states.access.sessionsAmong([])).toEqual([])
  })

  test('remember the latest activity', async () => {
    await states.access.noteActivity('a', 5000)
    await states.access.noteActivity('a', 4000)
    expect((await states.access.session('a'))?.session.activeMs).toBe(5000)
    const [latest] = await states.access.sessionsOf('id-of-ada')
    expect(latest?.hash).toBe('a')
  })

  test('are dropped when they are over', async () => {
    await states.access.noteActivity('a', 5000)
    await states.access.openSession(
      session('d', 'id-of-ada', { createdMs: 9000, activeMs: 9000 }),
      entry('ada'),
    )
    await states.access.dropSessions({ createdBeforeMs: 1000, activeBeforeMs: 2000 })
    expect(await hashes()).toEqual(['a', 'd'])
    await states.access.dropSessions({ createdBeforeMs: 2000, activeBeforeMs: 0 })
    expect(await hashes()).toEqual(['d'])
  })
})
