import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verdict } from '../../../ingest/protocol.ts'
import { dicom } from '../../../ingest/protocols/dicom.ts'
import { abortWords, rejectWords } from '../../../ingest/protocols/dicom-words.ts'
import { ascii, concat } from '../../../simulator/bytes.ts'
import { decode, inPieces, probe, type Step } from '../../support/decode.ts'

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 0xff)
const item = (type: number, ...parts: Uint8Array[]) => {
  const value = concat(...parts)
  return concat(Uint8Array.of(type, 0), u16(value.length), value)
}
const pdu = (type: number, ...parts: Uint8Array[]) => {
  const value = concat(...parts)
  return concat(Uint8Array.of(type, 0, 0, 0), u16(value.length), value)
}
const verification = '1.2.840.10008.1.1'
const ctStorage = '1.2.840.10008.5.1.4.1.1.2'
const applicationContext = item(0x10, ascii('1.2.840.10008.3.1.1.1'))
const userInformation = (uid: string, version: string, ...more: Uint8Array[]) =>
  item(
    0x50,
    item(0x51, Uint8Array.of(0, 0, 0x40, 0)),
    item(0x52, ascii(uid)),
    item(0x55, ascii(version)),
    ...more,
  )

function associate(
  type: 1 | 2,
  called: string,
  calling: string,
  ...items: Uint8Array[]
): Uint8Array {
  const titles = concat(ascii(called.padEnd(16)), ascii(calling.padEnd(16)))
  return pdu(
    type,
    Uint8Array.of(0, 1, 0, 0),
    titles,
    new Uint8Array(32),
    applicationContext,
    ...items,
  )
}

const proposed = (id: number, uid: string) =>
  item(
    0x20,
    Uint8Array.of(id, 0, 0, 0),
    item(0x30, ascii(uid)),
    item(0x40, ascii('1.2.840.10008.1.2')),
  )
const decided = (id: number, result: number) =>
  item(0x21, Uint8Array.of(id, 0, result, 0), item(0x40, ascii('1.2.840.10008.1.2')))

const request = associate(
  1,
  'PACS1',
  'CTSCAN1',
  proposed(1, verification),
  proposed(3, ctStorage),
  userInformation(
    '1.2.276.0.7230010.3.0.3.6.7',
    'OFFIS_DCMTK_367',
    item(0x58, ascii('\u0002\u0000\u0000\u0006secret')),
  ),
)
const accept = associate(
  2,
  'PACS1',
  'CTSCAN1',
  decided(1, 0),
  decided(3, 4),
  userInformation('1.2.40', 'dcm4che-5'),
)
const reject = pdu(3, Uint8Array.of(0, 1, 1, 7))
const data = pdu(4, ascii('Weber^Anna'.repeat(40)))

const ask = (bytes: Uint8Array): Step => ({ from: '>', bytes })
const answer = (bytes: Uint8Array): Step => ({ from: '<', bytes })
const known = {
  service: 'dicom',
  event: 'association',
  client: 'CTSCAN1',
  server: 'PACS1',
  version: '1.2.276.0.7230010.3.0.3.6.7 OFFIS_DCMTK_367',
}
const offered = { abstractSyntaxes: [verification, ctStorage], contexts: 2 }

