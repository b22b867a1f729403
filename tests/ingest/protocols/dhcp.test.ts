import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMac } from '../../../records/address.ts'
import type { Summary } from '../../../ingest/protocol.ts'
import { verdict } from '../../../ingest/protocol.ts'
import { dhcp } from '../../../ingest/protocols/dhcp.ts'
import { ascii, concat } from '../../../simulator/bytes.ts'
import { macBytes } from '../../../simulator/packets.ts'
import { decode, probe } from '../../support/decode.ts'

interface Fields {
  readonly op?: number
  readonly ciaddr?: readonly number[]
  readonly yiaddr?: readonly number[]
  readonly giaddr?: readonly number[]
  readonly sname?: Uint8Array
  readonly file?: Uint8Array
  readonly options: Uint8Array
}

/** RFC 2131 §2 */
function message(fields: Fields): Uint8Array {
  const bytes = new Uint8Array(240)
  bytes.set([fields.op ?? 2, 1, 6, 0, 0xca, 0xfe, 0x00, 0x01])
  bytes.set(fields.ciaddr ?? [], 12)
  bytes.set(fields.yiaddr ?? [], 16)
  bytes.set(fields.giaddr ?? [], 24)
  bytes.set(macBytes('00:1b:21:0a:00:30'), 28)
  bytes.set(fields.sname ?? [], 44)
  bytes.set(fields.file ?? [], 108)
  bytes.set([0x63, 0x82, 0x53, 0x63], 236)
  return concat(bytes, fields.options)
}

const option = (code: number, ...values: number[]) => Uint8Array.of(code, values.length, ...values)
const textOption = (code: number, text: string) =>
  concat(Uint8Array.of(code, text.length), ascii(text))
const end = Uint8Array.of(255)

function told(bytes: Uint8Array): { summary: Summary | undefined; rejects: string[] } {
  const { summaries, rejects } = decode(dhcp, [{ from: '>', bytes }])
  return { summary: summaries[0], rejects }
}

