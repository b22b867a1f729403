import type { MessagePort } from 'node:worker_threads'
import { WardwatchError } from '../../records/errors.ts'
import type { Bus, SubscribeOptions, TopicName } from '../bus.ts'
import { raiseCarried } from './carried-error.ts'
import { checkSize } from './message-size.ts'
import { createPortCalls } from './port-calls.ts'
import type { BusClientMethods, BusServerMethods } from './port-protocol.ts'
import { shared } from './shared-value.ts'

/** What is known of the bus at the other end before anything is asked of it. */
export interface PortBusOptions {
  readonly isDurable: boolean
  readonly partitions: Readonly<Record<TopicName, number>>
}

/**
 * The bus of another thread (bus/adapters/port-server.ts), used from here as if it were our own. A value is copied once,
 * by whoever publishes, into memory that all threads see; readers in any thread get that memory (decision 0022).
 * `stop` gives back what was subscribed here; the bus itself goes on.
 */
export function createPortBus(port: MessagePort, options: PortBusOptions): Bus {
  /** Kept after their end: a partition that could not be given back is told of after it. */
  const subscribed = new Map<number, SubscribeOptions>()
  const stops = new Map<number, () => Promise<void>>()
  let nextId = 1
  let isRunning = false

  const handlerOf = (id: number) => {
    const handler = subscribed.get(id)?.handler
    if (handler === undefined) throw new TypeError(`no subscription ${id}`)
    return handler
  }
  const methods: BusClientMethods = {
    assigned: ({ id, partition }) => handlerOf(id).assigned(partition),
    messages: ({ id, partition, messages }) => handlerOf(id).messages(partition, messages),
    revoked: ({ id, partition }) => handlerOf(id).revoked(partition),
    failed({ id, error }) {
      stops.delete(id)
      subscribed.get(id)?.failed(raiseCarried(error))
    },
  }
  const calls = createPortCalls<BusServerMethods>(port, methods, () => {
    // Whoever has subscribed hears of it; their later calls are refused by the port.
    for (const id of stops.keys()) subscribed.get(id)?.failed(ended())
    stops.clear()
  })

  return {
    isDurable: options.isDurable,
    partitionCount: (topic) => options.partitions[topic],
    settled: (topic) => calls.call('settled', topic),
    start() {
      isRunning = true
      return Promise.resolve()
    },
    async stop() {
      isRunning = false
      await Promise.all([...stops.values()].map((stop) => stop()))
    },
    async publish(messages) {
      if (!isRunning) throw notRunning()
      for (const message of messages) checkSize(message)
      await calls.call(
        'publish',
        messages.map(({ topic, partition, value }) => ({ topic, partition, value: shared(value) })),
      )
    },
    async subscribe(asked) {
      if (!isRunning) throw notRunning()
      const id = nextId++
      subscribed.set(id, asked)
      try {
        await calls.call('subscribe', { id, topic: asked.topic, group: asked.group })
      } catch (error) {
        subscribed.delete(id)
        throw error
      }
      let stopping: Promise<void> | null = null
      const stop = () => {
        stopping ??= calls.call('unsubscribe', { id }).then(() => void stops.delete(id))
        return stopping
      }
      stops.set(id, stop)
      return {
        commit: (partition, nextOffset) => calls.call('commit', { id, partition, nextOffset }),
        stop,
      }
    },
  }
}

function notRunning(): WardwatchError {
  return new WardwatchError('BUS_UNAVAILABLE', 'the bus is not running')
}

function ended(): WardwatchError {
  return new WardwatchError('BUS_UNAVAILABLE', 'the thread that has the bus has ended')
}
