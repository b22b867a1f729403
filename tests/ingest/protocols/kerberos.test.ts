import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verdict } from '../../../ingest/protocol.ts'
import { kerberosTcp, kerberosUdp } from '../../../ingest/protocols/kerberos.ts'
import { errorWord } from '../../../ingest/protocols/kerberos-errors.ts'
import {
  asRequest,
  der,
  kdcError,
  kdcReply,
  overTcp,
  tgsRequest,
} from '../../../simulator/kerberos-messages.ts'
import { concat } from '../../../simulator/bytes.ts'
import { decode, inPieces, probe, type Step } from '../../support/decode.ts'

const names = { realm: 'WARD.EXAMPLE', account: 'nurse1' }
const timeUs = 1_772_438_400_000_000
const bare = asRequest(names, timeUs, 7, false)
const proven = asRequest(names, timeUs, 7, true)
const service = ['HTTP', 'pacs.ward.example']
const tgs = tgsRequest(names, timeUs, 8, service)
const error = (code: number) => kdcError(names, timeUs, code)

const ask = (bytes: Uint8Array): Step => ({ from: '>', bytes })
const answer = (bytes: Uint8Array): Step => ({ from: '<', bytes })
const about = { name: 'krbtgt/WARD.EXAMPLE', details: { realm: 'WARD.EXAMPLE' } }

describe('Kerberos over UDP', () => {
  test('a request for pre-authentication is no attempt; the refusal after it is one', () => {
    const { summaries } = decode(kerberosUdp, [
      ask(bare),
      answer(error(25)),
      ask(proven),
      answer(error(24)),
    ])
    expect(summaries).toEqual([
      {
        service: 'kerberos',
        event: 'login',
        outcome: 'failure',
        reason: 'KDC_ERR_PREAUTH_FAILED',
        ...about,
      },
    ])
  })

  test('an AS-REP is a login that succeeded', () => {
    const { summaries } = decode(kerberosUdp, [ask(proven), answer(kdcReply(names, 1))])
    expect(summaries).toEqual([
      {
        service: 'kerberos',
        event: 'login',
        outcome: 'success',
        name: 'krbtgt/WARD.EXAMPLE',
        details: { realm: 'WARD.EXAMPLE', encryptionType: 18 },
      },
    ])
  })

  test('a TGS-REP is an answer about its service, not a login', () => {
    const { summaries } = decode(kerberosUdp, [ask(tgs), answer(kdcReply(names, 1, service))])
    expect(summaries).toMatchObject([
      { event: 'answer', outcome: 'success', name: 'HTTP/pacs.ward.example' },
    ])
  })

  test('a service name of one component, which may be an account, is left out', () => {
    const { summaries } = decode(kerberosUdp, [ask(tgs), answer(kdcReply(names, 1, ['nurse1']))])
    expect(summaries).toHaveLength(1)
    expect(JSON.stringify(summaries)).not.toContain('nurse1')
  })

  test('an account name does not come out of any message', () => {
    const steps = [
      ask(bare),
      answer(error(6)),
      ask(proven),
      answer(kdcReply(names, 2)),
      ask(tgs),
      answer(error(7)),
    ]
    const { summaries } = decode(kerberosUdp, steps)
    expect(summaries).toHaveLength(3)
    expect(JSON.stringify(summaries)).not.toContain('nurse1')
  })

  test.each([
    { name: 'clock skew on an AS-REQ', request: proven, code: 37, told: ['login/KRB_AP_ERR_SKEW'] },
    { name: 'clock skew on a TGS-REQ', request: tgs, code: 37, told: ['answer/KRB_AP_ERR_SKEW'] },
    {
      name: 'an expired ticket on a TGS-REQ',
      request: tgs,
      code: 32,
      told: ['answer/KRB_AP_ERR_TKT_EXPIRED'],
    },
    {
      name: 'an unknown principal',
      request: bare,
      code: 6,
      told: ['login/KDC_ERR_C_PRINCIPAL_UNKNOWN'],
    },
    { name: 'a locked account', request: proven, code: 18, told: ['login/KDC_ERR_CLIENT_REVOKED'] },
    { name: 'an answer that is too big for UDP', request: bare, code: 52, told: [] },
    { name: 'a referral to another realm', request: bare, code: 68, told: [] },
    { name: 'more pre-authentication', request: bare, code: 91, told: [] },
    {
      name: 'a refusal whose request was not seen',
      request: null,
      code: 24,
      told: ['login/KDC_ERR_PREAUTH_FAILED'],
    },
    {
      name: 'an error of either exchange whose request was not seen',
      request: null,
      code: 37,
      told: [],
    },
    { name: 'a code that no standard names', request: bare, code: 200, told: ['login/error-200'] },
  ])('$name', ({ request, code, told }) => {
    const { summaries } = decode(kerberosUdp, [
      ...(request === null ? [] : [ask(request)]),
      answer(error(code)),
    ])
    expect(summaries.map((s) => `${s.event}/${s.reason ?? ''}`)).toEqual(told)
    expect(summaries.every((s) => s.outcome === 'failure')).toBe(true)
  })

  test.each([
    { code: 24, word: 'KDC_ERR_PREAUTH_FAILED' },
    { code: 37, word: 'KRB_AP_ERR_SKEW' },
    { code: 60, word: 'KRB_ERR_GENERIC' },
  ])('error $code is $word (RFC 4120 §7.5.9)', ({ code, word }) => {
    expect(errorWord(code)).toBe(word)
  })

  test.each([
    { name: 'no DER', bytes: Uint8Array.of(0x6b, 0x80, 0, 0), cause: 'kerberos-bad-der' },
    { name: 'a reply without a ticket', bytes: der(0x6b, der(0x30)), cause: 'kerberos-no-ticket' },
    {
      name: 'an error without a code',
      bytes: der(0x7e, der(0x30)),
      cause: 'kerberos-no-error-code',
    },
    { name: 'another message', bytes: der(0x65, der(0x30)), cause: 'kerberos-unknown-message' },
  ])('counts $name', ({ bytes, cause }) => {
    expect(decode(kerberosUdp, [answer(bytes)])).toMatchObject({ summaries: [], rejects: [cause] })
  })

  test('is recognised by its tags and version', () => {
    for (const message of [bare, proven, tgs, error(24), kdcReply(names, 1)]) {
      expect(probe(kerberosUdp, message)).toBe(verdict.yes)
      expect(probe(kerberosTcp, overTcp(message))).toBe(verdict.yes)
    }
    const version4 = bare.slice()
    version4[version4.indexOf(5, 4)] = 4
    expect(probe(kerberosUdp, version4)).toBe(verdict.no)
    // LDAP: SEQUENCE { messageID … }
    expect(
      probe(kerberosUdp, Uint8Array.of(0x30, 0x0c, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0)),
    ).toBe(verdict.no)
  })
})

