import { expect, test } from 'vitest'
import { ascii, concat } from '../../../simulator/bytes.ts'
import { type Piece, talk } from '../../support/talk.ts'

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255)
const name = (text: string) =>
  concat(
    ...text.split('.').map((label) => concat(Uint8Array.of(label.length), ascii(label))),
    Uint8Array.of(0),
  )
const head = (flags: number, questions: number, answers: number) =>
  concat(u16(7), u16(flags), u16(questions), u16(answers), u16(0), u16(0))
const question = (text: string, type = 1) => concat(name(text), u16(type), u16(1))
const record = (owner: Uint8Array, type: number, ttl: number, data: Uint8Array) =>
  concat(owner, u16(type), u16(1), u16(0), u16(ttl), u16(data.length), data)
const toQuestion = Uint8Array.of(0xc0, 12)

const answers = (message: Uint8Array, respPort = 53) =>
  talk([['server', message]], { respPort, transport: 'udp' })

test('tells question, aliases, addresses and the least time to live', () => {
  const message = concat(
    head(0x8180, 1, 3),
    question('WWW.Example.com'),
    record(toQuestion, 5, 300, concat(Uint8Array.of(3), ascii('cdn'), Uint8Array.of(0xc0, 16))),
    record(name('cdn.example.com'), 1, 60, Uint8Array.of(192, 0, 2, 1)),
    record(
      name('cdn.example.com'),
      28,
      90,
      Uint8Array.of(0x20, 1, 13, 184, ...new Array<number>(11).fill(0), 1),
    ),
  )
  expect(answers(message)).toEqual({
    service: 'dns',
    rejects: {},
    summaries: [
      {
        service: 'dns',
        event: 'answer',
        outcome: 'success',
        reason: 'NOERROR',
        name: 'www.example.com',
        addresses: '192.0.2.1 2001:db8::1',
        ttlSeconds: 60,
        details: { type: 'A', answers: 3, cname: 'cdn.example.com' },
      },
    ],
  })
})

test.each([
  { code: 2, reason: 'SERVFAIL' },
  { code: 3, reason: 'NXDOMAIN' },
  { code: 5, reason: 'REFUSED' },
  { code: 15, reason: 'RCODE15' },
])('tells $reason as a failure', ({ code, reason }) => {
  expect(answers(concat(head(0x8180 | code, 1, 0), question('a.b'))).summaries).toMatchObject([
    { outcome: 'failure', reason },
  ])
})

test('says nothing of a query, an update and a notification', () => {
  for (const flags of [0x0100, 0xa800, 0xa000]) {
    expect(answers(concat(head(flags, 1, 0), question('a.b')))).toMatchObject({
      service: 'dns',
      summaries: [],
      rejects: {},
    })
  }
})

test('escapes what is not printable and what would look like another name', () => {
  const label = Uint8Array.of(5, 0x41, 0x2e, 0x5c, 0x00, 0xff, 0)
  expect(answers(concat(head(0x8180, 1, 0), label, u16(1), u16(1))).summaries).toMatchObject([
    { name: 'a\\.\\\\\\000\\255' },
  ])
})

test.each([
  {
    name: 'a name that points to itself',
    tail: concat(Uint8Array.of(0xc0, 12), u16(1), u16(1)),
    cause: 'dns-bad-name',
  },
  {
    name: 'a name that points forward',
    tail: concat(Uint8Array.of(0xc0, 14), u16(1), u16(1), name('a')),
    cause: 'dns-bad-name',
  },
  {
    name: 'a label of 64 octets',
    tail: concat(Uint8Array.of(64), new Uint8Array(80)),
    cause: 'dns-bad-name',
  },
  {
    name: 'a name of more than 255 octets',
    tail: concat(
      ...new Array<Uint8Array>(5).fill(concat(Uint8Array.of(63), new Uint8Array(63))),
      Uint8Array.of(0, 0, 1, 0, 1),
    ),
    cause: 'dns-bad-name',
  },
  { name: 'a question that breaks off', tail: concat(name('a'), u16(1)), cause: 'dns-truncated' },
])('counts $name', ({ tail, cause }) => {
  expect(answers(concat(head(0x8180, 1, 0), tail))).toMatchObject({
    summaries: [],
    rejects: { [cause]: 1 },
  })
})

test('tells what it could read of an answer that breaks off', () => {
  const message = concat(
    head(0x8180, 1, 2),
    question('a.b'),
    record(toQuestion, 1, 9, Uint8Array.of(1, 2, 3, 4)),
  )
  expect(answers(message)).toMatchObject({
    summaries: [{ addresses: '1.2.3.4' }],
    rejects: { 'dns-truncated': 1 },
  })
})

test('counts an address of the wrong length', () => {
  const message = concat(
    head(0x8180, 1, 1),
    question('a.b'),
    record(toQuestion, 1, 9, Uint8Array.of(1, 2, 3)),
  )
  expect(answers(message).rejects).toEqual({ 'dns-bad-record': 1 })
})

test('is recognised on another port by its structure, and not in its local dialects', () => {
  const message = concat(head(0x8180, 1, 0), question('a.b'))
  expect(answers(message, 5300).service).toBe('dns')
  for (const port of [5353, 5355, 137]) expect(answers(message, port).service).toBe(null)
})

test('reads messages over TCP, those that are too long to keep skipped', () => {
  const one = concat(head(0x8180, 1, 0), question('a.b'))
  const long = concat(
    head(0x8180, 1, 1),
    question('long.b'),
    record(toQuestion, 16, 9, new Uint8Array(40_000)),
  )
  const framed = (message: Uint8Array): Piece => ['server', concat(u16(message.length), message)]
  const played = talk([framed(one), framed(long), framed(one)], { respPort: 53 })
  expect(played.summaries.map(({ name: text }) => text)).toEqual(['a.b', 'long.b', 'a.b'])
  expect(played.rejects).toEqual({ 'dns-truncated': 1 })
})

test('stops where the next message over TCP cannot be found', () => {
  const bad = talk([['server', concat(u16(30), head(0x8180, 0, 0), new Uint8Array(18), u16(3))]], {
    respPort: 53,
  })
  expect(bad.rejects).toEqual({ 'dns-bad-length': 1 })
})
