import type { IncomingMessage, OutgoingMessage, TopicName } from '../bus.ts'
import type { CarriedError } from './carried-error.ts'

// What two threads ask of each other when one uses the bus of the other. `id` names a subscription of that port.

/** What the thread that has the bus answers. */
export interface BusServerMethods {
  publish: (messages: readonly OutgoingMessage[]) => Promise<void>
  settled: (topic: TopicName) => Promise<void>
  subscribe: (asked: { id: number; topic: TopicName; group: string }) => Promise<void>
  commit: (at: { id: number; partition: number; nextOffset: number }) => Promise<void>
  unsubscribe: (asked: { id: number }) => Promise<void>
}

/** What the thread that has the bus calls on the one that uses it. */
export interface BusClientMethods {
  assigned: (at: { id: number; partition: number }) => Promise<number>
  messages: (at: {
    id: number
    partition: number
    messages: readonly IncomingMessage[]
  }) => Promise<void>
  revoked: (at: { id: number; partition: number }) => Promise<void>
  failed: (told: { id: number; error: CarriedError }) => void
}
