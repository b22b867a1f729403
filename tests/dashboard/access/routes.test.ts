import { request } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserRole } from '../../../store/access-store.ts'
import { createPlainPasswords, openDashboard } from '../../support/open-dashboard.ts'

// Made from the table of routes: a new route is in it without anybody thinking of it.

let ward: Awaited<ReturnType<typeof openDashboard>>

beforeAll(async () => {
  ward = await openDashboard({
    passwords: createPlainPasswords(),
    config: { limits: { callsPerMinute: 100_000 } },
  })
  for (const role of ['admin', 'analyst', 'auditor'] as const) await ward.add(role, role)
})
afterAll(() => ward.stop())

/** What each role is for; dashboard/access/roles.ts must say the same. */
const allowed: Readonly<Record<UserRole, readonly string[]>> = {
  admin: ['read', 'change', 'audit', 'admin'],
  analyst: ['read', 'change'],
  auditor: ['read', 'audit'],
}
const pathOf = (path: string) => path.replaceAll(/:\w+/g, 'a'.repeat(64))
const changing = () => ward.dashboard.routes.filter(({ method }) => method !== 'GET')

describe('every route', () => {
  test('but log-in and set-up is closed to who is not logged in', async () => {
    const open: string[] = []
    for (const { method, path } of ward.dashboard.routes) {
      const body = method === 'GET' ? undefined : {}
      const { status } = await ward.call(method, pathOf(path), { origin: ward.url() }, body)
      if (status !== 401) open.push(`${method} ${path}`)
    }
    expect(open.sort()).toEqual(['GET /api/session', 'POST /api/session', 'POST /api/set-up'])
  })

  test.each(['admin', 'analyst', 'auditor'] as const)(
    'lets in of %s what the role is for',
    async (role) => {
      const wrong: string[] = []
      for (const { method, path, requires } of ward.dashboard.routes) {
        const credentials = await ward.sessionOf(role)
        const body = method === 'GET' ? undefined : {}
        const { status } = await ward.call(method, pathOf(path), credentials, body)
        const isLetIn = status !== 401 && status !== 403
        const mayEnter = requires === null || allowed[role].includes(requires)
        // Set-up answers 400 to an empty body, whoever sends it.
        if (isLetIn !== mayEnter) wrong.push(`${method} ${path}: ${status}`)
      }
      expect(wrong).toEqual([])
    },
  )

  test('lets an auditor change nothing but the own session and password', () => {
    const open = changing().filter(({ requires }) => requires === null || requires === 'read')
    expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'DELETE /api/session',
      'DELETE /api/sessions',
      'DELETE /api/sessions/:id',
      'POST /api/session',
      'POST /api/session/activity',
      'POST /api/set-up',
      'PUT /api/account/password',
    ])
  })

  test.each([
    { name: 'without an origin', headers: () => ({}), status: 403 },
    {
      name: 'of another origin',
      headers: () => ({ origin: 'https://attacker.example' }),
      status: 403,
    },
    { name: 'of an opaque origin', headers: () => ({ origin: 'null' }), status: 403 },
    { name: 'of another port', headers: () => ({ origin: 'http://127.0.0.1:1' }), status: 403 },
    {
      name: 'of another site',
      headers: () => ({ origin: ward.url(), 'sec-fetch-site': 'cross-site' }),
      status: 403,
    },
    {
      name: 'as text/plain',
      headers: () => ({ origin: ward.url(), 'content-type': 'text/plain' }),
      status: 415,
    },
    {
      name: 'as a form',
      headers: () => ({ origin: ward.url(), 'content-type': 'application/x-www-form-urlencoded' }),
      status: 415,
    },
  ])('that changes something refuses a call $name', async ({ headers, status }) => {
    const letIn: string[] = []
    const { cookie } = await ward.sessionOf('admin')
    for (const { method, path, body } of changing()) {
      // What takes no body does not look at its type.
      if (status === 415 && body === null) continue
      const answer = await ward.call(method, pathOf(path), { cookie, ...headers() }, '{}')
      if (answer.status !== status) letIn.push(`${method} ${path}: ${answer.status}`)
    }
    expect(letIn).toEqual([])
    expect((await ward.call('GET', '/api/sessions', { cookie })).status).toBe(200)
  })

  test('that reads refuses the page of another site, also one of another port', async () => {
    const { cookie } = await ward.sessionOf('admin')
    for (const site of ['cross-site', 'same-site'])
      for (const { method, path } of ward.dashboard.routes.filter((one) => one.method === 'GET')) {
        const answer = await ward.call(method, pathOf(path), { cookie, 'sec-fetch-site': site })
        expect(answer.status, path).toBe(403)
      }
  })

  test('refuses a body larger than it takes', async () => {
    const { cookie, origin } = await ward.sessionOf('admin')
    const body = { password: 'x', newPassword: 'x'.repeat(70_000) }
    const answer = await ward.call('PUT', '/api/account/password', { cookie, origin }, body)
    expect(answer.status).toBe(413)
  })

  test('leaves the prototype of objects alone', async () => {
    const { cookie, origin } = await ward.sessionOf('admin')
    const body = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
    for (const { method, path } of changing())
      await ward.call(
        method,
        pathOf(path),
        { cookie: '', origin, ...(path === '/api/session' ? {} : { cookie }) },
        body,
      )
    await ward.call('GET', '/api/alerts?__proto__[polluted]=1&constructor[prototype][polluted]=1', {
      cookie,
    })
    expect('polluted' in {}).toBe(false)
  })
})