describe('DICOM', () => {
  test('an accepted association tells both sides and what was agreed', () => {
    expect(decode(dicom, [ask(request), answer(accept), ask(data)])).toEqual({
      summaries: [
        {
          ...known,
          outcome: 'success',
          details: { ...offered, contextsAccepted: 1, acceptor: '1.2.40 dcm4che-5' },
        },
      ],
      rejects: [],
      wantsMore: false,
    })
  })

  test('a rejected association tells result, source and reason in words', () => {
    expect(decode(dicom, [ask(request), answer(reject)]).summaries).toEqual([
      {
        ...known,
        outcome: 'failure',
        reason: 'rejected-permanent/service-user/called-AE-title-not-recognized',
        details: offered,
      },
    ])
  })

  test.each([
    {
      name: 'the acceptor aborts',
      step: answer(pdu(7, Uint8Array.of(0, 0, 2, 2))),
      outcome: 'failure',
      reason: 'aborted/service-provider/unexpected-PDU',
    },
    {
      name: 'the requester aborts',
      step: ask(pdu(7, Uint8Array.of(0, 0, 0, 0))),
      outcome: 'unknown',
      reason: 'aborted/service-user',
    },
    {
      name: 'the answer is no PDU',
      step: answer(ascii('HTTP/1.1 400')),
      outcome: 'unknown',
      reason: 'unreadable',
    },
    {
      name: 'the answer was not captured',
      step: { from: '<' as const, gap: 100 },
      outcome: 'unknown',
      reason: 'not-captured',
    },
  ])('when $name, the outcome is $outcome', ({ step, outcome, reason }) => {
    const { summaries } = decode(dicom, [ask(request), step, answer(accept)])
    expect(summaries).toEqual([{ ...known, outcome, reason, details: offered }])
  })

  test('a connection that closes without an answer tells an association with outcome unknown', () => {
    expect(decode(dicom, [ask(request)]).summaries).toMatchObject([
      { outcome: 'unknown', reason: 'no-answer' },
    ])
  })

  test('user identity does not come out', () => {
    expect(JSON.stringify(decode(dicom, [ask(request), answer(accept)]).summaries)).not.toContain(
      'secret',
    )
  })

  test('control characters of titles and versions do not come out', () => {
    const hostile = associate(1, 'A\u001b[2J', '<b>\r\n', userInformation('1.2', 'v\u0007'))
    expect(decode(dicom, [ask(hostile)]).summaries).toMatchObject([
      { server: 'A\ufffd[2J', client: '<b>\ufffd\ufffd', version: '1.2 v\ufffd' },
    ])
  })

  test('tells the same however the stream is cut', () => {
    for (const steps of [
      [ask(request), answer(accept)],
      [ask(request), answer(reject)],
    ]) {
      const whole = decode(dicom, steps)
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
          (sizes) => {
            expect(decode(dicom, inPieces(steps, sizes))).toEqual(whole)
          },
        ),
      )
    }
  })

  test('128 presentation contexts are counted, eight different ones told', () => {
    const contexts = Array.from({ length: 128 }, (_, i) =>
      proposed(2 * i + 1, `1.2.840.10008.5.1.${String(i >> 1)}`),
    )
    const [summary] = decode(dicom, [ask(associate(1, 'A', 'B', ...contexts))]).summaries
    expect(summary?.details?.['contexts']).toBe(128)
    expect(summary?.details?.['abstractSyntaxes']).toEqual(
      Array.from({ length: 8 }, (_, i) => `1.2.840.10008.5.1.${String(i)}`),
    )
  })

  test('a PDU of 4 GB is passed over and keeps nothing', () => {
    const huge = concat(Uint8Array.of(4, 0, 0xff, 0xff, 0xff, 0xff), new Uint8Array(5000))
    const { summaries, wantsMore } = decode(dicom, [ask(request), ask(huge), answer(reject)])
    expect(summaries.map((s) => s.outcome)).toEqual(['failure'])
    expect(wantsMore).toBe(false)
  })

  test.each([
    {
      name: 'an association of 4 GB',
      bytes: Uint8Array.of(2, 0, 0xff, 0xff, 0xff, 0xff, 0),
      cause: 'dicom-bad-pdu-length',
    },
    {
      name: 'an association without titles',
      bytes: pdu(2, new Uint8Array(67)),
      cause: 'dicom-bad-pdu-length',
    },
    {
      name: 'a rejection of two bytes',
      bytes: pdu(3, new Uint8Array(2)),
      cause: 'dicom-bad-pdu-length',
    },
    { name: 'an unknown PDU', bytes: pdu(9), cause: 'dicom-unknown-pdu' },
    {
      name: 'an item longer than its PDU',
      bytes: associate(2, 'A', 'B', Uint8Array.of(0x52, 0, 0xff, 0xff)),
      cause: 'dicom-bad-item-length',
    },
    {
      name: 'a context without its fields',
      bytes: associate(2, 'A', 'B', item(0x21)),
      cause: 'dicom-bad-item-length',
    },
  ])('counts $name', ({ bytes, cause }) => {
    expect(decode(dicom, [ask(request), answer(bytes)]).rejects).toEqual([cause])
  })

  test('a second request on the connection is counted and changes nothing', () => {
    const other = associate(1, 'X', 'Y')
    const { summaries, rejects } = decode(dicom, [ask(request), ask(other), answer(reject)])
    expect([summaries.map((s) => s.client), rejects]).toEqual([
      ['CTSCAN1'],
      ['dicom-second-request'],
    ])
  })

  test('an empty item at the very end holds nothing up', () => {
    const last = associate(2, 'A', 'B', item(0x50, item(0x55)))
    expect(decode(dicom, [ask(request), answer(last)]).summaries.map((s) => s.outcome)).toEqual([
      'success',
    ])
  })
})

