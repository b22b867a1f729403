import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { sessionEndedCode, sessionStateSchema } from '../../../dashboard/api.ts'
import { newToken } from '../../../dashboard/access/tokens.ts'
import { cookieName } from '../../../dashboard/http/cookies.ts'
import type { AuditEntry } from '../../../store/audit-store.ts'
import { type Credentials, logIn, post, tester } from '../../support/accounts.ts'
import { createPlainPasswords, openDashboard } from '../../support/open-dashboard.ts'

let ward: Awaited<ReturnType<typeof openDashboard>>

beforeAll(async () => {
  ward = await openDashboard({ passwords: createPlainPasswords() })
  await ward.add(tester.name, 'admin')
})
afterAll(() => ward.stop())

const entry: AuditEntry = {
  atMs: 0,
  by: 'cli:test',
  from: 'local',
  action: 'test',
  object: '',
  details: {},
}
const isIn = async ({ cookie }: { cookie: string }) => {
  const answer = await ward.call('GET', '/api/session', { cookie, 'sec-fetch-site': 'same-origin' })
  return sessionStateSchema.parse(await answer.json()).user !== null
}
const minuteMs = 60_000

/** An open live connection, and the code it is closed with. */
async function openLine(credentials: Credentials) {
  const socket = new WebSocket(`${ward.url().replace('http', 'ws')}/api/live`, {
    headers: credentials,
  })
  const closed = Promise.withResolvers<number>()
  socket.on('close', (code) => closed.resolve(code))
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject))
  return { closed: closed.promise }
}

describe('a session', () => {
  test('is a cookie that only this host and no script gets, over encrypted or local lines, from our own pages', async () => {
    const answer = await post(`${ward.url()}/api/session`, ward.url(), tester)
    const name = cookieName(Number(new URL(ward.url()).port))
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        new RegExp(`^${name}=[\\w-]{43}; Path=/; HttpOnly; Secure; SameSite=Strict$`),
      ),
    ])
    expect(name).toMatch(/^__Host-/)
  })

  test('is kept as a hash only', async () => {
    const { cookie } = await logIn(ward.url())
    const token = cookie.split('=')[1]!
    const user = await ward.accounts.access.userNamed(tester.name)
    const kept = JSON.stringify(await ward.accounts.access.sessionsOf(user!.id))
    const log = JSON.stringify(ward.logger.lines)
    const audit = JSON.stringify(await ward.accounts.audit.list({ limit: 100 }))
    for (const text of [kept, log, audit]) expect(text).not.toContain(token)
  })

  test('that a browser brings to log-in is good for nothing before or after it', async () => {
    const name = cookieName(Number(new URL(ward.url()).port))
    const planted = { cookie: `${name}=${newToken()}`, origin: ward.url() }
    expect(await isIn(planted)).toBe(false)
    const answer = await post(`${ward.url()}/api/session`, ward.url(), tester, planted)
    expect(answer.headers.getSetCookie()[0]).not.toContain(planted.cookie)
    expect(await isIn(planted)).toBe(false)
  })

  test('is left behind when the browser logs in again', async () => {
    const before = await logIn(ward.url())
    const answer = await post(`${ward.url()}/api/session`, ward.url(), tester, before)
    expect(answer.status).toBe(200)
    expect(await isIn(before)).toBe(false)
  })

  test('goes on while there is activity, and ends after 15 minutes without', async () => {
    const credentials = await ward.sessionOf(tester.name)
    for (let minutes = 0; minutes < 60; minutes += 10) {
      ward.moveClock(10 * minuteMs)
      const answer = await ward.call('POST', '/api/session/activity', {
        ...credentials,
        'sec-fetch-site': 'same-origin',
      })
      expect(answer.status).toBe(200)
    }
    ward.moveClock(16 * minuteMs)
    expect(await isIn(credentials)).toBe(false)
  })

  test('is not kept alive by what a page asks by itself', async () => {
    const credentials = await ward.sessionOf(tester.name)
    ward.moveClock(10 * minuteMs)
    expect(await isIn(credentials)).toBe(true)
    ward.moveClock(6 * minuteMs)
    expect(await isIn(credentials)).toBe(false)
  })

  test('is kept alive by the calls of a script', async () => {
    const { cookie } = await ward.sessionOf(tester.name)
    for (let step = 0; step < 3; step++) {
      ward.moveClock(10 * minuteMs)
      expect((await ward.call('GET', '/api/alerts', { cookie })).status).toBe(200)
    }
  })

  test('ends after 12 hours whatever happens', async () => {
    const credentials = await ward.sessionOf(tester.name)
    for (let step = 0; step < 72; step++) {
      expect(await isIn(credentials), `after ${step * 10} minutes`).toBe(true)
      ward.moveClock(10 * minuteMs)
      await ward.call('POST', '/api/session/activity', credentials)
    }
    expect(await isIn(credentials)).toBe(false)
  })
})

