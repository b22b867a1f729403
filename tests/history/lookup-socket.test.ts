import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askOwner, createLookupSocket } from '../../history/adapters/lookup-socket.ts'
import { WardwatchError } from '../../records/errors.ts'
import type { Service } from '../../records/service.ts'
import type { FlowAnswer, FlowQuery } from '../../store/flow-store.ts'
import { silentLogger } from '../support/silent-logger.ts'

const answer: FlowAnswer = {
  flows: [
    {
      flowId: null,
      sensor: 'tap',
      origKey: 'site|lan|ip:10.60.1.20',
      respKey: null,
      protocol: 17,
      vlan: 0,
      origIp: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 60, 1, 20),
      respIp: Uint8Array.of(255, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 251),
      origPort: 5353,
      respPort: 5353,
      origMac: Uint8Array.of(0, 0, 0, 0, 0, 9),
      respMac: new Uint8Array(6),
      startUs: 1,
      lastUs: 2,
      origPackets: 1,
      respPackets: 0,
      origIpBytes: 100,
      respIpBytes: 0,
      origPayloadBytes: 72,
      respPayloadBytes: NaN,
      connState: 'S0',
      service: 'dns',
      duplicatePackets: 0,
      records: 1,
    },
  ],
  totals: {
    flows: 1,
    records: 1,
    packetsOut: 1,
    packetsIn: 0,
    ipBytesOut: 100,
    ipBytesIn: 0,
    firstUs: 1,
    lastUs: 2,
  },
  visibility: { fromUs: 1, toUs: 2, gaps: [] },
}

describe('the socket of the history', () => {
  let folder: string
  let socket: Service
  let asked: FlowQuery[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wardwatch-socket-'))
    asked = []
    socket = open(folder)
  })
  afterEach(async () => {
    await socket.stop()
    await rm(folder, { recursive: true })
  })
  const open = (path: string) =>
    createLookupSocket(path, {
      logger: silentLogger,
      lookup(query) {
        asked.push(query)
        if (query.device === 'nobody')
          return Promise.reject(new WardwatchError('BAD_USAGE', 'no device'))
        return Promise.resolve(answer)
      },
    })

  test('carries a question and its answer, bytes and missing payload included', async () => {
    await socket.start()
    const query = { device: '10.60.1.20', peer: '10.60.1.40', fromUs: 1, toUs: 9, limit: 5 }
    expect(await askOwner(folder, query)).toEqual(answer)
    expect(asked).toEqual([query])
  })

  test('carries an error with its code', async () => {
    await socket.start()
    await expect(askOwner(folder, { device: 'nobody', limit: 1 })).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: 'no device',
    })
  })

  test('is for the owner of the folder only', async () => {
    await socket.start()
    expect((await stat(join(folder, 'history.sock'))).mode & 0o777).toBe(0o600)
  })

  test('nobody answers where nobody listens, a file left behind included', async () => {
    expect(await askOwner(folder, { device: '10.60.1.20', limit: 1 })).toBeNull()
    await writeFile(join(folder, 'history.sock'), '')
    expect(await askOwner(folder, { device: '10.60.1.20', limit: 1 })).toBeNull()
    await socket.start()
    expect(await askOwner(folder, { device: '10.60.1.20', limit: 1 })).toEqual(answer)
  })

  test('a second owner is refused while the first is there', async () => {
    await socket.start()
    const second = open(folder)
    await expect(second.start()).rejects.toMatchObject({ code: 'DUCKDB_UNAVAILABLE' })
    await second.stop()
    expect(await askOwner(folder, { device: '10.60.1.20', limit: 1 })).toEqual(answer)
  })

  test('works in a folder whose path is too long for a socket', async () => {
    const long = join(folder, 'x'.repeat(120))
    await mkdir(long)
    const deep = open(long)
    await deep.start()
    expect(await askOwner(long, { device: '10.60.1.20', limit: 1 })).toEqual(answer)
    await deep.stop()
  })

  test.each([
    { name: 'what is no JSON', line: 'hello\n' },
    { name: 'what is no question', line: '{"device":7}\n' },
    { name: 'a question without end', line: 'x'.repeat(10_000) },
  ])('$name gets no answer out of the history', async ({ line }) => {
    await socket.start()
    const connection = createConnection(join(folder, 'history.sock'))
    connection.on('error', () => undefined)
    let told = ''
    connection.on('data', (chunk: Buffer) => (told += chunk.toString()))
    connection.write(line)
    await once(connection, 'close')
    expect(asked).toEqual([])
    expect(told === '' || told.includes('BAD_USAGE')).toBe(true)
  })
})