test.each([
  { given: [1, 1, 3], words: 'rejected-permanent/service-user/calling-AE-title-not-recognized' },
  {
    given: [2, 3, 1],
    words: 'rejected-transient/service-provider-presentation/temporary-congestion',
  },
  {
    given: [1, 2, 2],
    words: 'rejected-permanent/service-provider-acse/protocol-version-not-supported',
  },
  { given: [9, 9, 9], words: '9/9/9' },
])('$given is $words (PS3.8 table 9-21)', ({ given: [result, source, reason], words }) => {
  expect(rejectWords(result!, source!, reason!)).toBe(words)
})

test('an abort of an unknown source stands as its number', () => {
  expect([abortWords(1, 0), abortWords(2, 9)]).toEqual(['aborted/1', 'aborted/service-provider/9'])
})

describe('recognition', () => {
  const changed = (at: number, value: number) => {
    const bytes = request.slice()
    bytes[at] = value
    return bytes
  }
  test.each([
    { name: 'a request', bytes: request, said: verdict.yes },
    { name: 'its first byte', bytes: request.subarray(0, 1), said: verdict.more },
    { name: 'its first 74 bytes', bytes: request.subarray(0, 74), said: verdict.more },
    { name: 'another type', bytes: changed(0, 2), said: verdict.no },
    { name: 'a length of 16 MB', bytes: changed(2, 1), said: verdict.no },
    { name: 'no version 1', bytes: changed(7, 0), said: verdict.no },
    { name: 'a title that is no text', bytes: changed(12, 0xff), said: verdict.no },
    { name: 'another first item', bytes: changed(74, 0x20), said: verdict.no },
  ])('says $said to $name', ({ bytes, said }) => {
    expect(probe(dicom, bytes)).toBe(said)
  })

  test('leaves open what the responder says first', () => {
    expect(probe(dicom, accept, false)).toBe(verdict.more)
  })

  test('is over when a server greets in words, so that nothing of the flow is kept for it', () => {
    expect(probe(dicom, new TextEncoder().encode('220 ready'), false)).toBe(verdict.no)
    expect(probe(dicom, request, false)).toBe(verdict.no)
  })
})

test('never throws, and tells each association once, whatever is damaged', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 60 }),
      fc.nat(400),
      fc.boolean(),
      (junk, at, inRequest) => {
        const damaged = (inRequest ? request : accept).slice()
        damaged.set(
          junk.subarray(0, Math.max(0, damaged.length - at)),
          Math.min(at, damaged.length),
        )
        const steps = inRequest
          ? [ask(damaged), answer(accept)]
          : [ask(request), answer(damaged), answer(junk)]
        expect(decode(dicom, steps).summaries.length).toBeLessThanOrEqual(1)
        decode(dicom, [ask(junk), answer(junk)])
      },
    ),
  )
})
