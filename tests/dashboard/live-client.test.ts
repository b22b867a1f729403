import { describe, expect, test } from 'vitest'
import {
  bufferBytesMax,
  closeCode,
  createLiveClient,
  type Line,
} from '../../dashboard/live-client.ts'

/** A socket whose kernel takes nothing until `drain`. */
function createStuckLine() {
  const line = {
    bufferedAmount: 0,
    most: 0,
    frames: [] as string[],
    closed: null as number | null,
    isTerminated: false,
    send(frame: string) {
      line.frames.push(frame)
      line.bufferedAmount += Buffer.byteLength(frame)
      line.most = Math.max(line.most, line.bufferedAmount)
    },
    close(code: number) {
      line.closed = code
    },
    terminate() {
      line.isTerminated = true
    },
    drain() {
      line.bufferedAmount = 0
    },
  } satisfies Line & Record<string, unknown>
  return line
}

const frame = 'é'.repeat(50_000)
const ticks = (client: ReturnType<typeof createLiveClient>, count: number) =>
  Array.from({ length: count }, () => client.tick())

describe('a page that does not read', () => {
  const joined = () => {
    const line = createStuckLine()
    const client = createLiveClient(line)
    client.join()
    for (let i = 0; i < 100; i++) client.send(frame)
    return { line, client }
  }

  test('never has more than the limit waiting, the frame to be sent included', () => {
    const { line, client } = joined()
    expect(line.most).toBeLessThanOrEqual(bufferBytesMax)
    expect(line.most).toBeGreaterThan(bufferBytesMax / 2)
    expect(client.state).toBe('behind')
  })

  test('gets nothing until it has drained, then asks for a refresh', () => {
    const { line, client } = joined()
    const sent = line.frames.length
    expect(client.tick()).toBe('wait')
    line.drain()
    client.send('late')
    expect(line.frames).toHaveLength(sent)
    expect(client.tick()).toBe('refresh')
    client.join()
    client.send('snapshot')
    expect(line.frames.at(-1)).toBe('snapshot')
  })

  test('is closed with 1013 after fifteen seconds, and cut off when it does not even close', () => {
    const { line, client } = joined()
    ticks(client, 15)
    expect(line.closed).toBeNull()
    ticks(client, 1)
    expect(line.closed).toBe(closeCode.tryAgain)
    expect(line.isTerminated).toBe(false)
    ticks(client, 6)
    expect(line.isTerminated).toBe(true)
  })
})

describe('a page that says nothing', () => {
  test('is closed when it does not say within ten seconds what it knows', () => {
    const line = createStuckLine()
    ticks(createLiveClient(line), 11)
    expect(line.closed).toBe(closeCode.policy)
  })

  test('is cut off when it has not answered a ping within a minute', () => {
    const line = createStuckLine()
    const client = createLiveClient(line)
    client.join()
    ticks(client, 45)
    expect(line.isTerminated).toBe(false)
    ticks(client, 15)
    expect(line.isTerminated).toBe(true)
  })

  test('stays when it answers', () => {
    const line = createStuckLine()
    const client = createLiveClient(line)
    client.join()
    for (let i = 0; i < 10; i++) {
      ticks(client, 15)
      client.heard(true)
    }
    expect([line.isTerminated, line.closed]).toEqual([false, null])
  })
})

test('is closed when it talks too much within a second', () => {
  const line = createStuckLine()
  const client = createLiveClient(line)
  const answers = Array.from({ length: 30 }, () => client.heard(false))
  expect(answers.filter(Boolean)).toHaveLength(20)
  expect(line.closed).toBe(closeCode.policy)
})