describe('paths that climb', () => {
  test.each([
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/..%2f..%2f..%2fpackage.json',
    '/assets/%2e%2e%5c%2e%2e%5cpackage.json',
    '/assets/....//....//package.json',
    '/assets//etc/passwd',
    '/%00/etc/passwd',
    '/index.html%00.js',
    '/.sources',
    '/api/alerts/..%2f..%2f..%2fetc%2fpasswd',
    '/api/alerts/..%2f..%2fetc%2fpasswd/evidence.pcap',
    '/api/alerts/%00/evidence.pcap',
    '/api/alerts/..%5c..%5cstate.sqlite/evidence.pcap',
  ])('%s: nothing but an error', async (path) => {
    const credentials = await ward.sessionOf('admin')
    const answer = await ward.call('GET', path, credentials)
    expect([400, 403, 404]).toContain(answer.status)
    expect(Object.keys((await answer.json()) as object)).toEqual(['error'])
  })

  test('of any make never reach what lies beside the page', async () => {
    const { cookie } = await ward.sessionOf('admin')
    const up = fc.constantFrom('..', '%2e%2e', '%252e%252e', '.', '', '....', '..;', '%00', '..%00')
    const between = fc.constantFrom('/', '%2f', '%5c', '\\', '//', '%252f', '/./')
    const start = fc.constantFrom('/', '/assets/', '/api/', '/api/alerts/', '//', '/assets%2f')
    const end = fc.constantFrom('secret.txt', 'secret.txt%00.js', 'secret.txt/evidence.pcap')
    const climb = fc.array(
      fc.tuple(up, between).map(([a, b]) => a + b),
      { maxLength: 6 },
    )
    const path = fc.tuple(start, climb, end).map(([a, parts, c]) => a + parts.join('') + c)
    await fc.assert(
      fc.asyncProperty(path, async (one) => {
        const { status, body } = await rawGet(one, cookie)
        expect(body, one).not.toContain('planted')
        expect(status, one).toBeGreaterThanOrEqual(300)
      }),
      { numRuns: 500, examples: [['/../secret.txt'], ['/assets/../../secret.txt']] },
    )
  })
})

/** A GET of the path as it stands: `fetch` would tidy it up first. */
function rawGet(path: string, cookie: string): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const { hostname, port, host } = new URL(ward.url())
  const asking = request({ hostname, port, path, headers: { host, cookie } }, (response) => {
    let body = ''
    response.on('data', (chunk: Buffer) => (body += chunk.toString()))
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
  })
  asking.on('error', reject)
  asking.end()
  return promise
}
