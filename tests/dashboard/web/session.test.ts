import { expect, test } from 'vitest'
import { sessionEndedCode } from '../../../dashboard/api.ts'
import { createSession } from '../../../dashboard/web/data/session.ts'

const state = (user: object | null) => ({ user, needsSetUp: false, idleMinutes: 15 })
const ada = { name: 'ada', role: 'analyst' }

/** A server that answers what it is told; the calls it got. */
function createServer() {
  const calls: string[] = []
  const server = {
    calls,
    status: 200,
    answer: state(ada) as object,
    isDown: false,
    nowMs: 0,
  }
  const session = createSession({
    fetch: (input, init) => {
      calls.push(
        `${init?.method ?? 'GET'} ${input instanceof Request ? input.url : input.toString()}`,
      )
      if (server.isDown) return Promise.reject(new Error('no network'))
      return Promise.resolve(Response.json(server.answer, { status: server.status }))
    },
    now: () => server.nowMs,
  })
  return { server, session }
}

test('knows nobody before the server has answered', async () => {
  const { server, session } = createServer()
  expect(session.view()).toEqual({ kind: 'asking' })
  server.isDown = true
  await session.check()
  expect(session.view()).toEqual({ kind: 'unreachable' })
  server.isDown = false
  await session.check()
  expect(session.view()).toEqual({ kind: 'in', user: ada, idleMinutes: 15 })
})

test('a server that does not answer logs nobody out', async () => {
  const { server, session } = createServer()
  await session.check()
  server.isDown = true
  session.lineClosed(1006)
  await session.check()
  expect(session.view().kind).toBe('in')
})

test('is over at once when the line says so, and after a question when it only broke', async () => {
  const { server, session } = createServer()
  await session.check()
  server.answer = state(null)
  session.lineClosed(sessionEndedCode)
  expect(session.view()).toEqual({ kind: 'out', needsSetUp: false, hasEnded: true })
  server.answer = state(ada)
  await session.check()
  server.answer = state(null)
  session.lineClosed(1006)
  expect(session.view().kind).toBe('in')
  await session.check()
  expect(session.view()).toMatchObject({ kind: 'out', hasEnded: true })
})

test('says what the server says when log-in fails, and stays out', async () => {
  const { server, session } = createServer()
  server.answer = state(null)
  await session.check()
  server.status = 401
  server.answer = { error: 'name or password is wrong' }
  expect(await session.logIn({ name: 'ada', password: 'x' })).toBe('name or password is wrong')
  expect(session.view()).toMatchObject({ kind: 'out', hasEnded: false })
})

test('tells of activity once a minute, again after a failure, and not when nobody is logged in', async () => {
  const { server, session } = createServer()
  const told = () => server.calls.filter((call) => call.startsWith('POST')).length
  session.noteActivity()
  expect(told()).toBe(0)
  await session.check()
  for (server.nowMs = 0; server.nowMs < 150_000; server.nowMs += 1000) session.noteActivity()
  expect(told()).toBe(3)
  server.isDown = true
  server.nowMs += 60_000
  session.noteActivity()
  await Promise.resolve()
  await Promise.resolve()
  session.noteActivity()
  expect(told()).toBe(5)
})
