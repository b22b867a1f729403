import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Bus } from '../../bus/bus.ts'
import { sendable, shared } from '../../bus/adapters/shared-value.ts'
import { WardwatchError } from '../../records/errors.ts'
import { busContract, message, Recorder, until } from '../contracts/bus.contract.ts'
import { createBusBehindPort, createBusInWorker, memoryBusConfig } from '../support/port-bus.ts'

busContract('a port to a memory bus', () => createBusBehindPort().far)
busContract('a port to a memory bus in another thread', () => createBusInWorker().far)

const large = (byte: number) => ({
  topic: 'observations' as const,
  partition: 0,
  value: new Uint8Array(400_000).fill(byte),
})

async function consume(bus: Bus, consumer: Recorder): Promise<Recorder> {
  const { failed } = consumer
  await bus.subscribe({ topic: 'observations', group: 'analyzer', handler: consumer, failed })
  return consumer
}

describe('a port to a bus', () => {
  test('lets publishing wait while the bus has no room', async () => {
    const { far } = createBusBehindPort(memoryBusConfig({ partitionBytesMax: 1_000_000 }))
    await far.start()
    const gate = Promise.withResolvers<undefined>()
    const consumer = new Recorder()
    consumer.onMessages = () => gate.promise
    await consume(far, consumer)
    await far.publish([large(0), large(1)])
    let isPublished = false
    const third = far.publish([large(2)]).then(() => (isPublished = true))
    await far.publish([message(1, 'free')])
    await setTimeout(20)
    expect(isPublished).toBe(false)
    gate.resolve(undefined)
    await third
    await until(() => consumer.taken(0).length === 3)
    await far.stop()
  })

  test('copies a value once: every reader sees the memory that the publisher wrote', async () => {
    const { near, far } = createBusBehindPort()
    await far.start()
    const [here, there] = [new Recorder(), new Recorder()]
    await consume(near, here)
    await far.subscribe({
      topic: 'observations',
      group: 'historian',
      handler: there,
      failed: there.failed,
    })
    const published = message(0, 'once')
    await far.publish([published])
    await until(() => here.count === 1 && there.count === 1)
    const [a, b] = [here.taken(0)[0]!.value, there.taken(0)[0]!.value]
    a[0] = 'O'.charCodeAt(0)
    expect(new TextDecoder().decode(b)).toBe('Once')
    expect(new TextDecoder().decode(published.value)).toBe('once')
    await far.stop()
  })

  test('posts no more than the piece of a larger buffer that a value is', () => {
    const piece = new Uint8Array(1000).subarray(10, 20)
    expect(sendable(piece).buffer.byteLength).toBe(10)
    const common = shared(piece)
    expect(sendable(common)).toBe(common)
  })

  test('carries code, fields and cause of an error both ways', async () => {
    const { near, far } = createBusBehindPort()
    await far.start()
    const fault = new WardwatchError('STATE_STORE_FAILED', 'disk full', {
      retryable: true,
      fields: { path: '/state' },
      cause: new RangeError('ENOSPC'),
    })
    const consumer = new Recorder()
    consumer.onMessages = () => Promise.reject(fault)
    await consume(far, consumer)
    await near.publish([message(0, 'x')])
    await until(() => consumer.failures.length > 0)
    const [told] = consumer.failures
    expect(told).toBeInstanceOf(WardwatchError)
    expect(told).toMatchObject({
      code: 'STATE_STORE_FAILED',
      message: 'disk full',
      retryable: true,
      fields: { path: '/state' },
      cause: { name: 'RangeError', message: 'ENOSPC' },
    })
    await far.stop()
  })

  test('tells its readers, and refuses everything, when the thread that has the bus ends', async () => {
    const { worker, far } = createBusInWorker()
    await far.start()
    const consumer = await consume(far, new Recorder())
    await until(() => consumer.held().length === 4)
    await worker.terminate()
    await until(() => consumer.failures.length > 0)
    expect(consumer.failures).toMatchObject([{ code: 'BUS_UNAVAILABLE' }])
    await expect(far.publish([message(0, 'x')])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' })
    await expect(far.settled('anomalies')).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' })
  })

  test('lets no checkpoint rest on a reader whose thread has ended', async () => {
    const { near, far, cut } = createBusBehindPort()
    await far.start()
    const consumer = new Recorder()
    consumer.onMessages = () => new Promise(() => {})
    await consume(far, consumer)
    await near.publish([message(0, 'unread')])
    await until(() => consumer.calls === 1)
    const refused = expect(near.settled('observations')).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
    })
    cut()
    await refused
    await near.stop()
  })
})
