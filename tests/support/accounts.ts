import { createArgon2Passwords } from '../../dashboard/adapters/argon2.ts'
import type { UserRole } from '../../store/access-store.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { sqliteStoreConfigSchema } from '../../store/config.ts'
import { newUser } from '../../dashboard/access/users.ts'
import { createQuietLogger } from './quiet-logger.ts'

/** Whoever signs in where a test does not care who. */
export const tester = { name: 'tester', password: 'seven green apples' }

/** What a dashboard needs to know of users: an empty database in memory. */
export async function createAccounts() {
  const path = ':memory:'
  const states = createSqliteStore(sqliteStoreConfigSchema.parse({ path }), {
    logger: createQuietLogger(),
  })
  await states.start()
  const { access, audit } = states
  return { access, audit, passwords: createArgon2Passwords(), stop: () => states.stop() }
}

type Accounts = Omit<Awaited<ReturnType<typeof createAccounts>>, 'stop'>

/** A user, as `wardwatch user add` makes one. */
export async function addUser(accounts: Accounts, name: string, role: UserRole): Promise<void> {
  const given = { name, password: tester.password, role }
  const user = await newUser(given, { passwords: accounts.passwords, now: () => 0 })
  const entry = { atMs: 0, by: 'cli:test', from: 'local', action: 'user.add', object: name }
  await accounts.access.addUser(user, { ...entry, details: { role } })
}

/** Header fields that a script sends: the origin with every call that changes something, and its session. */
export interface Credentials {
  readonly cookie: string
  readonly origin: string
  readonly [field: string]: string
}

/** Uses the set-up link, as the page does. */
export async function setUp(link: string, who = tester): Promise<Credentials> {
  const { origin, hash } = new URL(link)
  const token = hash.split('/').at(-1)
  return credentialsOf(await post(`${origin}/api/set-up`, origin, { token, ...who }), origin)
}

/** Logs in by name and password, as the page does. */
export async function logIn(url: string, who = tester): Promise<Credentials> {
  return credentialsOf(await post(`${url}/api/session`, url, who), url)
}

export function post(url: string, origin: string, body: object, headers: object = {}) {
  return fetch(url, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

async function credentialsOf(response: Response, origin: string): Promise<Credentials> {
  const [cookie] = response.headers.getSetCookie()
  if (cookie === undefined) throw new Error(`${response.status} ${await response.text()}`)
  await response.body?.cancel()
  return { cookie: cookie.split(';')[0]!, origin }
}
