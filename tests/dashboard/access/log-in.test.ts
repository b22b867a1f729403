import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { logIn, post, setUp, tester } from '../../support/accounts.ts'
import { createPlainPasswords, openDashboard } from '../../support/open-dashboard.ts'

const passwords = createPlainPasswords()
let ward: Awaited<ReturnType<typeof openDashboard>>

const limits = { logInTriesPerMinute: 10, logInTriesPerAddress: 10_000, callsPerMinute: 100_000 }

beforeAll(async () => {
  ward = await openDashboard({ passwords, config: { limits } })
})
afterAll(() => ward.stop())

const tryAs = (name: string, password: string) =>
  post(`${ward.url()}/api/session`, ward.url(), { name, password })
const actions = async () => {
  const entries = await ward.accounts.audit.list({ limit: 1000 })
  return entries.map(({ action, by, details }) => ({ action, by, details }))
}

describe('the set-up link', () => {
  test('is needed while there is no administrator, and nobody can log in', async () => {
    const state: unknown = await (await ward.call('GET', '/api/session')).json()
    expect(state).toMatchObject({ user: null, needsSetUp: true })
    expect((await tryAs('admin', 'admin')).status).toBe(401)
  })

  test('is good for an hour', async () => {
    const link = (await ward.dashboard.setUpLink())!
    ward.moveClock(61 * 60_000)
    await expect(setUp(link)).rejects.toThrow(/403.*prints a new one/)
  })

  test('is replaced by a newer one', async () => {
    const first = (await ward.dashboard.setUpLink())!
    await ward.dashboard.setUpLink()
    await expect(setUp(first)).rejects.toThrow('403')
  })

  test('refuses a name or password that will not do, and stays good', async () => {
    const link = (await ward.dashboard.setUpLink())!
    await expect(setUp(link, { ...tester, password: 'short' })).rejects.toThrow(/400.*password: /)
    await expect(setUp(link, { ...tester, name: 'a b' })).rejects.toThrow(/400.*name: /)
    await expect(setUp(link, { ...tester, name: '../etc' })).rejects.toThrow(/400.*name: /)
    const token = link.split('/').at(-1)!
    expect(JSON.stringify(ward.logger.lines)).not.toContain(token)
    await setUp(link)
    await expect(setUp(link, { ...tester, name: 'second' })).rejects.toThrow('403')
    expect((await actions())[0]).toMatchObject({ action: 'user.set-up', by: tester.name })
  })

  test('is no more once there is an administrator', async () => {
    expect(await ward.dashboard.setUpLink()).toBeNull()
  })
})

describe('log-in', () => {
  test('says the same and checks a hash once, whatever is wrong', async () => {
    await ward.add('leaver', 'analyst')
    const leaver = await ward.accounts.access.userNamed('leaver')
    const entry = {
      atMs: 0,
      by: 'cli:test',
      from: 'local',
      action: 'user.disable',
      object: 'leaver',
      details: {},
    }
    await ward.accounts.access.changeUser(leaver!.id, { isDisabled: true }, entry)
    const answers: unknown[] = []
    for (const [name, password] of [
      ['nobody', tester.password],
      [tester.name, 'wrong'],
      ['leaver', tester.password],
      ['no name at all!', tester.password],
    ] as const) {
      const before = passwords.checked.length
      const answer = await tryAs(name, password)
      answers.push([answer.status, await answer.text(), passwords.checked.length - before])
    }
    expect(answers).toEqual(answers.map(() => [401, '{"error":"name or password is wrong"}', 1]))
  })

  test('is on record, failed or not; a name that nobody has is not, for it may be a password', async () => {
    await tryAs('hunter2 my secret', 'x')
    await tryAs(tester.name.toUpperCase(), tester.password)
    const [success, failure] = await actions()
    expect(success).toMatchObject({ action: 'session.open', by: tester.name })
    expect(failure).toMatchObject({ action: 'session.refuse', by: 'unknown' })
    expect(JSON.stringify(await actions())).not.toContain('hunter2')
  })

  test('refuses the eleventh try of a minute without looking at the password, in parallel too', async () => {
    await ward.add('guessed', 'analyst')
    const before = passwords.checked.length
    const answers = await Promise.all(Array.from({ length: 40 }, () => tryAs('guessed', 'wrong')))
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10)
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(30)
    expect(passwords.checked.length - before).toBe(10)
    for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await tryAs('guessed', tester.password)).status).toBe(429)
    // Another name from the same address goes on.
    await logIn(ward.url())
  })
})

test('more calls than a minute allows are refused, per session and per address', async () => {
  const few = await openDashboard({ passwords, config: { limits: { callsPerMinute: 10 } } })
  try {
    await few.add(tester.name, 'analyst')
    const [one, two] = [await few.sessionOf(tester.name), await few.sessionOf(tester.name)]
    const statuses: number[] = []
    for (let call = 0; call < 12; call++)
      statuses.push((await few.call('GET', '/api/alerts', one)).status)
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429, 429])
    expect((await few.call('GET', '/api/alerts', two)).status).toBe(200)
    const anonymous = await Promise.all([1, 2, 3].map(() => few.call('GET', '/api/session')))
    expect(anonymous.map(({ status }) => status).sort()).toEqual([200, 200, 429])
  } finally {
    await few.stop()
  }
})
