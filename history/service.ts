import type { Bus, IncomingMessage, Subscription } from '../bus/bus.ts'
import { isWardwatchError } from '../records/errors.ts'
import type { Logger, Service } from '../records/service.ts'
import type { FlowAppend, FlowStore } from '../store/flow-store.ts'
import type { HistoryConfig } from './config.ts'

export interface HistorianDeps {
  readonly bus: Bus
  readonly flows: FlowStore
  readonly logger: Logger
  /** Called once when the historian has stopped for good, because the bus broke. */
  readonly failed: (error: unknown) => void
}

export interface HistorianCounters {
  /** Messages handed to the store. */
  readonly messages: number
  /** Messages of a bus in memory left out because the store could not take them; each is in a recorded gap. */
  readonly shed: number
}

export interface Historian extends Service {
  counters(): HistorianCounters
}

/** How long `stop` waits for what is still on a bus in memory. */
const drainMsMax = 5_000

/**
 * Role `historian`: hands every message of `observations` to the history and tells the bus how far it is safe. On a
 * durable bus it waits for a history that cannot write, however long: the messages stay where they are. In memory it
 * must not hold back detection: after `holdMs` it leaves messages out until there is room, and the history records
 * their absence, from the last message kept to the next.
 */
export function createHistorian(config: HistoryConfig, deps: HistorianDeps): Historian {
  const { bus, flows } = deps
  const logger = deps.logger.child({ stage: 'history' })
  const counts = { messages: 0, shed: 0 }
  /** Left out since the last message that was kept: what no later message tells of yet. */
  const shed = new Map<number, FlowAppend[]>()
  let subscription: Subscription | null = null

  async function messages(partition: number, incoming: readonly IncomingMessage[]): Promise<void> {
    const batch = { partition, messages: incoming }
    for (;;) {
      try {
        await flows.append(batch, shed.has(partition) ? { holdMs: 0 } : {})
        counts.messages += incoming.length
        if (shed.delete(partition)) logger.info({ partition }, 'history takes messages again')
        return
      } catch (err) {
        if (!isWardwatchError(err) || !err.retryable) throw err
        if (!bus.isDurable) {
          leaveOut(batch, err)
          return
        }
        if (subscription === null) throw err
        logger.warn({ err, partition }, 'history is full, the bus waits')
      }
    }
  }

  function leaveOut(batch: FlowAppend, err: unknown): void {
    const { partition, messages: lost } = batch
    if (!shed.has(partition)) logger.error({ err, partition }, 'history is full, messages left out')
    counts.shed += lost.length
    // The first and the last of them bound the gap; the values between are not kept.
    const [first] = shed.get(partition) ?? []
    const last = { partition, messages: lost.slice(-1) }
    shed.set(
      partition,
      first === undefined ? [{ partition, messages: lost.slice(0, 1) }, last] : [first, last],
    )
  }

  return {
    async start() {
      if (subscription !== null) return
      flows.onFlushed((partition, nextOffset) => {
        subscription?.commit(partition, nextOffset).catch((err: unknown) => {
          // Recovery rests on the position in the history itself.
          logger.warn({ err, partition }, 'offset not told to the bus')
        })
      })
      subscription = await bus.subscribe({
        topic: 'observations',
        group: config.group,
        handler: {
          // In memory everything begins anew; asking a history that is not there would hold back the bus.
          assigned: (partition) => (bus.isDurable ? flows.position(partition) : Promise.resolve(0)),
          messages,
          revoked: () => Promise.resolve(),
        },
        failed(error) {
          logger.error({ err: error }, 'historian stopped')
          deps.failed(error)
        },
      })
    },
    async stop() {
      const stopping = subscription
      subscription = null
      if (stopping === null) return
      if (!bus.isDurable) await drained(bus)
      await stopping.stop()
      await flows.noteShed([...shed.values()].flat())
      shed.clear()
    },
    counters: () => ({ ...counts }),
  }
}

/** What a bus in memory still holds is lost with it; whoever publishes has stopped before. */
async function drained(bus: Bus): Promise<void> {
  const waiting = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => waiting.resolve(undefined), drainMsMax)
  // A group that has failed has said so itself.
  const settled = bus.settled('observations').catch(() => undefined)
  await Promise.race([settled, waiting.promise])
  clearTimeout(timer)
}
