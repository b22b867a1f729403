import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { memoryBusConfigSchema } from '../../bus/config.ts'
import { busContract, message, Recorder, until } from '../contracts/bus.contract.ts'

const create = (over: object = {}) =>
  createMemoryBus(memoryBusConfigSchema.parse({ partitions: { observations: 4 }, ...over }))

busContract('memory', () => create())

const large = (byte: number) => ({
  topic: 'observations' as const,
  partition: 0,
  value: new Uint8Array(400_000).fill(byte),
})

describe('memory', () => {
  test('lets publishing wait while a group has not taken the oldest message of a full partition', async () => {
    const bus = create({ partitionBytesMax: 1_000_000 })
    await bus.start()
    const gate = Promise.withResolvers<undefined>()
    const consumer = new Recorder()
    consumer.onMessages = () => gate.promise
    await bus.subscribe({
      topic: 'observations',
      group: 'analyzer',
      handler: consumer,
      failed: consumer.failed,
    })
    await bus.publish([large(0), large(1)])
    let isPublished = false
    const third = bus.publish([large(2)]).then(() => (isPublished = true))
    await setTimeout(50)
    expect(isPublished).toBe(false)
    // Other partitions go on.
    await bus.publish([message(1, 'free')])
    gate.resolve(undefined)
    await third
    await until(() => consumer.taken(0).length === 3)
    expect(consumer.taken(0).map(({ value }) => value[0])).toEqual([0, 1, 2])
    await bus.stop()
  })

  test('drops the oldest messages of a full partition when no group is there to want them', async () => {
    const bus = create({ partitionBytesMax: 1_000_000 })
    await bus.start()
    for (let i = 0; i < 10; i++) await bus.publish([large(i)])
    const consumer = new Recorder()
    await bus.subscribe({
      topic: 'observations',
      group: 'analyzer',
      handler: consumer,
      failed: consumer.failed,
    })
    await until(() => consumer.count === 2)
    expect(consumer.offsets(0)).toEqual([8, 9])
    await bus.stop()
  })

  test('says that a dropped offset is gone', async () => {
    const bus = create({ partitionBytesMax: 1_000_000 })
    await bus.start()
    for (let i = 0; i < 10; i++) await bus.publish([large(i)])
    const consumer = new Recorder()
    consumer.wanted.set(0, 5)
    await bus.subscribe({
      topic: 'observations',
      group: 'analyzer',
      handler: consumer,
      failed: consumer.failed,
    })
    await until(() => consumer.failures.length > 0)
    expect(consumer.failures[0]).toMatchObject({
      code: 'BUS_OFFSET_GONE',
      fields: { wanted: 5, low: 8, high: 10 },
    })
    await bus.stop()
  })

  test('waits for the slowest of several groups', async () => {
    const bus = create({ partitionBytesMax: 1_000_000 })
    await bus.start()
    const gate = Promise.withResolvers<undefined>()
    const slow = new Recorder()
    slow.onMessages = () => gate.promise
    const fast = new Recorder()
    const held = await bus.subscribe({
      topic: 'observations',
      group: 'slow',
      handler: slow,
      failed: slow.failed,
    })
    await bus.subscribe({
      topic: 'observations',
      group: 'fast',
      handler: fast,
      failed: fast.failed,
    })
    let published = 0
    const all = (async () => {
      for (; published < 6; published++) await bus.publish([large(published)])
    })()
    await setTimeout(50)
    expect(published).toBe(2)
    // A group that leaves holds nothing back.
    const left = held.stop()
    gate.resolve(undefined)
    await left
    await all
    await until(() => fast.count === 6)
    await bus.stop()
  })

  test('refuses publishers that still wait when it stops', async () => {
    const bus = create({ partitionBytesMax: 1_000_000 })
    await bus.start()
    const gate = Promise.withResolvers<undefined>()
    const consumer = new Recorder()
    consumer.onMessages = () => gate.promise
    await bus.subscribe({
      topic: 'observations',
      group: 'analyzer',
      handler: consumer,
      failed: consumer.failed,
    })
    const published = bus.publish([large(0), large(1), large(2)])
    await setTimeout(20)
    const stopped = bus.stop()
    gate.resolve(undefined)
    await expect(published).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' })
    await stopped
  })

  test('hands over at most the configured bytes at once, and a larger message alone', async () => {
    const bus = create({ deliveryBytesMax: 500_000 })
    await bus.start()
    await bus.publish([
      large(0),
      message(0, 'small'),
      large(1),
      { ...large(2), value: new Uint8Array(900_000) },
    ])
    const sizes: number[] = []
    const consumer = new Recorder()
    consumer.onMessages = (_, messages) => {
      sizes.push(messages.reduce((sum, { value }) => sum + value.length, 0))
      return Promise.resolve()
    }
    await bus.subscribe({
      topic: 'observations',
      group: 'analyzer',
      handler: consumer,
      failed: consumer.failed,
    })
    await until(() => consumer.count === 4)
    expect(sizes).toEqual([400_005, 400_000, 900_000])
    await bus.stop()
  })

  test('leaves timers their turn while every queue is full', async () => {
    const bus = create()
    await bus.start()
    const consumer = new Recorder()
    await bus.subscribe({
      topic: 'observations',
      group: 'analyzer',
      handler: consumer,
      failed: consumer.failed,
    })
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    for (let i = 0; i < 400; i++)
      await bus.publish([{ ...large(0), value: new Uint8Array(100_000) }])
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(2)
    await bus.stop()
  })
})
