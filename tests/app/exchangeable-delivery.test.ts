import { expect, test } from 'vitest'
import type { Delivery, Receiver } from '../../alerts/delivery.ts'
import { createExchangeableDelivery } from '../../app/exchangeable-delivery.ts'

/** Deliveries that write down what happens to them, each having delivered one. */
function scene() {
  const told: string[] = []
  const create = (receivers: readonly Receiver[]): Delivery => {
    const name = receivers.map((receiver) => receiver.name).join('+')
    return {
      start: () => Promise.resolve(void told.push(`start ${name}`)),
      stop: async () => {
        told.push(`stopping ${name}`)
        await Promise.resolve()
        told.push(`stopped ${name}`)
      },
      wake: () => void told.push(`wake ${name}`),
      counters: () => ({ delivered: 1, retried: 0, dead: 0, leasesLost: 0 }),
    }
  }
  const receiver = (name: string) => ({ name }) as Receiver
  return { told, receiver, delivery: createExchangeableDelivery([receiver('pager')], create) }
}

test('stops what delivers to the old receivers before it begins with the new ones', async () => {
  const { told, receiver, delivery } = scene()
  await delivery.start()
  await delivery.exchange([receiver('mail'), receiver('hook')])
  delivery.wake()
  await delivery.stop()
  expect(told).toEqual([
    'start pager',
    'stopping pager',
    'stopped pager',
    'start mail+hook',
    'wake mail+hook',
    'stopping mail+hook',
    'stopped mail+hook',
  ])
  expect(delivery.counters().delivered).toBe(2)
})

test('exchanges one after the other, and starts nothing after it was stopped', async () => {
  const { told, receiver, delivery } = scene()
  await delivery.start()
  const steps = [delivery.exchange([receiver('a')]), delivery.exchange([receiver('b')])]
  steps.push(delivery.stop(), delivery.exchange([receiver('c')]))
  await Promise.all(steps)
  expect(told.filter((line) => line.startsWith('start '))).toEqual([
    'start pager',
    'start a',
    'start b',
  ])
  expect(told.at(-1)).toBe('stopped b')
})