describe('a live connection', () => {
  test('without a session is refused', async () => {
    await expect(openLine({ cookie: '', origin: ward.url() })).rejects.toThrow('401')
  })

  const user = () => ward.accounts.access.userNamed(tester.name)
  test.each([
    { name: 'log-out', end: (own: Credentials) => ward.call('DELETE', '/api/session', own) },
    {
      name: 'log-out everywhere else',
      end: async () => ward.call('DELETE', '/api/sessions', await ward.sessionOf(tester.name)),
    },
    {
      name: 'a new log-in in its browser',
      end: (own: Credentials) => post(`${ward.url()}/api/session`, ward.url(), tester, own),
    },
    {
      name: 'a new password',
      end: (own: Credentials) =>
        ward.call('PUT', '/api/account/password', own, {
          password: tester.password,
          newPassword: tester.password,
        }),
    },
    {
      name: 'revocation by another process',
      end: async () => ward.accounts.access.endSessionsOf((await user())!.id, null, entry),
    },
    {
      name: 'a new role given by another process',
      end: async () =>
        ward.accounts.access.changeUser((await user())!.id, { role: 'admin' }, entry),
    },
    { name: 'idle time', end: () => Promise.resolve(ward.moveClock(16 * minuteMs)) },
  ])('is closed by $name', async ({ end }) => {
    const own = await ward.sessionOf(tester.name)
    const { closed } = await openLine(own)
    const startMs = performance.now()
    await end(own)
    expect(await closed).toBe(sessionEndedCode)
    // Promised within a second; the rest is for a loaded machine.
    expect(performance.now() - startMs).toBeLessThan(5000)
    await vi.waitFor(() => expect(ward.dashboard.clientCount()).toBe(0))
    expect(await isIn(own)).toBe(false)
  })

  test('of a disabled user is closed', async () => {
    await ward.add('leaver', 'analyst')
    const own = await ward.sessionOf('leaver')
    const { closed } = await openLine(own)
    const leaver = await ward.accounts.access.userNamed('leaver')
    await ward.accounts.access.changeUser(leaver!.id, { isDisabled: true }, entry)
    expect(await closed).toBe(sessionEndedCode)
    const again = await post(`${ward.url()}/api/session`, ward.url(), { ...tester, name: 'leaver' })
    expect(again.status).toBe(401)
  })
})

describe('the own account', () => {
  test('lists its sessions and ends one of them, and no one else’s', async () => {
    await ward.add('other', 'analyst')
    const [mine, second, foreign] = await Promise.all([
      ward.sessionOf(tester.name),
      ward.sessionOf(tester.name, '10.0.0.9'),
      ward.sessionOf('other'),
    ])
    const list = (await (await ward.call('GET', '/api/sessions', mine)).json()) as {
      sessions: { id: string; isThis: boolean; from: string }[]
    }
    const one = list.sessions.find(({ from }) => from === '10.0.0.9')!
    expect(list.sessions.filter(({ isThis }) => isThis)).toHaveLength(1)
    expect((await ward.call('DELETE', `/api/sessions/${one.id}`, foreign)).status).toBe(404)
    expect(await isIn(second)).toBe(true)
    expect((await ward.call('DELETE', `/api/sessions/${one.id}`, mine)).status).toBe(200)
    expect([await isIn(second), await isIn(mine), await isIn(foreign)]).toEqual([false, true, true])
  })

  test('changes its password: other sessions end, this one goes on under a new id', async () => {
    const [mine, second] = [await ward.sessionOf(tester.name), await ward.sessionOf(tester.name)]
    const change = (password: string, newPassword: string) =>
      ward.call('PUT', '/api/account/password', mine, { password, newPassword })
    expect((await change('wrong', 'eight yellow pears')).status).toBe(401)
    expect((await change(tester.password, 'short')).status).toBe(400)
    const answer = await change(tester.password, 'eight yellow pears')
    const [cookie = ''] = answer.headers.getSetCookie()
    expect([await isIn(mine), await isIn(second)]).toEqual([false, false])
    const renewed = { cookie: cookie.split(';')[0]!, origin: ward.url() }
    expect(await isIn(renewed)).toBe(true)
    await expect(logIn(ward.url())).rejects.toThrow('401')
    await logIn(ward.url(), { ...tester, password: 'eight yellow pears' })
    const back = { password: 'eight yellow pears', newPassword: tester.password }
    expect((await ward.call('PUT', '/api/account/password', renewed, back)).status).toBe(200)
  })
})
