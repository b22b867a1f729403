import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verdict } from '../../../ingest/protocol.ts'
import { hl7 } from '../../../ingest/protocols/hl7.ts'
import { ascii, concat } from '../../../simulator/bytes.ts'
import { decode, inPieces, probe, type Step } from '../../support/decode.ts'

/** MLLP block around segments. */
const block = (...segments: string[]) =>
  ascii(`\x0b${segments.map((segment) => `${segment}\r`).join('')}\x1c\r`)
const header = (type: string, id: string, from = 'MONITOR1|ICU', to = 'EHR|HOSP') =>
  `MSH|^~\\&|${from}|${to}|20260302080000||${type}|${id}|P|2.5.1`
const patient = 'PID|1||4711^^^HOSP^MR||Weber^Anna||19520101|F'
const oru = (id: string) =>
  block(header('ORU^R01^ORU_R01', id), patient, 'OBX|1|NM|8867-4^HR||72|/min')
const ack = (code: string, id: string) =>
  block(header('ACK^R01', `R${id}`, 'EHR|HOSP', 'MONITOR1|ICU'), `MSA|${code}|${id}`)

const send = (bytes: Uint8Array): Step => ({ from: '>', bytes })
const answer = (bytes: Uint8Array): Step => ({ from: '<', bytes })
const known = {
  service: 'hl7',
  event: 'message',
  name: 'ORU^R01',
  client: 'MONITOR1|ICU',
  server: 'EHR|HOSP',
  version: '2.5.1',
}

describe('HL7 over MLLP', () => {
  test('an acknowledged message tells its sender, receiver, type and version, and nothing of the patient', () => {
    const { summaries, rejects } = decode(hl7, [send(oru('A1')), answer(ack('AA', 'A1'))])
    expect([summaries, rejects]).toEqual([[{ ...known, outcome: 'success' }], []])
    expect(JSON.stringify(summaries)).not.toMatch(/Weber|4711|1952/)
  })

  test.each([
    { code: 'AA', outcome: 'success', reason: undefined },
    { code: 'CA', outcome: 'success', reason: undefined },
    { code: 'AE', outcome: 'failure', reason: 'AE' },
    { code: 'AR', outcome: 'failure', reason: 'AR' },
    { code: 'CE', outcome: 'failure', reason: 'CE' },
    { code: 'CR', outcome: 'failure', reason: 'CR' },
    { code: 'ZZ', outcome: 'unknown', reason: 'ZZ' },
  ])('acknowledgement $code is $outcome (HL7 table 0008)', ({ code, outcome, reason }) => {
    const [summary] = decode(hl7, [send(oru('A1')), answer(ack(code, 'A1'))]).summaries
    expect([summary?.outcome, summary?.reason]).toEqual([outcome, reason])
  })

  test('acknowledgements are matched by control id, in any order', () => {
    const adt = block(header('ADT^A01', 'B2', 'REGDESK|ICU'), patient)
    const { summaries } = decode(hl7, [
      send(oru('A1')),
      send(adt),
      answer(ack('AE', 'B2')),
      answer(ack('AA', 'A1')),
    ])
    expect(summaries.map((s) => [s.name, s.outcome])).toEqual([
      ['ADT^A01', 'failure'],
      ['ORU^R01', 'success'],
    ])
  })

  test('a message without an acknowledgement is told when the flow ends', () => {
    expect(decode(hl7, [send(oru('A1')), answer(ack('AA', 'other'))]).summaries).toEqual([
      { ...known, outcome: 'unknown', reason: 'no-acknowledgement' },
    ])
  })

  test('beyond 32 unacknowledged messages the oldest is told', () => {
    const steps = Array.from({ length: 40 }, (_, i) => send(oru(`M${String(i)}`)))
    const { summaries } = decode(hl7, [...steps, answer(ack('AA', 'M7')), answer(ack('AA', 'M8'))])
    expect(summaries.map((s) => s.outcome).slice(0, 9)).toEqual([
      ...Array<string>(8).fill('unknown'),
      'success',
    ])
    expect(summaries).toHaveLength(40)
  })

  test('a message of the responder names it as the server', () => {
    const { summaries } = decode(hl7, [
      answer(block(header('QRY^A19', 'Q1', 'EHR|HOSP', 'MONITOR1|ICU'))),
      send(block(header('ACK', 'X', 'MONITOR1|ICU', 'EHR|HOSP'), 'MSA|AA|Q1')),
    ])
    expect(summaries).toEqual([
      { ...known, name: 'QRY^A19', outcome: 'success', details: { fromResponder: true } },
    ])
  })

  test('other separators than the usual ones are those that MSH declares', () => {
    const text = 'MSH#:~\\&#MONITOR1#ICU#EHR#HOSP#20260302##ORU:R01#A1#P#2.5.1'
    const confirmed = 'MSH#:~\\&#EHR#HOSP#MONITOR1#ICU#20260302##ACK#R1#P#2.5.1'
    const { summaries } = decode(hl7, [send(block(text)), answer(block(confirmed, 'MSA#AA#A1'))])
    expect(summaries).toEqual([{ ...known, outcome: 'success' }])
  })

  test('segments that end with LF are read too', () => {
    const text = new TextDecoder().decode(oru('A1')).replaceAll('\r', '\n')
    expect(decode(hl7, [send(ascii(text)), answer(ack('AA', 'A1'))]).summaries).toHaveLength(1)
  })

  test('several messages in one block are several messages', () => {
    const batch = block(
      'FHS|^~\\&',
      'BHS|^~\\&',
      header('ORU^R01', 'A1'),
      patient,
      header('ADT^A08', 'A2'),
      patient,
      'BTS|2',
    )
    const { summaries } = decode(hl7, [send(batch)])
    expect(summaries.map((s) => s.name)).toEqual(['ORU^R01', 'ADT^A08'])
  })

  test('control characters and a very long field come out bounded', () => {
    const hostile = block(header('ORU^R01', 'A1', `\u001b[2J${'x'.repeat(300)}|ICU`))
    const [summary] = decode(hl7, [send(hostile)]).summaries
    expect(summary?.client).toBe(`\ufffd[2J${'x'.repeat(96)}|ICU`)
  })

  test('names are UTF-8', () => {
    const text = header('ORU^R01', 'A1', 'MÜNCHEN|ICU')
    const bytes = concat(
      Uint8Array.of(0x0b),
      new TextEncoder().encode(text),
      Uint8Array.of(0x0d, 0x1c, 0x0d),
    )
    expect(decode(hl7, [send(bytes)]).summaries[0]?.client).toBe('MÜNCHEN|ICU')
  })

  test('tells the same however the stream is cut', () => {
    const steps = [
      send(concat(oru('A1'), oru('A2'))),
      answer(concat(ack('AE', 'A2'), ack('AA', 'A1'))),
    ]
    const whole = decode(hl7, steps)
    expect(whole.summaries).toHaveLength(2)
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }),
        (sizes) => {
          expect(decode(hl7, inPieces(steps, sizes))).toEqual(whole)
        },
      ),
    )
  })
})

