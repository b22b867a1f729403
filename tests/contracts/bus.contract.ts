import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Bus, IncomingMessage, PartitionHandler, Subscription } from '../../bus/bus.ts'
import { messageBytesMax } from '../../bus/config.ts'

/**
 * Every promise of bus/bus.ts.
 * @param open makes a bus with four observations partitions and nothing in them, a new one for each test; not started.
 */
export function busContract(name: string, open: () => Promise<Bus> | Bus): void {
  describe(`${name} keeps the promises of a bus`, () => {
    let bus: Bus
    let consumers: Recorder[]

    beforeEach(async () => {
      consumers = []
      bus = await open()
      await bus.start()
    })
    afterEach(async () => {
      await bus.stop()
    })

    async function consume(group: string, handler: Recorder = new Recorder()): Promise<Recorder> {
      const { failed } = handler
      handler.subscription = await bus.subscribe({ topic: 'observations', group, handler, failed })
      consumers.push(handler)
      return handler
    }

    test('knows the partition counts of its topics', () => {
      expect(bus.partitionCount('observations')).toBe(4)
      expect(bus.partitionCount('control')).toBe(1)
    })

    test('keeps the order of messages within a partition, offsets counting from 0', async () => {
      const consumer = await consume('analyzer')
      for (let i = 0; i < 10; i++)
        await bus.publish([message(1, `a${i}`), message(2, `b${i}`), message(1, `c${i}`)])
      await until(() => consumer.count === 30)
      expect(consumer.texts(1)).toEqual(
        Array.from({ length: 10 }, (_, i) => [`a${i}`, `c${i}`]).flat(),
      )
      expect(consumer.texts(2)).toEqual(Array.from({ length: 10 }, (_, i) => `b${i}`))
      expect(consumer.offsets(1)).toEqual(Array.from({ length: 20 }, (_, i) => i))
      expect(consumer.offsets(2)).toEqual(Array.from({ length: 10 }, (_, i) => i))
    })

    test('keeps the order of publish calls that do not wait for each other', async () => {
      const consumer = await consume('analyzer')
      await Promise.all(Array.from({ length: 200 }, (_, i) => bus.publish([message(0, String(i))])))
      await until(() => consumer.count === 200)
      expect(consumer.texts(0)).toEqual(Array.from({ length: 200 }, (_, i) => String(i)))
    })

    test('keeps what is published while nobody is subscribed', async () => {
      await bus.publish([message(3, 'early'), message(3, 'bird')])
      const consumer = await consume('analyzer')
      await until(() => consumer.count === 2)
      expect(consumer.texts(3)).toEqual(['early', 'bird'])
    })

    test('carries a message of 900 kB and an empty one unchanged', async () => {
      const consumer = await consume('analyzer')
      const large = Uint8Array.from({ length: 900_000 }, (_, i) => (i * 31) & 0xff)
      await bus.publish([{ topic: 'observations', partition: 0, value: large }, message(0, '')])
      await until(() => consumer.count === 2)
      const [first, second] = consumer.taken(0)
      expect(Buffer.compare(first!.value, large)).toBe(0)
      expect(second!.value).toHaveLength(0)
    })

    test('carries more at once than fits one request', async () => {
      const consumer = await consume('analyzer')
      await bus.publish(
        Array.from({ length: 24 }, (_, i) => ({
          topic: 'observations',
          partition: 2,
          value: new Uint8Array(300_000).fill(i),
        })),
      )
      await until(() => consumer.count === 24)
      expect(consumer.taken(2).map(({ value }) => value[299_999])).toEqual(
        Array.from({ length: 24 }, (_, i) => i),
      )
    })

    test('refuses a message that is too large, and nothing of that call is delivered', async () => {
      const consumer = await consume('analyzer')
      await expect(
        bus.publish([
          message(0, 'before'),
          { topic: 'observations', partition: 0, value: new Uint8Array(messageBytesMax + 1) },
        ]),
      ).rejects.toMatchObject({ code: 'BUS_MISCONFIGURED', retryable: false })
      await bus.publish([message(0, 'after')])
      await until(() => consumer.count === 1)
      expect(consumer.texts(0)).toEqual(['after'])
    })

    test('gives every group every message, on each topic its own', async () => {
      const [first, second] = [await consume('analyzer'), await consume('historian')]
      const control = new Recorder()
      const other = await bus.subscribe({
        topic: 'control',
        group: 'analyzer',
        handler: control,
        failed: control.failed,
      })
      await bus.publish([
        message(0, 'x'),
        message(3, 'y'),
        { topic: 'control', partition: 0, value: bytes('approve') },
      ])
      await until(() => first.count === 2 && second.count === 2 && control.count === 1)
      expect(control.texts(0)).toEqual(['approve'])
      await other.stop()
    })

    test(
      'shares the partitions among the consumers of a group, and passes them on when one leaves',
      { timeout: 60_000 },
      async () => {
        const first = await consume('analyzer')
        await until(() => first.held().length === 4)
        const second = await consume('analyzer')
        await until(() => first.held().length === 2 && second.held().length === 2)
        expect([...first.held(), ...second.held()].sort()).toEqual([0, 1, 2, 3])

        await bus.publish([0, 1, 2, 3].map((partition) => message(partition, 'shared')))
        await until(() => first.count + second.count === 4)
        for (const partition of first.held()) expect(first.texts(partition)).toEqual(['shared'])

        const passedOn = first.held()
        for (const partition of passedOn) second.wanted.set(partition, 1)
        await first.subscription!.stop()
        await until(() => second.held().length === 4)
        await bus.publish(passedOn.map((partition) => message(partition, 'again')))
        await until(() => passedOn.every((partition) => second.taken(partition).length === 1))
        for (const partition of passedOn) expect(second.offsets(partition)).toEqual([1])
        expect(first.failures).toEqual([])
        expect(second.failures).toEqual([])
      },
    )

    test.each([
      { from: 'the oldest message', wanted: 0, expected: ['0', '1', '2', '3', '4', 'new'] },
      { from: 'a message in the middle', wanted: 3, expected: ['3', '4', 'new'] },
      { from: 'the end', wanted: 5, expected: ['new'] },
    ])(
      'begins with $from when the consumer wants it, whatever its group has committed',
      async ({ wanted, expected }) => {
        await bus.publish(Array.from({ length: 5 }, (_, i) => message(0, String(i))))
        const before = await consume('analyzer')
        await until(() => before.count === 5)
        await before.subscription!.commit(0, 2)
        await before.subscription!.stop()

        const after = new Recorder()
        after.wanted.set(0, wanted)
        await consume('analyzer', after)
        await until(() => after.held().includes(0))
        await bus.publish([message(0, 'new')])
        await until(() => after.texts(0).includes('new'))
        expect(after.texts(0)).toEqual(expected)
      },
    )

    test('says that an offset beyond the end does not exist', async () => {
      await bus.publish([message(0, 'only')])
      const consumer = new Recorder()
      consumer.wanted.set(0, 7)
      await consume('analyzer', consumer)
      await until(() => consumer.failures.length > 0)
      expect(consumer.failures[0]).toMatchObject({ code: 'BUS_OFFSET_GONE', retryable: false })
      expect(consumer.count).toBe(0)
    })

    test('never calls a handler for a partition before its last call has returned', async () => {
      const consumer = new Recorder()
      let running = 0
      let most = 0
      consumer.onMessages = async () => {
        most = Math.max(most, ++running)
        await setTimeout(5)
        running--
      }
      await consume('analyzer', consumer)
      await bus.publish([message(1, 'first')])
      await until(() => consumer.calls === 1)
      for (let i = 0; i < 30; i++) {
        await bus.publish([message(1, String(i))])
        await setTimeout(1)
      }
      await until(() => consumer.count === 31)
      expect(most).toBe(1)
      expect(consumer.calls).toBeGreaterThan(1)
    })

    test('stops a subscription whose handler rejects, and delivers nothing more to it', async () => {
      const consumer = new Recorder()
      const reason = new Error('full disk')
      consumer.onMessages = (partition) =>
        partition === 0 ? Promise.reject(reason) : Promise.resolve()
      await consume('analyzer', consumer)
      await until(() => consumer.held().length === 4)
      await bus.publish([message(0, 'bad')])
      await until(() => consumer.failures.length > 0)
      expect(consumer.failures).toEqual([reason])
      // What it failed on was not given back in order: nobody may save the state of that partition.
      expect(consumer.events.filter((event) => event.startsWith('revoked')).sort()).toEqual([
        'revoked 1',
        'revoked 2',
        'revoked 3',
      ])
      const { calls } = consumer
      await bus.publish([message(1, 'later')])
      await setTimeout(300)
      expect(consumer.calls).toBe(calls)
    })

    test('stops a subscription that cannot take its partition', async () => {
      const consumer = new Recorder()
      consumer.onAssigned = () => Promise.reject(new Error('no state'))
      await consume('analyzer', consumer)
      await until(() => consumer.failures.length > 0)
      expect(consumer.failures[0]).toMatchObject({ message: 'no state' })
    })

    test('gives a failed message to the next subscriber of the group', async () => {
      const consumer = new Recorder()
      consumer.onMessages = () => Promise.reject(new Error('crash'))
      await consume('analyzer', consumer)
      await bus.publish([message(0, 'again')])
      await until(() => consumer.failures.length > 0)
      const next = await consume('analyzer')
      await until(() => next.count === 1)
      expect(next.texts(0)).toEqual(['again'])
    })

    test('settles when what was published can no longer be lost with the process', async () => {
      await bus.settled('observations')
      const consumer = new Recorder()
      let isHandled = false
      consumer.onMessages = async () => {
        await setTimeout(100)
        isHandled = true
      }
      await consume('analyzer', consumer)
      await until(() => consumer.held().length === 4)
      await bus.publish([message(0, 'precious')])
      await bus.settled('observations')
      expect([isHandled, bus.isDurable]).toContain(true)
    })

    test('does not settle over a reader that failed, unless it is durable', async () => {
      const consumer = new Recorder()
      consumer.onMessages = () => Promise.reject(new Error('full disk'))
      await consume('analyzer', consumer)
      await bus.publish([message(0, 'unread')])
      const settled = bus.settled('observations')
      if (bus.isDurable) await settled
      else await expect(settled).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' })
      await until(() => consumer.failures.length > 0)
    })

    test('lets the current call end on stop, takes the partitions back, and calls nobody afterwards', async () => {
      const consumer = new Recorder()
      consumer.onMessages = async () => {
        await setTimeout(100)
        consumer.events.push('done')
      }
      await consume('analyzer', consumer)
      await until(() => consumer.held().length === 4)
      await bus.publish([message(0, 'slow')])
      await until(() => consumer.calls === 1)
      await consumer.subscription!.stop()
      expect(consumer.events.indexOf('done')).toBeLessThan(consumer.events.indexOf('revoked 0'))
      expect(consumer.held()).toEqual([])
      const { length } = consumer.events
      await bus.publish([message(0, 'late')])
      await setTimeout(200)
      expect(consumer.events).toHaveLength(length)
      expect(consumer.failures).toEqual([])
    })

    test('reports a partition that could not be given back', async () => {
      const consumer = new Recorder()
      consumer.onRevoked = (partition) =>
        partition === 2 ? Promise.reject(new Error('not saved')) : Promise.resolve()
      await consume('analyzer', consumer)
      await until(() => consumer.held().length === 4)
      await consumer.subscription!.stop()
      await until(() => consumer.failures.length > 0)
      expect(consumer.failures[0]).toMatchObject({ message: 'not saved' })
    })

    test('takes back every partition when the bus stops, and refuses to publish or subscribe then', async () => {
      const consumer = await consume('analyzer')
      await until(() => consumer.held().length === 4)
      await bus.stop()
      await bus.stop()
      expect(consumer.held()).toEqual([])
      await expect(bus.publish([message(0, 'x')])).rejects.toMatchObject({
        code: 'BUS_UNAVAILABLE',
      })
      await expect(consume('analyzer')).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' })
    })
  })

  test(`${name} is inert until it is started`, async () => {
    const bus = await open()
    await expect(bus.publish([message(0, 'x')])).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' })
    await bus.stop()
  })
}