describe('DHCP', () => {
  test('an ACK is a lease with all that a binding needs', () => {
    const options = concat(
      option(53, 5),
      option(54, 10, 60, 1, 1),
      option(51, 0, 0, 0x0e, 0x10),
      option(3, 10, 60, 1, 1),
      option(6, 10, 60, 1, 2, 10, 60, 1, 3),
      end,
    )
    const { summary, rejects } = told(
      message({ yiaddr: [10, 60, 1, 126], giaddr: [10, 61, 0, 1], options }),
    )
    const { subjectMac, ...rest } = summary!
    expect(rejects).toEqual([])
    expect(formatMac(subjectMac!)).toBe('00:1b:21:0a:00:30')
    expect(rest).toEqual({
      service: 'dhcp',
      event: 'lease',
      outcome: 'success',
      addresses: '10.60.1.126',
      server: '10.60.1.1',
      ttlSeconds: 3600,
      details: {
        messageType: 'ACK',
        transaction: 'cafe0001',
        relay: '10.61.0.1',
        router: ['10.60.1.1'],
        dns: ['10.60.1.2', '10.60.1.3'],
      },
    })
  })

  test('the ACK of an INFORM tells the address the client has, and no lease time', () => {
    const { summary } = told(
      message({ ciaddr: [10, 60, 1, 9], options: concat(option(53, 5), end) }),
    )
    expect(summary).toMatchObject({ event: 'lease', outcome: 'success', addresses: '10.60.1.9' })
    expect(summary).not.toHaveProperty('ttlSeconds')
  })

  test('a REQUEST tells how the client calls itself, and what it asks for in which order', () => {
    const options = concat(
      option(53, 3),
      option(50, 10, 60, 1, 126),
      textOption(12, 'infusion-7'),
      textOption(60, 'udhcp 1.35.0'),
      option(55, 1, 3, 6, 42),
      option(82, 1, 2, 0x0a, 0x0b),
      end,
    )
    expect(told(message({ op: 1, options })).summary).toMatchObject({
      event: 'request',
      name: '10.60.1.126',
      client: 'infusion-7',
      version: 'udhcp 1.35.0',
      details: { messageType: 'REQUEST', parameterList: '1,3,6,42', relayAgent: '01020a0b' },
    })
  })

  test.each([
    { type: 1, event: 'request' },
    { type: 2, event: 'offer' },
    { type: 4, event: 'request' },
    { type: 6, event: 'lease', outcome: 'failure', reason: 'NAK' },
    { type: 7, event: 'release' },
    { type: 8, event: 'request' },
  ])('message type $type is the event $event', ({ type, ...expected }) => {
    expect(told(message({ options: concat(option(53, type), end) })).summary).toMatchObject(
      expected,
    )
  })

  test('option 81 names the client in either encoding (RFC 4702 §2)', () => {
    const plain = concat(Uint8Array.of(81, 3 + 6, 0, 0, 0), ascii('pump.x'))
    const labels = concat(
      Uint8Array.of(81, 3 + 8, 4, 0, 0, 4),
      ascii('pump'),
      Uint8Array.of(1),
      ascii('x'),
      Uint8Array.of(0),
    )
    for (const name of [plain, labels]) {
      expect(told(message({ options: concat(option(53, 3), name, end) })).summary?.client).toBe(
        'pump.x',
      )
    }
  })

  test('option 52 says that options go on in file, then in sname', () => {
    const file = concat(textOption(12, 'in-file'), end)
    const sname = concat(textOption(60, 'in-sname'), end)
    const options = (overload: number) => concat(option(53, 3), option(52, overload), end)
    const both = told(message({ options: options(3), file, sname })).summary
    const onlySname = told(message({ options: options(2), file, sname })).summary
    expect([both?.client, both?.version]).toEqual(['in-file', 'in-sname'])
    expect([onlySname?.client, onlySname?.version]).toEqual([undefined, 'in-sname'])
  })

  test('an option in several instances is one value (RFC 3396)', () => {
    const options = concat(option(53, 3), textOption(12, 'infu'), textOption(12, 'sion'), end)
    expect(told(message({ options })).summary?.client).toBe('infusion')
  })

  test('control characters of a host name do not come out', () => {
    const options = concat(option(53, 3), textOption(12, 'a\u001b[31m\r\nb\0'), end)
    expect(told(message({ options })).summary?.client).toBe('a\ufffd[31m\ufffd\ufffdb')
  })

  test('an option longer than the message is counted, what stands before it is told', () => {
    const { summary, rejects } = told(
      message({ options: concat(option(53, 3), Uint8Array.of(12, 200, 65)) }),
    )
    expect(rejects).toEqual(['dhcp-option-length'])
    expect(summary?.event).toBe('request')
  })

  test.each([
    { name: 'cut short', bytes: new Uint8Array(239), cause: 'dhcp-truncated' },
    { name: 'another cookie', bytes: new Uint8Array(300), cause: 'dhcp-bad-cookie' },
    { name: 'BOOTP', bytes: message({ options: end }), cause: 'dhcp-no-message-type' },
    {
      name: 'an unknown type',
      bytes: message({ options: concat(option(53, 99), end) }),
      cause: 'dhcp-no-message-type',
    },
  ])('counts and refuses: $name', ({ bytes, cause }) => {
    expect(told(bytes)).toEqual({ summary: undefined, rejects: [cause] })
  })

  test('is recognised by its cookie, not by its port', () => {
    const bytes = message({ options: end })
    expect(probe(dhcp, bytes)).toBe(verdict.yes)
    expect(probe(dhcp, bytes.subarray(0, 239))).toBe(verdict.no)
    bytes[236] = 0x62
    expect(probe(dhcp, bytes)).toBe(verdict.no)
  })

  test('never throws, whatever the options', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.uint8Array({ maxLength: 128 }),
        (options, file) => {
          const { summary, rejects } = told(message({ options, file }))
          expect(rejects.length > 0 || summary !== undefined).toBe(true)
        },
      ),
    )
  })

  test('a message full of one-byte options takes linear time', () => {
    const options = new Uint8Array(60_000)
    for (let at = 0; at < options.length; at += 3) options.set([12, 1, 0x61], at)
    options.set([53, 1, 3])
    const { summary } = told(message({ options }))
    expect(summary?.client).toBe('a'.repeat(255))
  })
})