describe('what is malformed', () => {
  test('a message without its end is counted and told', () => {
    const open = oru('A1').subarray(0, -2)
    for (const steps of [[send(open)], [send(open), send(oru('A2'))]]) {
      const { summaries, rejects } = decode(hl7, steps)
      expect(summaries).toHaveLength(steps.length)
      expect(rejects).toEqual(['hl7-no-end-block'])
    }
  })

  test('bytes between blocks are counted once per block', () => {
    const { rejects } = decode(hl7, [
      send(concat(oru('A1'), ascii('junk'), oru('A2'), ascii('\r\n'))),
    ])
    expect(rejects).toEqual(['hl7-outside-block'])
  })

  test('a header without separators is counted', () => {
    expect(decode(hl7, [send(block('MSH|'))])).toMatchObject({
      summaries: [],
      rejects: ['hl7-bad-header'],
    })
  })

  test('after a gap the next block is read, and a header seen whole is kept', () => {
    const message = oru('A1')
    const { summaries } = decode(hl7, [
      send(message.subarray(0, 100)),
      { from: '>', gap: 40 },
      send(ascii('lost rest\r\x1c\r')),
      send(oru('A2')),
      answer(ack('AA', 'A1')),
      answer(ack('AA', 'A2')),
    ])
    expect(summaries.map((s) => s.outcome)).toEqual(['success', 'success'])
  })

  test('never throws, whatever the bytes', () => {
    const text = fc.string({
      unit: fc.constantFrom('\x0b', '\x1c', '\r', '\n', '|', '^', 'MSH', 'MSA', 'a', '\\'),
      maxLength: 80,
    })
    fc.assert(
      fc.property(text, text, fc.uint8Array({ maxLength: 80 }), (a, b, junk) => {
        const { summaries } = decode(hl7, [
          send(ascii(`\x0bMSH${a}`)),
          answer(ascii(b)),
          send(junk),
          send(ascii(b)),
        ])
        for (const summary of summaries) expect(summary.event).toBe('message')
      }),
    )
  })

  test('100,000 segments and a message without end take linear time', () => {
    const messages = [20_000, 100_000].map((count) =>
      ascii(`\x0b${header('ORU^R01', 'A1')}\r${'OBX|1|NM|8867-4^HR||72|/min\r'.repeat(count)}`),
    )
    const milliseconds = [Infinity, Infinity]
    for (let round = 0; round < 8; round++) {
      messages.forEach((bytes, i) => {
        const before = performance.now()
        decode(hl7, [send(bytes)])
        milliseconds[i] = Math.min(milliseconds[i]!, performance.now() - before)
      })
    }
    // Five times the bytes; a quadratic reader would take 25 times as long.
    expect(milliseconds[1]! / milliseconds[0]!).toBeLessThan(15)
  })
})

test.each([
  { name: 'a message', bytes: oru('A1'), said: verdict.yes },
  { name: 'a batch', bytes: block('FHS|^~\\&'), said: verdict.yes },
  { name: 'its first byte', bytes: Uint8Array.of(0x0b), said: verdict.more },
  { name: 'a message without a block', bytes: ascii('MSH|^~\\&|'), said: verdict.no },
  { name: 'another segment', bytes: block('PID|1'), said: verdict.no },
])('says $said to $name', ({ bytes, said }) => {
  expect(probe(hl7, bytes)).toBe(said)
})
