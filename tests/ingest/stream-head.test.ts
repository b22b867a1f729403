import { expect, test } from 'vitest'
import { type DecoderOutput, type ProtocolDecoder, verdict } from '../../ingest/protocol.ts'
import { headBytesMax } from '../../ingest/head-buffer.ts'
import { createStreamHeads, type StreamHeads } from '../../ingest/stream-head.ts'
import { ascii } from '../../simulator/bytes.ts'

/** Recognises streams that start with `mark`, and writes down what it is given. */
function listener(mark: string, options: { stopAt?: string; transport?: 'tcp' | 'udp' } = {}) {
  const heard: string[] = []
  const decoder: ProtocolDecoder = {
    service: 'http',
    transport: options.transport ?? 'tcp',
    probe(bytes, start, end) {
      const text = Buffer.from(bytes.subarray(start, end)).toString('latin1')
      if (text.startsWith(mark)) return verdict.yes
      return mark.startsWith(text) ? verdict.more : verdict.no
    },
    open: () => ({
      onData(bytes, start, end, isOrig) {
        const text = Buffer.from(bytes.subarray(start, end)).toString('latin1')
        heard.push((isOrig ? '>' : '<') + text)
        return text !== options.stopAt
      },
      onGap: (length, isOrig) => void heard.push(`${isOrig ? '>' : '<'}[${length}]`),
      onEnd: () => void heard.push('end'),
    }),
  }
  return { decoder, heard }
}

const out: DecoderOutput = { emit: () => undefined, reject: () => undefined }
const flow = {
  timeUs: 0,
  startUs: 0,
  origPort: 1,
  respPort: 2,
  origPayloadBytes: 0,
  respPayloadBytes: 0,
}

/** Sends text from the originator of slot 0 (or another). */
function sender(heads: StreamHeads) {
  return (
    seq: number,
    text: string,
    options: {
      slot?: number
      isOrig?: boolean
      timeUs?: number
      length?: number
      syn?: boolean
      ack?: number
    } = {},
  ) => {
    const bytes = ascii(text)
    flow.timeUs = options.timeUs ?? 0
    heads.onTcp(
      options.slot ?? 0,
      options.isOrig ?? true,
      seq >>> 0,
      options.syn ?? false,
      bytes,
      0,
      bytes.length,
      options.length ?? bytes.length,
      flow,
      out,
      options.ack,
    )
  }
}

function setUp(options: Parameters<typeof listener>[1] & { sessionsMax?: number } = {}) {
  const { decoder, heard } = listener('AB', options)
  const heads = createStreamHeads({
    decoders: [decoder],
    capacity: 4,
    ...(options.sessionsMax === undefined ? {} : { sessionsMax: options.sessionsMax }),
  })
  return { heads, heard, send: sender(heads) }
}

test('shows a head again until a decoder decides, then hands over what came', () => {
  const { heads, heard, send } = setUp()
  send(9, '', { syn: true })
  send(10, 'A')
  expect(heads.serviceOf(0)).toBe(-1)
  send(11, 'B')
  expect(heard).toEqual(['>A', '>B'])
  expect(heads.serviceOf(0)).toBe(0)
})

test('never asks again once every decoder has said no', () => {
  const { heads, heard, send } = setUp()
  send(10, 'x')
  send(11, 'AB')
  heads.onFlowEnd(0, flow, out)
  expect(heard).toEqual([])
})

test('delivers each byte once: whole, partly and wholly repeated segments', () => {
  const { heard, send } = setUp()
  send(10, 'ABC')
  send(10, 'ABC')
  send(11, 'BCDE')
  send(14, 'E')
  send(15, 'F')
  expect(heard).toEqual(['>ABC', '>DE', '>F'])
})

test('ignores the byte that a keep-alive repeats before the window', () => {
  const { heard, send } = setUp()
  send(10, 'AB')
  send(11, '\0')
  send(12, 'C')
  expect(heard).toEqual(['>AB', '>C'])
})

test('puts segments in order, over the wrap of sequence numbers', () => {
  const { heads, heard, send } = setUp()
  send(-3, 'AB')
  send(1, 'EF')
  send(-1, 'CD')
  send(3, 'G')
  expect(heard).toEqual(['>AB', '>CD', '>EF', '>G'])
  expect(heads.counters.reordered).toBe(1)
})

test('puts a first segment behind a SYN in order', () => {
  const { heard, send } = setUp()
  send(99, '', { syn: true })
  send(102, 'CD')
  send(100, 'AB')
  expect(heard).toEqual(['>AB', '>CD'])
})

