import { linearRegression } from 'simple-statistics'
import { describe, expect, test } from 'vitest'
import { ascii, concat } from '../../../simulator/bytes.ts'
import { type Piece, talk } from '../../support/talk.ts'
import { clientHello } from '../../support/transcripts.ts'

// What costs most in each decoder, at sizes that double: time grows no faster than size (slope of the logarithms),
// and the largest packet there is takes milliseconds.

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255)

/** A response whose question ends in a chain of `count` pointers, each to the one before it, and `count` aliases. */
function pointerChain(count: number): Uint8Array {
  const header = concat(u16(1), u16(0x8180), u16(1), u16(count), u16(0), u16(0))
  const chain: Uint8Array[] = []
  for (let i = 0; i < count; i++)
    chain.push(u16(0xc000 | Math.min(16_000, i === 0 ? 12 : 12 + 5 + i * 2 - 2)))
  const question = concat(Uint8Array.of(0), u16(1), u16(1))
  const alias = (at: number) =>
    concat(Uint8Array.of(0), u16(5), u16(1), u16(0), u16(9), u16(2), u16(0xc000 | at))
  const aliases = new Array<Uint8Array>(count).fill(alias(Math.min(16_000, 17 + count * 2 - 2)))
  return concat(header, question, ...chain, ...aliases)
}

interface Case {
  readonly name: string
  readonly make: (size: number) => Piece[]
  readonly port: number
  readonly transport?: 'udp'
  /** Segment length; a whole piece without. */
  readonly cut?: number
}

const request: Piece = ['client', 'GET / HTTP/1.1\r\n\r\n']
const cases: Case[] = [
  {
    name: 'a DNS pointer chain',
    port: 53,
    transport: 'udp',
    make: (size) => [['server', pointerChain(Math.floor(size / 16))]],
  },
  {
    name: 'DNS records without end',
    port: 53,
    transport: 'udp',
    make: (size) => [
      [
        'server',
        concat(u16(1), u16(0x8180), u16(1), u16(65_535), u16(0), u16(0), new Uint8Array(size)),
      ],
    ],
  },
  {
    name: 'one HTTP field line',
    port: 80,
    make: (size) => [request, ['server', `HTTP/1.1 200 OK\r\nServer: ${'a'.repeat(size)}`]],
  },
  {
    name: 'HTTP fields of one byte',
    port: 80,
    make: (size) => [request, ['server', `HTTP/1.1 200 OK\r\n${':\r\n'.repeat(size / 3)}`]],
  },
  {
    name: 'HTTP requests of one line',
    port: 80,
    make: (size) => [['client', 'GET / HTTP/1.1\r\n\r\n'.repeat(size / 18)]],
  },
  {
    name: 'HTTP chunks of one byte',
    port: 80,
    make: (size) => [
      request,
      [
        'server',
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(size / 6)}`,
      ],
    ],
  },
  { name: 'an FTP line', port: 21, make: (size) => [['server', `220 ${'a'.repeat(size)}`]] },
  {
    name: 'FTP replies of nothing',
    port: 21,
    make: (size) => [['server', '220 \r\n'.repeat(size / 6)]],
  },
  {
    name: 'Telnet colons',
    port: 23,
    make: (size) => [['server', 'login password last '.repeat(size / 40) + ':'.repeat(size / 2)]],
  },
  { name: 'Telnet prompts', port: 23, make: (size) => [['server', 'login:'.repeat(size / 6)]] },
  {
    name: 'SSH lines before a banner',
    port: 22,
    make: (size) => [
      ['client', 'SSH-2.0-x\r\n'],
      ['server', 'a\r\n'.repeat(size / 3)],
    ],
  },
  {
    name: 'a TLS hello in records of one byte',
    port: 443,
    make: (size) => [
      ['client', clientHello({ name: 'a'.repeat(Math.min(16_000, size / 8)), fragment: 1 })],
    ],
  },
  {
    name: 'a head in segments of one byte',
    port: 4000,
    cut: 1,
    make: (size) => [['server', 'a'.repeat(size)]],
  },
]

const sizes = [4_096, 8_192, 16_384, 32_768, 65_535]
/** Largest Ethernet frame in use (jumbo): what must be read within 5 ms. */
const packetMax = 9000

/** Best of several runs: what else the machine does only adds. */
function millisecondsOf(pieces: Piece[], { port, transport, cut }: Case): number {
  let best = Infinity
  for (let run = 0; run < 7; run++) {
    const start = performance.now()
    talk(pieces, {
      respPort: port,
      ...(transport === undefined ? {} : { transport }),
      ...(cut === undefined ? {} : { cut: () => cut }),
    })
    best = Math.min(best, performance.now() - start)
  }
  return best
}

describe('worst cases of the text protocols', () => {
  test.each(cases)('$name costs time in proportion to its size', (worst) => {
    const times = sizes.map((size) => millisecondsOf(worst.make(size), worst))
    const logs = sizes.map((size, i) => [Math.log(size), Math.log(Math.max(times[i]!, 0.05))])
    // A quadratic cost has slope 2; the bar leaves room for a noisy machine.
    expect(linearRegression(logs).m).toBeLessThan(1.5)
    if (worst.cut === undefined)
      expect(millisecondsOf(worst.make(packetMax), worst)).toBeLessThan(5)
  })

  test('keeps the text of a hostile name short', () => {
    const played = talk([
      request,
      [
        'server',
        concat(
          ascii('HTTP/1.1 200 OK\r\nServer: '),
          new Uint8Array(60_000).fill(65),
          ascii('\r\n\r\n'),
        ),
      ],
    ])
    expect(played.summaries[0]?.server?.length).toBe(256)
  })
})
