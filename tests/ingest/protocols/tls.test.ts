import { expect, test } from 'vitest'
import { concat } from '../../../simulator/bytes.ts'
import { talk } from '../../support/talk.ts'
import { clientHello, type HelloFields } from '../../support/transcripts.ts'

const told = (fields: HelloFields) => talk([['client', clientHello(fields)]]).summaries

test('tells the server name, the highest version and the protocols offered', () => {
  expect(
    told({ name: 'Cloud.Example', alpn: ['h2', 'http/1.1'], versions: [0x7a7a, 0x0304, 0x0303] }),
  ).toEqual([
    {
      service: 'tls',
      event: 'hello',
      name: 'cloud.example',
      version: 'TLS 1.3',
      details: { alpn: ['h2', 'http/1.1'] },
    },
  ])
})

test.each([
  { name: 'the legacy version without a list', fields: {}, version: 'TLS 1.2' },
  {
    name: 'the highest of a list in any order',
    fields: { versions: [0x0302, 0x0301] },
    version: 'TLS 1.1',
  },
  {
    name: 'the legacy version where the list is only GREASE',
    fields: { versions: [0x1a1a] },
    version: 'TLS 1.2',
  },
])('takes $name', ({ fields, version }) => {
  expect(told(fields)).toEqual([{ service: 'tls', event: 'hello', version, details: {} }])
})

test('joins a hello that came in many records', () => {
  expect(told({ name: 'a.example', fragment: 1 })).toMatchObject([{ name: 'a.example' }])
})

test('makes a server name safe to show', () => {
  const [hello] = told({ name: 'a\u0000\u001b[2J' })
  expect(hello?.name).toBe('a\ufffd\ufffd[2j')
})

test('leaves other records and the flight of a server alone', () => {
  expect(talk([['client', Uint8Array.of(23, 3, 3, 0, 5, 1)]]).service).toBe(null)
  expect(talk([['server', Uint8Array.of(22, 3, 3, 0, 4, 2, 0, 0, 0)]]).summaries).toEqual([])
})

const hello = clientHello({ name: 'a.example' })
const record = (...fragment: number[]) =>
  concat(Uint8Array.of(22, 3, 1, 0, fragment.length), Uint8Array.from(fragment))

test.each([
  {
    name: 'a record that is none',
    bytes: concat(record(1, 0, 1, 0), Uint8Array.of(23, 3, 3, 0, 9)),
    cause: 'tls-bad-record',
  },
  {
    name: 'a hello with lengths that do not fit',
    bytes: record(1, 0, 0, 3, 3, 3, 9),
    cause: 'tls-bad-hello',
  },
  { name: 'a hello of 8 MB', bytes: record(1, 0x80, 0, 0), cause: 'tls-hello-too-long' },
  { name: 'a hello that breaks off', bytes: hello.subarray(0, 60), cause: 'tls-truncated' },
])('counts $name', ({ bytes, cause }) => {
  expect(talk([['client', bytes]])).toMatchObject({ summaries: [], rejects: { [cause]: 1 } })
})

test('counts a hello with a hole in it', () => {
  const played = talk([
    ['client', hello.subarray(0, 40)],
    ['client', { gap: 10 }],
    ['client', hello.subarray(50)],
  ])
  expect(played.summaries).toEqual([])
  expect(played.rejects).toMatchObject({ 'tls-gap': 1 })
})
