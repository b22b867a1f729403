import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerTable } from '../../app/flow-table.ts'
import { createLookupSocket } from '../../history/adapters/lookup-socket.ts'
import { secondUs } from '../../records/time.ts'
import type { FlowAnswer } from '../../store/flow-store.ts'
import { flowMessage } from '../support/flow-messages.ts'
import { openFlowPlace, type WholeStore } from '../support/flow-place.ts'
import { silentLogger } from '../support/silent-logger.ts'

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
const startUs = Date.UTC(2026, 10, 21, 10) * 1000

function wardwatch(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    )
  })
}

describe('lookup', { timeout: 60_000 }, () => {
  let place: Awaited<ReturnType<typeof openFlowPlace>>
  let store: WholeStore
  let answer: FlowAnswer
  beforeAll(async () => {
    place = await openFlowPlace()
    store = place.create()
    await store.start()
    const lines = [0, 30, 60].map((second) => ({
      orig: '10.60.1.20',
      resp: second === 30 ? '10.60.1.41' : '10.60.1.40',
      lastUs: startUs + second * secondUs,
      origPort: 50_000 + second,
      service: 'dicom',
    }))
    const messages = [1, 4].map((sequence, offset) => ({
      offset,
      value: flowMessage(sequence, sequence === 1 ? lines.slice(0, 1) : lines.slice(1)),
    }))
    await store.append({ partition: 0, messages })
    await store.flush()
    answer = await store.lookup({ device: '10.60.1.20', limit: 2 })
  }, 60_000)
  afterAll(async () => {
    await store.stop()
    await place.remove()
  })

  test('shows flows, sums, reach and gaps on a terminal', () => {
    expect(answerTable(answer)).toMatchInlineSnapshot(`
      [
        "last packet               from              to              protocol  service  state   sent  answered",
        "2026-11-21T10:01:00.000Z  10.60.1.20 50060  10.60.1.40 104  tcp       dicom    SF     180 B      60 B",
        "2026-11-21T10:00:30.000Z  10.60.1.20 50030  10.60.1.41 104  tcp       dicom    SF     180 B      60 B",
        "3 flows from 2026-11-21T09:59:59.999Z to 2026-11-21T10:01:00.000Z, the 2 newest above; sent 540 B in 6 packets, received 180 B in 3 packets",
        "The history reaches from 2026-11-21T10:00:00.000Z to 2026-11-21T10:01:00.000Z.",
        "Nothing is known of:",
        "  2026-11-21T10:00:01.000Z to 2026-11-21T10:01:01.000Z: messages missing (sensor sensor)",
      ]
    `)
  })

  test('asks the service that owns the folder', async () => {
    const socket = createLookupSocket(place.folder, {
      lookup: (query) => store.lookup(query),
      logger: silentLogger,
    })
    await socket.start()
    const peer = ['--peer', '10.60.1.41']
    const { code, out } = await wardwatch('lookup', '10.60.1.20', ...peer, '--data', place.folder)
    await socket.stop()
    expect(code).toBe(0)
    expect(out).toContain('10.60.1.41 104')
    expect(out).toContain('1 flow from')
  })

  test('opens the folder itself when nobody owns it, and leaves it as it was', async () => {
    await store.stop()
    const range = ['--from', '2026-11-21T10:00:10Z', '--to', '2026-11-21T10:00:40Z']
    const { code, out, err } = await wardwatch(
      'lookup',
      'site|lan|ip:10.60.1.20',
      ...range,
      '--json',
      '--data',
      place.folder,
    )
    expect(err).toBe('')
    expect(code).toBe(0)
    const flows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(flows).toEqual([
      expect.objectContaining({
        source: { ip: '10.60.1.20', port: 50_030, packets: 2, bytes: 180 },
        destination: { ip: '10.60.1.41', port: 104, packets: 1, bytes: 60 },
      }),
    ])
    store = place.create()
    await store.start()
    expect(await store.position(0)).toBe(2)
    expect((await store.lookup({ device: '10.60.1.20', limit: 2 })).totals).toEqual(answer.totals)
  })

  test.each([
    { name: 'a folder without history', args: ['10.60.1.20', '--data', '/nonexistent'], code: 2 },
    { name: 'a time that is none', args: ['10.60.1.20', '--from', 'yesterday'], code: 2 },
    { name: 'a limit out of range', args: ['10.60.1.20', '--limit', '0'], code: 2 },
  ])('$name is told clearly', async ({ args, code }) => {
    const result = await wardwatch('lookup', ...args)
    expect(result.code).toBe(code)
    expect(result.err).not.toBe('')
    expect(result.err).not.toContain('    at ')
  })
})
