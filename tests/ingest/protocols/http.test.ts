import { expect, test } from 'vitest'
import { logins, type Piece, talk, type Talk } from '../../support/talk.ts'
import { transcripts } from '../../support/transcripts.ts'

const statuses = (played: Talk) =>
  played.summaries.filter(({ event }) => event === 'status').map(({ reason }) => reason)

test('tells host, agent and server of a response, never path, query or cookie', () => {
  expect(talk(transcripts['http']!).summaries.slice(0, 2)).toEqual([
    {
      service: 'http',
      event: 'status',
      reason: '401',
      name: 'ehr.example',
      client: 'pump/1',
      server: 'iis',
      details: { method: 'GET' },
    },
    {
      service: 'http',
      event: 'login',
      outcome: 'failure',
      reason: '401',
      name: 'ehr.example',
      client: 'pump/1',
      server: 'iis',
      details: { scheme: 'basic' },
    },
  ])
})

test('reads messages one after another, whatever their bodies hold', () => {
  const played = talk(transcripts['http']!)
  expect(statuses(played)).toEqual(['401', '200', '204'])
  expect(played.rejects).toEqual({})
})

const get = (authorization: string | null) =>
  `GET / HTTP/1.1\r\nHost: a\r\n${authorization === null ? '' : `Authorization: ${authorization}\r\n`}\r\n`
const answer = (code: number, field = '') =>
  `HTTP/1.1 ${code} x\r\n${field}Content-Length: 0\r\n\r\n`

test.each<{ name: string; pieces: Piece[]; told: string[] }>([
  {
    name: 'a refused password',
    pieces: [
      ['client', get('Basic eA==')],
      ['server', answer(401)],
    ],
    told: ['failure 401'],
  },
  {
    name: 'a forbidden account',
    pieces: [
      ['client', get('Digest username="x"')],
      ['server', answer(403)],
    ],
    told: ['failure 403'],
  },
  {
    name: 'a taken password once',
    pieces: [
      ['client', get('Basic eA==') + get('Basic eA==')],
      ['server', answer(200) + answer(302)],
    ],
    told: ['success 200'],
  },
  {
    name: 'a success again after a failure',
    pieces: [
      ['client', get('Basic a').repeat(3)],
      ['server', answer(200) + answer(401) + answer(200)],
    ],
    told: ['success 200', 'failure 401', 'success 200'],
  },
  {
    name: 'a proxy that refuses',
    pieces: [
      ['client', 'GET http://a/ HTTP/1.1\r\nProxy-Authorization: Basic a\r\n\r\n'],
      ['server', answer(407)],
    ],
    told: ['failure 407'],
  },
  {
    name: 'no attempt by a mere challenge',
    pieces: [
      ['client', get(null)],
      ['server', answer(401)],
    ],
    told: [],
  },
  {
    name: 'no attempt with another scheme',
    pieces: [
      ['client', get('Bearer abc')],
      ['server', answer(401)],
    ],
    told: [],
  },
  {
    name: 'no failure when only the nonce was old',
    pieces: [
      ['client', get('Digest a')],
      ['server', answer(401, 'WWW-Authenticate: Digest realm="x", stale=true\r\n')],
    ],
    told: [],
  },
  {
    name: 'nothing by a server error',
    pieces: [
      ['client', get('Basic a')],
      ['server', answer(500)],
    ],
    told: [],
  },
])('tells $name', ({ pieces, told }) => {
  expect(logins(talk(pieces))).toEqual(told)
})

test('takes the answer to HEAD for one without a body', () => {
  const head = 'HEAD / HTTP/1.1\r\n\r\n'
  const played = talk([
    ['client', head + head],
    ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'.repeat(2)],
  ])
  expect(statuses(played)).toEqual(['200', '200'])
})

test('stops at a tunnel', () => {
  const played = talk([
    ['client', 'CONNECT a:443 HTTP/1.1\r\n\r\n'],
    ['server', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['server', Uint8Array.of(22, 3, 3, 0, 9)],
  ])
  expect(statuses(played)).toEqual(['200'])
  expect(played.rejects).toEqual({})
})

test('reads a body until the connection closes', () => {
  const played = talk([
    ['client', get(null)],
    ['server', 'HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 500 no\r\n\r\n'],
  ])
  expect(statuses(played)).toEqual(['200'])
})

test('goes on after a hole in a body and after one in a head', () => {
  const played = talk([
    ['client', get(null).repeat(3)],
    ['server', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012'],
    ['server', { gap: 7 }],
    ['server', 'HTTP/1.1 404 no\r\nServer: '],
    ['server', { gap: 90 }],
    ['server', `x\r\n\r\n${answer(403)}`],
    ['client', get(null)],
  ])
  expect(statuses(played)).toEqual(['200', '403'])
})

test('goes on after a body that was longer than told', () => {
  const played = talk([
    ['client', get(null).repeat(2)],
    ['server', `${answer(200)}surplus\r\n${answer(404)}`],
  ])
  expect(statuses(played)).toEqual(['200', '404'])
  expect(played.rejects).toEqual({ 'http-bad-start-line': 1 })
})

test.each([
  { name: 'RTSP', line: 'OPTIONS rtsp://cam/ RTSP/1.0\r\n' },
  { name: 'SIP', line: 'OPTIONS sip:a SIP/2.0\r\n' },
  { name: 'HTTP/2', line: 'PRI * HTTP/2.0\r\n' },
])('leaves $name alone', ({ line }) => {
  expect(talk([['client', line]]).service).toBe(null)
})

test.each([
  { name: 'an answer that is none', data: 'SSH-2.0-x\r\n', cause: 'http-bad-start-line' },
  {
    name: 'a line without end',
    data: `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`,
    cause: 'http-line-too-long',
  },
  {
    name: 'a head without end',
    data: `HTTP/1.1 200 OK\r\n${`X: ${'a'.repeat(6000)}\r\n`.repeat(50)}`,
    cause: 'http-head-too-long',
  },
  {
    name: 'a chunk without a size',
    data: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    cause: 'http-bad-chunk',
  },
])('counts $name', ({ data, cause }) => {
  expect(
    talk([
      ['client', get(null)],
      ['server', data],
    ]).rejects,
  ).toEqual({ [cause]: 1 })
})

test('counts requests without answers and forgets them', () => {
  expect(talk([['client', get(null).repeat(70)]]).rejects).toEqual({ 'http-pipeline-full': 1 })
})