/** A consumer that writes down what happens to it. */
export class Recorder implements PartitionHandler {
  readonly wanted = new Map<number, number>()
  readonly events: string[] = []
  readonly failures: unknown[] = []
  calls = 0
  subscription: Subscription | null = null
  onAssigned: (partition: number) => Promise<void> = () => Promise.resolve()
  onMessages: (partition: number, messages: readonly IncomingMessage[]) => Promise<void> = () =>
    Promise.resolve()
  onRevoked: (partition: number) => Promise<void> = () => Promise.resolve()
  readonly failed = (error: unknown): void => {
    this.failures.push(error)
  }
  private readonly received = new Map<number, IncomingMessage[]>()

  async assigned(partition: number): Promise<number> {
    await this.onAssigned(partition)
    this.events.push(`assigned ${partition}`)
    return this.wanted.get(partition) ?? 0
  }

  async messages(partition: number, messages: readonly IncomingMessage[]): Promise<void> {
    this.calls++
    await this.onMessages(partition, messages)
    this.received.set(partition, [...this.taken(partition), ...messages])
  }

  async revoked(partition: number): Promise<void> {
    await this.onRevoked(partition)
    this.events.push(`revoked ${partition}`)
  }

  /** Messages whose handling has ended. */
  taken(partition: number): IncomingMessage[] {
    return this.received.get(partition) ?? []
  }

  get count(): number {
    return [...this.received.values()].reduce((sum, messages) => sum + messages.length, 0)
  }

  texts(partition: number): string[] {
    return this.taken(partition).map(({ value }) => new TextDecoder().decode(value))
  }

  offsets(partition: number): number[] {
    return this.taken(partition).map(({ offset }) => offset)
  }

  held(): number[] {
    const held = new Set<number>()
    for (const event of this.events) {
      const [what, partition] = event.split(' ')
      if (what === 'assigned') held.add(Number(partition))
      if (what === 'revoked') held.delete(Number(partition))
    }
    return [...held]
  }
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function message(partition: number, text: string) {
  return { topic: 'observations' as const, partition, value: bytes(text) }
}

/** Waits until `isTrue`, at most 30 s. */
export async function until(isTrue: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(isTrue()).toBe(true), { timeout: 30_000, interval: 10 })
}
