import { expect, test } from 'vitest'
import {
  createTelnetFilter,
  isShellPrompt,
  judgeLine,
  promptOf,
} from '../../../ingest/protocols/telnet-text.ts'
import { logins, type Piece, talk } from '../../support/talk.ts'

const asked: Piece[] = [
  ['server', Uint8Array.of(255, 251, 1)],
  ['server', 'login: '],
  ['client', 'root\r\n'],
  ['server', 'root\r\nPassword: '],
  ['client', 'xc3511\r\n'],
]

test.each<{ name: string; pieces: Piece[]; told: string[] }>([
  {
    name: 'a refusal in words',
    pieces: [...asked, ['server', '\r\nLogin incorrect\r\nlogin: ']],
    told: ['failure refused'],
  },
  {
    name: 'a refusal by the prompt again',
    pieces: [...asked, ['server', '\r\nPassword: ']],
    told: ['failure prompt-again'],
  },
  {
    name: 'three tries at one password prompt',
    pieces: [
      ['server', 'Password: '],
      ['client', 'a\r\n'],
      ['server', '\r\nPassword: '],
      ['client', 'b\r\n'],
      ['server', '\r\nPassword: '],
      ['client', 'c\r\n'],
      ['server', '\r\n% Bad passwords\r\n'],
    ],
    told: ['failure prompt-again', 'failure prompt-again', 'failure refused'],
  },
  {
    name: 'a shell',
    pieces: [...asked, ['server', '\r\n\r\nBusyBox v1.2\r\n# ']],
    told: ['success shell'],
  },
  {
    name: 'a router',
    pieces: [
      ['server', '\r\nUser Access Verification\r\n\r\nUsername: '],
      ['client', 'admin\r\n'],
      ['server', 'admin\r\nPassword: '],
      ['client', 'x\r\n'],
      ['server', '\r\nrouter>'],
    ],
    told: ['success shell'],
  },
  {
    name: 'a greeting that tells of earlier failures',
    pieces: [
      ...asked,
      ['server', '\r\nThere were 3 failed login attempts since the last successful login.\r\n'],
    ],
    told: ['success greeting'],
  },
  {
    name: 'a greeting in other words',
    pieces: [...asked, ['server', '\r\none\r\ntwo\r\nthree\r\n']],
    told: ['success greeting'],
  },
  {
    name: 'a password that has expired',
    pieces: [...asked, ['server', '\r\nYour password has expired.\r\nNew password: ']],
    told: ['success password-change'],
  },
  {
    name: 'a user let in without a password',
    pieces: [
      ['server', 'login: '],
      ['client', 'root\r\n'],
      ['server', 'root\r\n# '],
    ],
    told: ['success shell'],
  },
  {
    name: 'a user whose name is a greeting',
    pieces: [
      ['server', 'login: '],
      ['client', 'welcome\r\n'],
      ['server', 'welcome\r\nPassword: '],
      ['client', 'x\r\n'],
      ['server', '\r\nAccess denied\r\n'],
    ],
    told: ['failure refused'],
  },
  { name: 'an end without an answer', pieces: asked, told: ['unknown closed'] },
  {
    name: 'an answer that was not captured',
    pieces: [...asked, ['server', { gap: 12 }], ['server', 'x']],
    told: ['unknown gap'],
  },
  {
    name: 'no attempt at the user prompt again',
    pieces: [
      ['server', 'login: '],
      ['client', '\r\n'],
      ['server', '\r\nlogin: '],
      ['client', 'a\r\n'],
      ['server', 'a\r\nlogin: '],
    ],
    told: [],
  },
])('tells $name', ({ pieces, told }) => {
  const played = talk(pieces, { respPort: 23 })
  expect(logins(played)).toEqual(told)
  expect(played.service).toBe('telnet')
})

test('asks no more after the log-in: what is typed into the shell is no attempt', () => {
  const played = talk(
    [
      ...asked,
      ['server', '\r\n# '],
      ['client', 'su\r\n'],
      ['server', 'Password: '],
      ['client', 'b\r\n'],
      ['server', 'incorrect\r\n'],
    ],
    { respPort: 23 },
  )
  expect(logins(played)).toEqual(['success shell'])
})

test('is recognised on any port by its option negotiation, without it only on its own', () => {
  expect(
    talk([['server', Uint8Array.of(255, 253, 24, 255, 253, 31)]], { respPort: 902 }).service,
  ).toBe('telnet')
  expect(talk([['server', 'login: ']], { respPort: 902 }).service).toBe(null)
  expect(talk([['server', Uint8Array.of(1, 2, 3)]], { respPort: 23 }).service).toBe(null)
})

test('takes commands, options and sub-negotiations out and leaves the data byte 255', () => {
  const filter = createTelnetFilter()
  const bytes = [
    65, 255, 251, 1, 66, 255, 250, 24, 255, 255, 0, 255, 240, 67, 255, 255, 255, 241, 68,
  ]
  expect(bytes.map((byte) => filter.take(byte)).filter((byte) => byte >= 0)).toEqual([
    65, 66, 67, 255, 68,
  ])
})

test.each([
  { tail: 'pump login:', prompt: 'user' },
  { tail: '\u001b[2jusername:', prompt: 'user' },
  { tail: 'user:', prompt: 'user' },
  { tail: 'last login:', prompt: null },
  { tail: 'last unsuccessful login:', prompt: null },
  { tail: "root's password:", prompt: 'password' },
  { tail: 'password for root:', prompt: 'password' },
  { tail: 'enter new password:', prompt: 'new-password' },
  { tail: 'note:', prompt: null },
])('takes "$tail" for the prompt $prompt', ({ tail, prompt }) => {
  expect(promptOf(tail)).toBe(prompt)
})

test('tells a shell prompt from other text', () => {
  expect(['# ', 'pump$', 'router> ', 'host% '].map(isShellPrompt)).toEqual([true, true, true, true])
  expect(['% ', 'hello', ''].map(isShellPrompt)).toEqual([false, false, false])
})

test('says nothing about a line that says nothing', () => {
  expect(judgeLine('warning: no kerberos tickets issued.')).toBe(null)
})
