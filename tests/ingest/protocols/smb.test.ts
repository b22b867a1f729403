import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verdict } from '../../../ingest/protocol.ts'
import { smb } from '../../../ingest/protocols/smb.ts'
import {
  statusMeaning,
  statusOfDosError,
  statusWord,
} from '../../../ingest/protocols/smb-status.ts'
import { ascii, concat } from '../../../simulator/bytes.ts'
import {
  negotiateAnswer,
  negotiateRequest,
  ntlmAuthenticate,
  ntlmChallenge,
  ntlmNegotiate,
  sessionMessage,
  sessionSetupAnswer,
  sessionSetupRequest,
  smb2Message,
} from '../../../simulator/smb-messages.ts'
import { decode, inPieces, probe, type Step } from '../../support/decode.ts'

const names = { domain: 'WARD', account: 'nurse1', workstation: 'CART7' }
const ask = (bytes: Uint8Array): Step => ({ from: '>', bytes })
const answer = (bytes: Uint8Array): Step => ({ from: '<', bytes })

/** A login with NTLM that ends with this status. */
function login(status: number, sessionFlags = 0): Step[] {
  return [
    ask(negotiateRequest()),
    answer(negotiateAnswer(0x0311)),
    ask(sessionSetupRequest(1, 0, ntlmNegotiate())),
    answer(sessionSetupAnswer(1, 5, 0xc0000016, { blob: ntlmChallenge(new Uint8Array(8)) })),
    ask(sessionSetupRequest(2, 5, ntlmAuthenticate(names))),
    answer(sessionSetupAnswer(2, 5, status, { sessionFlags })),
  ]
}

/** MS-CIFS §2.2.3.1 with three words of a SESSION_SETUP_ANDX answer. */
function smb1Answer(status: readonly number[], flags2: number, action = 0): Uint8Array {
  const head = concat(
    Uint8Array.of(0xff),
    ascii('SMB'),
    Uint8Array.of(0x73, ...status, 0x98, flags2 & 0xff, flags2 >> 8),
    new Uint8Array(20),
  )
  return sessionMessage(concat(head, Uint8Array.of(3, 0xff, 0, 0, 0, action, 0, 0, 0)))
}

describe('SMB2', () => {
  test.each([
    { status: 0, outcome: 'success' },
    { status: 0xc000006d, outcome: 'failure', reason: 'STATUS_LOGON_FAILURE' },
    { status: 0xc0000234, outcome: 'failure', reason: 'STATUS_ACCOUNT_LOCKED_OUT' },
    { status: 0xc0000022, outcome: 'failure', reason: 'STATUS_ACCESS_DENIED' },
    { status: 0xc000000d, outcome: 'unknown', reason: 'STATUS_INVALID_PARAMETER' },
    { status: 0xc0001234, outcome: 'unknown', reason: '0xC0001234' },
  ])('status $status ends a login with $outcome', ({ status, ...expected }) => {
    const { summaries, rejects } = decode(smb, login(status))
    expect(rejects).toEqual([])
    expect(summaries).toEqual([
      { service: 'smb', event: 'login', ...expected, details: { dialect: '3.1.1' } },
    ])
  })

  test('names of the account and its domain do not come out', () => {
    const text = JSON.stringify(decode(smb, login(0)).summaries)
    for (const name of Object.values(names)) expect(text).not.toContain(name)
  })

  test.each([
    { flags: 1, detail: 'guest' },
    { flags: 2, detail: 'anonymous' },
  ])('session flag $flags says $detail', ({ flags, detail }) => {
    expect(decode(smb, login(0, flags)).summaries[0]?.details).toEqual({
      dialect: '3.1.1',
      [detail]: true,
    })
  })

  test('a pending answer is not the end of a login', () => {
    const { summaries } = decode(smb, [
      answer(sessionSetupAnswer(1, 5, 0x103)),
      answer(sessionSetupAnswer(1, 5, 0)),
    ])
    expect(summaries).toHaveLength(1)
  })

  test('other commands, requests, encrypted and compressed messages tell nothing', () => {
    const encrypted = sessionMessage(concat(Uint8Array.of(0xfd), ascii('SMB'), new Uint8Array(100)))
    const compressed = sessionMessage(
      concat(Uint8Array.of(0xfc), ascii('SMB'), new Uint8Array(100)),
    )
    const read = smb2Message(
      { command: 8, isAnswer: true, status: 0xc0000022, messageId: 3 },
      new Uint8Array(5000),
    )
    const echoed = sessionSetupRequest(1, 0, ntlmNegotiate())
    expect(decode(smb, [encrypted, compressed, read, echoed].map(answer))).toEqual({
      summaries: [],
      rejects: [],
      wantsMore: true,
    })
  })

  test('tells the same however the stream is cut', () => {
    const steps = [...login(0xc000006d), ...login(0)]
    const whole = decode(smb, steps)
    expect(whole.summaries.map((s) => s.outcome)).toEqual(['failure', 'success'])
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 }),
        (sizes) => {
          expect(decode(smb, inPieces(steps, sizes))).toEqual(whole)
        },
      ),
    )
  })

  test('after a gap in the middle of a message the next one is found', () => {
    const read = smb2Message({ command: 8, isAnswer: true, messageId: 3 }, new Uint8Array(5000))
    const { summaries } = decode(smb, [
      answer(read.subarray(0, 40)),
      { from: '<', gap: 1460 },
      answer(read.subarray(1500)),
      answer(sessionSetupAnswer(2, 5, 0xc000006d)),
    ])
    expect(summaries.map((s) => s.reason)).toEqual(['STATUS_LOGON_FAILURE'])
  })

  test('a header that is cut short is counted', () => {
    const short = sessionMessage(concat(Uint8Array.of(0xfe), ascii('SMB'), new Uint8Array(40)))
    expect(decode(smb, [answer(short)]).rejects).toEqual(['smb-truncated'])
  })
})

