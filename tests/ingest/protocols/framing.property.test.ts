import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFramer, type FramingRules } from '../../../ingest/protocols/framing.ts'
import { concat } from '../../../simulator/bytes.ts'

const headBytesMax = 16

/** Three bytes of length behind a zero; a message starts with `SMBX`. */
const rules: FramingRules = {
  headBytesMax,
  lengthOf: (bytes, at) =>
    bytes[at] === 0 ? (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]! : -1,
  isStart: (bytes, at) =>
    rules.lengthOf(bytes, at) > 4 &&
    String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === 'SMBX',
}

const framed = (message: Uint8Array) =>
  concat(
    Uint8Array.of(0, message.length >> 16, (message.length >> 8) & 0xff, message.length & 0xff),
    message,
  )

/** What came out, as `length:first bytes`, with the stream cut at these sizes. */
function read(stream: Uint8Array, sizes: readonly number[], withRules = rules) {
  const framer = createFramer(withRules)
  const heads: string[] = []
  let state = 'reading'
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length]!
    const piece = stream.slice(at, at + size)
    state = framer.push(piece, 0, piece.length, (bytes, start, end, length) => {
      heads.push(`${String(length)}:${Buffer.from(bytes.subarray(start, end)).toString('hex')}`)
    })
    piece.fill(0x55)
    at += size
  }
  return { heads, state, badPrefixes: framer.badPrefixes }
}

const smbx = Uint8Array.from('SMBX', (c) => c.charCodeAt(0))
const message = fc.uint8Array({ maxLength: 100 })
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })

test('each message comes out once with its length and first bytes, however the stream is cut', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), sizes, (messages, cuts) => {
      const expected = messages
        .filter(({ length }) => length > 0)
        .map(
          (m) => `${String(m.length)}:${Buffer.from(m.subarray(0, headBytesMax)).toString('hex')}`,
        )
      expect(read(concat(...messages.map(framed)), cuts)).toEqual({
        heads: expected,
        state: 'reading',
        badPrefixes: 0,
      })
    }),
  )
})

/** Whole messages, cut ones, prefixes and junk in any order: most prefixes make no sense, some starts are false. */
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.uint8Array({ maxLength: 30 }).map((rest) => framed(concat(smbx, rest))),
  fc
    .tuple(fc.uint8Array({ maxLength: 30 }), fc.nat(20))
    .map(([rest, kept]) => framed(concat(smbx, rest)).subarray(0, kept)),
)

test('arbitrary bytes give the same result however they are cut', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), sizes, (pieces, cuts) => {
      const stream = concat(...pieces)
      expect(read(stream, cuts)).toEqual(read(stream, [stream.length || 1]))
    }),
    { numRuns: 500 },
  )
})

test('after a bad prefix the next start of a message is found, even inside the prefix', () => {
  const next = framed(
    concat(
      Uint8Array.from('SMBX', (c) => c.charCodeAt(0)),
      new Uint8Array(20),
    ),
  )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 30 }), sizes, (junk, cuts) => {
      const stream = concat(
        Uint8Array.of(7),
        junk.map((byte) => byte | 1),
        next,
      )
      const { heads, badPrefixes } = read(stream, cuts)
      expect(heads).toHaveLength(1)
      expect(badPrefixes).toBe(1)
    }),
  )
})

test('without a way back, a bad prefix ends the stream', () => {
  const { heads, state } = read(concat(Uint8Array.of(9, 9, 9, 9), framed(Uint8Array.of(1))), [3], {
    ...rules,
    isStart: null,
  })
  expect([heads, state]).toEqual([[], 'lost'])
})

test('a gap inside what is skipped loses nothing, another one looks for the next message', () => {
  const long = framed(
    concat(
      Uint8Array.from('SMBX', (c) => c.charCodeAt(0)),
      new Uint8Array(1000),
    ),
  )
  for (const { cut, gap, resumeAt } of [
    { cut: 200, gap: 300, resumeAt: 500 },
    { cut: 200, gap: 808, resumeAt: 1008 },
    { cut: 10, gap: 90, resumeAt: 100 },
    { cut: 0, gap: 100, resumeAt: 100 },
  ]) {
    const framer = createFramer(rules)
    const lengths: number[] = []
    const note = (_bytes: Uint8Array, _start: number, _end: number, length: number) => {
      lengths.push(length)
    }
    framer.push(long, 0, cut, note)
    framer.gap(gap)
    framer.push(long, resumeAt, long.length, note)
    framer.push(long, 0, long.length, note)
    expect({ cut, lengths }).toEqual({ cut, lengths: cut > 20 ? [1004, 1004] : [1004] })
  }
})
