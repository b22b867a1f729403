import { expect, test } from 'vitest'
import { logins, type Piece, talk } from '../../support/talk.ts'
import { transcripts } from '../../support/transcripts.ts'

const greeting: Piece = ['server', '220 ready\r\n']
const asked: Piece[] = [greeting, ['client', 'USER a\r\n'], ['server', '331 password\r\n']]

test.each<{ name: string; pieces: Piece[]; told: string[] }>([
  {
    name: 'a refused password',
    pieces: [...asked, ['client', 'PASS b\r\n'], ['server', '530 no\r\n']],
    told: ['failure 530'],
  },
  {
    name: 'a taken password',
    pieces: [...asked, ['client', 'pass b\r\n'], ['server', '230 in\r\n']],
    told: ['success 230'],
  },
  {
    name: 'a user without a password',
    pieces: [greeting, ['client', 'USER a\r\n'], ['server', '230 in\r\n']],
    told: ['success 230'],
  },
  {
    name: 'a refused user',
    pieces: [greeting, ['client', 'USER a\r\n'], ['server', '530 anonymous only\r\n']],
    told: ['failure 530'],
  },
  {
    name: 'a server that has had enough',
    pieces: [...asked, ['client', 'PASS b\r\n'], ['server', '421 too many\r\n']],
    told: ['unknown 421'],
  },
  {
    name: 'a password without an answer',
    pieces: [...asked, ['client', 'PASS b\r\n']],
    told: ['unknown'],
  },
  {
    name: 'an account after the password',
    pieces: [
      ...asked,
      ['client', 'PASS b\r\n'],
      ['server', '332 account\r\n'],
      ['client', 'ACCT c\r\n'],
      ['server', '230 in\r\n'],
    ],
    told: ['success 230'],
  },
  {
    name: 'refusals of other commands',
    pieces: [
      ...asked,
      ['client', 'PASS b\r\n'],
      ['server', '230 in\r\n'],
      ['client', 'RETR x\r\n'],
      ['server', '150 open\r\n550 no such file\r\n'],
    ],
    told: ['success 230'],
  },
  {
    name: 'commands sent ahead',
    pieces: [
      greeting,
      ['client', 'USER a\r\nPASS b\r\nUSER a\r\nPASS c\r\n'],
      ['server', '331 go\r\n530 no\r\n331 go\r\n230 in\r\n'],
    ],
    told: ['failure 530', 'success 230'],
  },
  {
    name: 'a reply of several lines',
    pieces: [
      ...asked,
      ['client', 'PASS b\r\n'],
      ['server', '230-hello\r\n530 inside\r\n230 in\r\n'],
    ],
    told: ['success 230'],
  },
  {
    name: 'no attempt at all',
    pieces: [greeting, ['client', 'QUIT\r\n'], ['server', '221 bye\r\n']],
    told: [],
  },
])('tells $name', ({ pieces, told }) => {
  const played = talk(pieces, { respPort: 21 })
  expect(logins(played)).toEqual(told)
  expect(played.rejects).toEqual({})
})

test('reads the greeting of several lines as the name of the server', () => {
  expect(talk(transcripts['ftp']!).summaries[0]).toMatchObject({ server: 'pump FTP' })
})

test('is recognised on another port by the first command after a 220', () => {
  expect(talk(asked, { respPort: 902 }).service).toBe('ftp')
})

test.each<{ name: string; pieces: Piece[] }>([
  {
    name: 'mail',
    pieces: [
      ['server', '220 mx ESMTP\r\n'],
      ['client', 'EHLO me\r\n'],
      ['server', '250 hi\r\n'],
    ],
  },
  {
    name: 'post office',
    pieces: [
      ['server', '+OK ready\r\n'],
      ['client', 'USER a\r\n'],
      ['server', '+OK\r\n'],
    ],
  },
])('leaves $name alone', ({ pieces }) => {
  expect(talk(pieces)).toEqual({ summaries: [], rejects: {}, service: null })
})

test('stops where the connection goes on encrypted', () => {
  const played = talk(
    [
      greeting,
      ['client', 'AUTH TLS\r\n'],
      ['server', '234 go\r\n'],
      ['client', Uint8Array.of(22, 3, 1, 0, 200)],
      ['server', Uint8Array.of(22, 3, 3, 0)],
    ],
    { respPort: 21 },
  )
  expect(played.rejects).toEqual({})
})

test('counts a line that is no reply and one without end', () => {
  expect(talk([greeting, ['server', 'nonsense\r\n']], { respPort: 21 }).rejects).toEqual({
    'ftp-bad-reply': 1,
  })
  const endless = talk([greeting, ['server', new Uint8Array(70_000).fill(65)]], { respPort: 21 })
  expect(endless.rejects).toEqual({ 'ftp-line-too-long': 1 })
})

test('matches replies to what was sent after a hole', () => {
  const played = talk(
    [
      ...asked,
      ['client', 'PASS a\r\n'],
      ['server', { gap: 30 }],
      ['server', '331 again\r\n'],
      ['client', 'PASS c\r\n'],
      ['server', '530 no\r\n'],
    ],
    { respPort: 21 },
  )
  expect(logins(played)).toEqual(['failure 530'])
})