describe('SMB1', () => {
  test.each([
    {
      name: 'NT status',
      status: [0x6d, 0, 0, 0xc0],
      flags2: 0xc001,
      outcome: 'failure',
      reason: 'STATUS_LOGON_FAILURE',
    },
    {
      name: 'ERRSRV/ERRbadpw',
      status: [2, 0, 2, 0],
      flags2: 0x0001,
      outcome: 'failure',
      reason: 'STATUS_LOGON_FAILURE',
    },
    { name: 'no error', status: [0, 0, 0, 0], flags2: 0xc001, outcome: 'success' },
  ])('an answer with $name', ({ status, flags2, outcome, reason }) => {
    const { summaries } = decode(smb, [answer(smb1Answer(status, flags2))])
    const expected = { service: 'smb', event: 'login', outcome, details: { dialect: '1.0' } }
    expect(summaries).toEqual([reason === undefined ? expected : { ...expected, reason }])
  })

  test('a login that was turned into a guest says so', () => {
    const { summaries } = decode(smb, [answer(smb1Answer([0, 0, 0, 0], 0xc001, 1))])
    expect(summaries[0]?.details).toEqual({ dialect: '1.0', guest: true })
  })

  test.each([
    { pair: [1, 5], word: 'STATUS_ACCESS_DENIED' },
    { pair: [2, 2239], word: 'STATUS_ACCOUNT_DISABLED' },
    { pair: [2, 2242], word: 'STATUS_PASSWORD_EXPIRED' },
    { pair: [3, 19], word: '0x00130003' },
  ])('DOS error $pair is $word', ({ pair: [errorClass, code], word }) => {
    expect(statusWord(statusOfDosError(errorClass!, code!))).toBe(word)
  })
})

test('every refusal has a word of MS-ERREF', () => {
  for (const status of [0xc000006d, 0xc000006a, 0xc0000064, 0xc0000072, 0xc0000193, 0xc0000224]) {
    expect([statusMeaning(status), statusWord(status).startsWith('STATUS_')]).toEqual([
      'failure',
      true,
    ])
  }
})

test.each([
  { name: 'SMB2 over TCP', bytes: negotiateRequest(), said: verdict.yes },
  { name: 'SMB1', bytes: smb1Answer([0, 0, 0, 0], 0), said: verdict.yes },
  { name: 'seven bytes', bytes: negotiateRequest().subarray(0, 7), said: verdict.more },
  {
    name: 'a NetBIOS session request',
    bytes: concat(Uint8Array.of(0x81, 0, 0, 68, 0x20), new Uint8Array(67)),
    said: verdict.yes,
  },
  { name: 'TLS', bytes: Uint8Array.of(0x16, 3, 1, 0, 80, 1, 0, 0), said: verdict.no },
  { name: 'a length of zero', bytes: new Uint8Array(20), said: verdict.no },
])('says $said to $name', ({ bytes, said }) => {
  expect(probe(smb, bytes)).toBe(said)
})

test('never throws, and finds its way back after any junk', () => {
  const last = sessionSetupAnswer(2, 5, 0xc000006d)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(120), (junk, at) => {
      const damaged = sessionSetupAnswer(1, 5, 0)
      damaged.set(junk.subarray(0, Math.max(0, damaged.length - at)), Math.min(at, damaged.length))
      decode(smb, [ask(junk), answer(damaged), answer(junk)])
      const lost = decode(smb, [
        answer(Uint8Array.of(0x7f)),
        answer(junk.map((byte) => byte | 1)),
        answer(last),
      ])
      expect(lost.summaries.map((s) => s.reason)).toEqual(['STATUS_LOGON_FAILURE'])
      expect(lost.rejects).toEqual(['smb-bad-length'])
    }),
  )
})
