import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { presentAlert } from '../../alerts/present.ts'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import { createSessions } from '../../dashboard/access/sessions.ts'
import type { Passwords } from '../../dashboard/access/passwords.ts'
import { createArgon2Passwords } from '../../dashboard/adapters/argon2.ts'
import { dashboardConfigSchema } from '../../dashboard/config.ts'
import { cookieName } from '../../dashboard/http/cookies.ts'
import { createDashboard } from '../../dashboard/server.ts'
import type { TlsFiles } from '../../dashboard/tls-files.ts'
import type { UserRole } from '../../store/access-store.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { sqliteStoreConfigSchema } from '../../store/config.ts'
import { addUser, type Credentials } from './accounts.ts'
import { testKnowledge } from './knowledge.ts'
import { createQuietLogger } from './quiet-logger.ts'

/** A service of another stage that finds nothing, whatever it is asked. */
const findsNothing = new Proxy({}, { get: () => () => Promise.resolve(null) }) as never

/** A dashboard over an empty state in memory, with every route there is. Its clock can be moved. */
export async function openDashboard(
  options: {
    readonly config?: object
    readonly passwords?: Passwords
    readonly tls?: TlsFiles
  } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'dashboard-'))
  const webRoot = join(folder, 'web')
  await mkdir(join(webRoot, 'assets'), { recursive: true })
  // What lies beside the page is for nobody.
  await writeFile(join(folder, 'secret.txt'), 'planted secret')
  const script = '<script type="module" nonce="__NONCE__" src="/assets/page.js"></script>'
  await writeFile(join(webRoot, 'index.html'), `<!doctype html><title>page</title>${script}`)
  const bus = createMemoryBus(memoryBusConfigSchema.parse({}))
  const logger = createQuietLogger()
  const states = createSqliteStore(sqliteStoreConfigSchema.parse({ path: ':memory:' }), { logger })
  await states.start()
  await bus.start()
  const config = dashboardConfigSchema.parse({ port: 0, ...options.config })
  const { access, audit } = states
  const accounts = { access, audit, passwords: options.passwords ?? createArgon2Passwords() }
  let movedMs = 0
  const now = () => Date.now() + movedMs
  const dashboard = createDashboard(config, {
    bus,
    states,
    logger,
    now,
    webRoot,
    accounts,
    tls: options.tls ?? null,
    present: (row) => presentAlert(row, () => null),
    knowledge: testKnowledge(),
    services: {
      actions: findsNothing,
      series: findsNothing,
      lookup: findsNothing,
      evidence: () => Promise.resolve({ lines: [], files: [], capture: () => new Uint8Array() }),
    },
  })
  await dashboard.start()
  const sessions = createSessions(config.session, { access, now })

  /** A session of a user, without the log-in: where that is not what the test is about. */
  async function sessionOf(name: string, from = '127.0.0.1'): Promise<Credentials> {
    const user = await access.userNamed(name)
    if (user === null) throw new Error(`no user ${name}`)
    const { token, row } = sessions.create(user.id, from, 'test')
    const what = { atMs: now(), by: name, from, action: 'session.open', object: name, details: {} }
    await access.openSession(row, what)
    const origin = dashboard.url()
    return { cookie: `${cookieName(dashboard.port())}=${token}`, origin }
  }

  return {
    dashboard,
    accounts,
    logger,
    now,
    url: () => dashboard.url(),
    moveClock: (ms: number) => (movedMs += ms),
    add: (name: string, role: UserRole) => addUser(accounts, name, role),
    sessionOf,
    call: (method: string, path: string, headers: object = {}, body?: object | string) =>
      fetch(dashboard.url() + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    stop: async () => {
      await dashboard.stop()
      await bus.stop()
      await states.stop()
      await rm(folder, { recursive: true })
    },
  }
}

/** Passwords without the work, for tests that log in often: whoever needs argon2 takes the real ones. */
export function createPlainPasswords(): Passwords & { readonly checked: (string | null)[] } {
  const checked: (string | null)[] = []
  return {
    checked,
    hash: (password) => Promise.resolve(`plain:${password}`),
    verify: (hash, password) => {
      checked.push(hash)
      return Promise.resolve(hash === `plain:${password}`)
    },
  }
}
