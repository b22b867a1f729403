import { expect, test } from 'vitest'
import { createMemoryBus } from '../../bus/adapters/memory.ts'
import { createMeteredBus } from '../../bus/metered.ts'
import { busContract, message, Recorder, until } from '../contracts/bus.contract.ts'
import { memoryBusConfig } from '../support/port-bus.ts'

const create = () => createMeteredBus(createMemoryBus(memoryBusConfig()))

busContract('a metered bus', create)

test('counts what is published, handled, waiting and refused', async () => {
  const bus = create()
  await bus.start()
  const gate = Promise.withResolvers<undefined>()
  const consumer = new Recorder()
  consumer.onMessages = (partition) => (partition === 1 ? gate.promise : Promise.resolve())
  const subscription = await bus.subscribe({
    topic: 'observations',
    group: 'analyzer',
    handler: consumer,
    failed: consumer.failed,
  })
  await until(() => consumer.held().length === 4)
  await bus.publish([message(0, 'abc'), message(1, 'waits'), message(1, 'too')])
  await until(() => consumer.count === 1)
  expect(bus.topics().observations).toEqual({
    publishedMessages: 3,
    publishedBytes: 11,
    publishFailures: 0,
    publishing: 0,
  })
  expect(bus.waitingMessages('observations')).toBe(2)
  expect(bus.readers()).toMatchObject([
    { topic: 'observations', group: 'analyzer', messages: 1, bytes: 3, partitions: 4 },
  ])
  gate.resolve(undefined)
  await until(() => bus.waitingMessages('observations') === 0)
  await subscription.stop()
  expect(bus.readers()).toEqual([])
  await bus.stop()
  await expect(bus.publish([message(0, 'late')])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' })
  expect(bus.topics().observations).toMatchObject({ publishFailures: 1, publishing: 0 })
})