describe('Kerberos over TCP', () => {
  const steps = [ask(bare), answer(error(25)), ask(proven), answer(kdcReply(names, 1))].map(
    (step) => ({
      ...step,
      bytes: overTcp(step.bytes!),
    }),
  )

  test('tells the same as over UDP, however the stream is cut', () => {
    const whole = decode(kerberosTcp, steps)
    expect(whole.summaries).toMatchObject([{ event: 'login', outcome: 'success' }])
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }),
        (sizes) => {
          expect(decode(kerberosTcp, inPieces(steps, sizes))).toEqual(whole)
        },
      ),
    )
  })

  test('waits for enough bytes before it says yes', () => {
    const message = overTcp(bare)
    expect(probe(kerberosTcp, message.subarray(0, 2))).toBe(verdict.more)
    expect(probe(kerberosTcp, message.subarray(0, 12))).toBe(verdict.more)
    expect(probe(kerberosTcp, Uint8Array.of(0x80, 0, 1, 0))).toBe(verdict.no)
  })

  test('a reply larger than is kept tells its ticket all the same', () => {
    const reply = kdcReply(names, 1)
    // Encrypted parts of 60 kB behind the ticket, as large authorisation data make them.
    const padded = der(0x6b, der(0x30, reply.subarray(8), der(0xa9, new Uint8Array(60_000))))
    const { summaries } = decode(kerberosTcp, [answer(overTcp(padded))])
    expect(summaries).toMatchObject([
      { event: 'login', outcome: 'success', name: 'krbtgt/WARD.EXAMPLE' },
    ])
  })

  test('a claimed length of 2 GB ends the session', () => {
    const { rejects, wantsMore } = decode(kerberosTcp, [
      answer(Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 1, 2, 3)),
    ])
    expect([rejects, wantsMore]).toEqual([['kerberos-bad-length'], false])
  })

  test('after a gap inside a message that side is not read on', () => {
    const message = overTcp(error(24))
    const { summaries, rejects } = decode(kerberosTcp, [
      answer(message.subarray(0, 20)),
      { from: '<', gap: message.length - 20 },
      answer(message),
    ])
    expect([summaries, rejects]).toEqual([[], []])
  })
})

test('never throws, whatever bytes follow a valid start', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(400),
      fc.constantFrom(0x6a, 0x6b, 0x6d, 0x7e),
      (junk, at, tag) => {
        const damaged = concat(kdcReply(names, 1), junk)
        damaged.set(
          junk.subarray(0, Math.max(0, damaged.length - at)),
          Math.min(at, damaged.length),
        )
        damaged[0] = tag
        decode(kerberosUdp, [answer(damaged), answer(junk)])
        decode(kerberosTcp, [answer(junk), answer(overTcp(damaged))])
      },
    ),
  )
})