test.each([
  {
    name: 'after a second',
    act: (send: ReturnType<typeof sender>) => send(16, 'G', { timeUs: 1_000_001 }),
  },
  {
    name: 'when the other side has acknowledged it',
    act: (send: ReturnType<typeof sender>) => send(500, 'x', { isOrig: false, ack: 16 }),
  },
])('takes a hole as lost $name', ({ act }) => {
  const { heads, heard, send } = setUp()
  send(10, 'AB')
  send(14, 'EF')
  expect(heard).toEqual(['>AB'])
  act(send)
  expect(heard.slice(1, 3)).toEqual(['>[2]', '>EF'])
  expect(heads.counters).toMatchObject({ gaps: 1, gapBytes: 2 })
})

test('takes a hole as lost when 16 later segments have come', () => {
  const { heard, send } = setUp()
  send(10, 'AB')
  for (let i = 0; i < 17; i++) send(14 + i, 'x')
  expect(heard.slice(0, 3)).toEqual(['>AB', '>[2]', '>x'])
})

test('delivers what it held when the flow ends', () => {
  const { heads, heard, send } = setUp()
  send(10, 'AB')
  send(14, 'EF')
  heads.onFlowEnd(0, flow, out)
  expect(heard).toEqual(['>AB', '>[2]', '>EF', 'end'])
})

test('tells what a snap length cut off as a gap, without waiting', () => {
  const { heard, send } = setUp()
  send(10, 'AB', { length: 100 })
  send(110, 'C')
  expect(heard).toEqual(['>AB', '>[98]', '>C'])
})

test('gives a flow up when its head has a hole', () => {
  const { heads, heard, send } = setUp()
  send(10, 'A', { length: 2 })
  send(12, 'AB')
  expect(heard).toEqual([])
  expect(heads.counters.headsWithGap).toBe(1)
})

test('gives a flow up when nobody has decided after the longest head', () => {
  const undecided: ProtocolDecoder = { ...listener('AB').decoder, probe: () => verdict.more }
  const heads = createStreamHeads({ decoders: [undecided], capacity: 1 })
  const send = sender(heads)
  send(0, 'x')
  send(1, 'x'.repeat(headBytesMax))
  expect(heads.counters.headsUndecided).toBe(1)
})

test('drops a session that wants no more, without its end', () => {
  const { heads, heard, send } = setUp({ stopAt: 'C' })
  send(10, 'AB')
  send(12, 'C')
  send(13, 'D')
  heads.onFlowEnd(0, flow, out)
  expect(heard).toEqual(['>AB', '>C'])
})

test('inspects no more flows than it may, and counts them', () => {
  const { heads, heard, send } = setUp({ sessionsMax: 1 })
  send(10, 'AB')
  send(10, 'AB', { slot: 1 })
  expect(heads.counters.sessionsFull).toBe(1)
  heads.onFlowEnd(0, flow, out)
  send(10, 'ABx', { slot: 2 })
  expect(heard).toEqual(['>AB', 'end', '>ABx'])
})

test('begins anew in a slot that another flow has left', () => {
  const { heads, heard, send } = setUp()
  send(10, 'AB')
  heads.onFlowEnd(0, flow, out)
  expect(heads.serviceOf(0)).toBe(-1)
  send(5000, 'ABC')
  expect(heard).toEqual(['>AB', 'end', '>ABC'])
})

test('gives the first decoder that says yes the flow, each transport its own', () => {
  const [first, second] = [listener('ABC'), listener('AB')]
  const datagrams = listener('AB', { transport: 'udp' })
  const heads = createStreamHeads({
    decoders: [first.decoder, second.decoder, datagrams.decoder],
    capacity: 2,
  })
  sender(heads)(0, 'AB')
  heads.onUdp(1, true, ascii('AB'), 0, 2, flow, out)
  heads.onUdp(1, false, ascii('x'), 0, 1, flow, out)
  expect([first.heard, second.heard, datagrams.heard]).toEqual([[], ['>AB'], ['>AB', '<x']])
  expect([heads.serviceOf(0), heads.serviceOf(1)]).toEqual([1, 2])
})

test('gives a flow of datagrams up when four have not decided it', () => {
  const undecided: ProtocolDecoder = {
    ...listener('AB', { transport: 'udp' }).decoder,
    probe: () => verdict.more,
  }
  const heads = createStreamHeads({ decoders: [undecided], capacity: 1 })
  for (let i = 0; i < 4; i++) heads.onUdp(0, true, ascii('x'), 0, 1, flow, out)
  expect(heads.counters.headsUndecided).toBe(1)
})
