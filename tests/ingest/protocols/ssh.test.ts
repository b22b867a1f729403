import { expect, test } from 'vitest'
import { ascii, concat } from '../../../simulator/bytes.ts'
import { logins, type Piece, talk } from '../../support/talk.ts'
import { sshPacket, sshTalk } from '../../support/transcripts.ts'

const keyed = sshTalk(0)

test('tells both banners once', () => {
  const hellos = talk(sshTalk(900)).summaries.filter(({ event }) => event === 'hello')
  expect(hellos).toEqual([
    {
      service: 'ssh',
      event: 'hello',
      client: 'SSH-2.0-OpenSSH_9.6',
      server: 'SSH-2.0-dropbear_2022.83',
      version: '2.0',
    },
  ])
})

test.each([
  {
    name: 'a short small connection as failed',
    talkOf: sshTalk(500),
    stepUs: 1000,
    told: ['failure size'],
  },
  { name: 'a large one as succeeded', talkOf: sshTalk(2000), stepUs: 1000, told: ['success size'] },
  {
    name: 'a large one as succeeded however long it took',
    talkOf: sshTalk(2000),
    stepUs: 60_000_000,
    told: ['success size'],
  },
  {
    name: 'a small one that lasted as unknown',
    talkOf: sshTalk(500),
    stepUs: 2_000_000,
    told: ['unknown duration'],
  },
  {
    name: 'none where it ended before the keys',
    talkOf: keyed.slice(0, 4),
    stepUs: 1000,
    told: [],
  },
  { name: 'none where only banners came', talkOf: keyed.slice(0, 2), stepUs: 1000, told: [] },
])('tells $name', ({ talkOf, stepUs, told }) => {
  expect(logins(talk(talkOf, { stepUs }))).toEqual(told)
})

test.each([
  { bytes: 1599, told: ['failure size'] },
  { bytes: 1600, told: ['success size'] },
])('draws the line at 1,600 encrypted bytes of both sides: $bytes', ({ bytes, told }) => {
  const rest: Piece[] = [
    ['client', new Uint8Array(700)],
    ['server', new Uint8Array(bytes - 700)],
  ]
  expect(logins(talk([...keyed, ...rest]))).toEqual(told)
})

test('counts no key exchange, however large: a post-quantum one alone has 5,000 bytes', () => {
  const exchange: Piece[] = [
    ...keyed.slice(0, 2),
    ['client', concat(sshPacket(20, 1500), sshPacket(30, 1200))],
    ['server', concat(sshPacket(20, 1000), sshPacket(31, 1300), sshPacket(21, 10))],
  ]
  // New keys and the first encrypted bytes in one segment.
  const refused: Piece = ['client', concat(sshPacket(21, 10), new Uint8Array(756))]
  expect(logins(talk([...exchange, refused]))).toEqual(['failure size'])
  expect(logins(talk([...exchange, refused, ['server', new Uint8Array(844)]]))).toEqual([
    'success size',
  ])
})

test('reads lines that a server sends before its banner', () => {
  const played = talk([
    ['server', 'Authorised users only\r\nSSH-2.0-x\r\n'],
    ['client', 'SSH-2.0-y\r\n'],
  ])
  expect(played.summaries).toMatchObject([{ server: 'SSH-2.0-x', client: 'SSH-2.0-y' }])
  const refused = talk([
    ['server', 'Exceeded MaxStartups\r\n'],
    ['client', 'SSH-2.0-y\r\n'],
  ])
  expect(refused.summaries).toEqual([
    { service: 'ssh', event: 'hello', client: 'SSH-2.0-y', version: '2.0' },
  ])
})

test('goes on after a hole inside a packet and judges what it could not see as encrypted', () => {
  const kex = sshPacket(20, 400)
  const holed: Piece[] = [
    ...keyed.slice(0, 2),
    ['client', kex.subarray(0, 100)],
    ['client', { gap: 100 }],
    ['client', kex.subarray(200)],
    ...keyed.slice(3),
  ]
  expect(logins(talk(holed))).toEqual(['failure size'])
})

test('reads only the banners of SSH 1', () => {
  const played = talk([
    ['server', 'SSH-1.5-old\n'],
    ['client', 'SSH-1.5-old\n'],
    ['server', new Uint8Array(9000)],
    ['client', new Uint8Array(9000)],
  ])
  expect(played.summaries).toMatchObject([{ event: 'hello', version: '1.5' }])
  expect(played.rejects).toEqual({})
})

test('counts a packet whose lengths cannot be', () => {
  const bad = concat(ascii('SSH-2.0-x\r\n'), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 4, 20))
  expect(talk([['client', bad]]).rejects).toEqual({ 'ssh-bad-packet': 1 })
})
