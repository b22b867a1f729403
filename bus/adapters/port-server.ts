import type { MessagePort } from 'node:worker_threads'
import type { Bus, IncomingMessage, Subscription } from '../bus.ts'
import { carryError } from './carried-error.ts'
import { createPortCalls } from './port-calls.ts'
import type { BusClientMethods, BusServerMethods } from './port-protocol.ts'
import { sendable } from './shared-value.ts'

/**
 * Lets the thread at the other end of `port` use `bus` as its own (bus/adapters/port.ts). Back-pressure is the bus's:
 * a call is answered when the bus has answered it, a delivery ends when the other side has handled it.
 * When the other thread ends, what it had subscribed fails as a handler that rejects.
 */
export function serveBus(port: MessagePort, bus: Bus): void {
  const subscriptions = new Map<number, Subscription>()
  const methods: BusServerMethods = {
    publish: (messages) => bus.publish(messages),
    settled: (topic) => bus.settled(topic),
    async subscribe({ id, topic, group }) {
      const subscription = await bus.subscribe({
        topic,
        group,
        handler: {
          assigned: (partition) => calls.call('assigned', { id, partition }),
          messages: (partition, messages) =>
            calls.call('messages', { id, partition, messages: messages.map(toSend) }),
          revoked: (partition) => calls.call('revoked', { id, partition }),
        },
        failed(error) {
          subscriptions.delete(id)
          calls.tell('failed', { id, error: carryError(error) })
        },
      })
      subscriptions.set(id, subscription)
    },
    commit: ({ id, partition, nextOffset }) =>
      subscriptions.get(id)?.commit(partition, nextOffset) ?? Promise.resolve(),
    async unsubscribe({ id }) {
      const subscription = subscriptions.get(id)
      await subscription?.stop()
      subscriptions.delete(id)
    },
  }
  const calls = createPortCalls<BusClientMethods>(port, methods, () => {
    // Each partition it held is given back to nobody: `revoked` rejects, and the bus tells that a reader has failed.
    for (const subscription of subscriptions.values()) void subscription.stop()
  })
}

function toSend({ offset, value }: IncomingMessage): IncomingMessage {
  return { offset, value: sendable(value) }
}
