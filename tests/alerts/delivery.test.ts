import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { waitMs } from '../../alerts/backoff.ts'
import { createDelivery, type Delivery } from '../../alerts/delivery.ts'
import { deliverySchema } from '../../alerts/receiver-config.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import type { ObligationDraft } from '../../store/outbox-store.ts'
import type { StateStore } from '../../store/state-store.ts'
import { obligation } from '../support/obligations.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { createToldReceiver, type Reaction, seeded } from '../support/told-receiver.ts'

// Time is virtual: hours of retries pass in milliseconds. The store is the real one, in memory.

const config = deliverySchema.parse({})
const minute = 60_000
const delivered: Reaction = { result: 'delivered' }
const status = (code: number, afterMs?: number): Reaction => ({
  result: 'retry',
  reason: `HTTP ${code}`,
  ...(afterMs === undefined ? {} : { afterMs }),
})
let store: StateStore
let deliveries: Delivery[]

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 })
  store = createSqliteStore(
    { kind: 'sqlite', path: ':memory:', busyTimeoutMs: 0 },
    { logger: silentLogger },
  )
  await store.start()
  deliveries = []
})
afterEach(async () => {
  const stopping = Promise.all(deliveries.map((one) => one.stop()))
  await vi.advanceTimersByTimeAsync(10_000)
  await stopping
  await store.stop()
  vi.useRealTimers()
})

const owe = (...obligations: ObligationDraft[]) =>
  store.alerts.commit({ anomalies: [], rows: [], moves: [], ended: [], obligations })
const page = (alertId: string, more: Partial<ObligationDraft> = {}) =>
  obligation({ alertId, createdMs: Date.now(), ...more })

function begin(
  react: Parameters<typeof createToldReceiver>[0],
  more: {
    workersMax?: number
    owner?: string
    name?: string
    random?: () => number
    ageHoursMax?: number
  } = {},
) {
  const receiver = createToldReceiver(react)
  const { name = 'on-call', workersMax = 4, owner = 'p1', random = seeded(7) } = more
  const logger = createQuietLogger()
  const delivery = createDelivery(
    { ...config, ageHoursMax: more.ageHoursMax ?? config.ageHoursMax },
    {
      outbox: store.outbox,
      receivers: [{ name, notifier: receiver.notifier, workersMax, timeoutMs: 10_000 }],
      urlOf: (id) => `https://ward.example/#/alerts/${id}`,
      logger,
      now: Date.now,
      random,
      owner,
    },
  )
  deliveries.push(delivery)
  return { ...receiver, delivery, logger, start: () => delivery.start() }
}
const errorsOf = ({ lines }: ReturnType<typeof createQuietLogger>) =>
  lines.filter(({ level }) => level === 'error')
const keysOf = (told: readonly { key: string }[]) => told.map(({ key }) => key)

describe('a delivery', () => {
  test('tells what is owed, with the address of the alert, once', async () => {
    const receiver = begin(() => delivered)
    await owe(page('a', { by: 'm.weber' }))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(minute)
    expect(receiver.attempts).toMatchObject([
      {
        kind: 'trigger',
        alert: { id: 'a' },
        url: 'https://ward.example/#/alerts/a',
        by: 'm.weber',
      },
    ])
    expect(receiver.delivery.counters()).toEqual({
      delivered: 1,
      retried: 0,
      dead: 0,
      leasesLost: 0,
    })
  })

  test('looks at once when it is woken', async () => {
    const receiver = begin(() => delivered)
    await receiver.start()
    await vi.advanceTimersByTimeAsync(300)
    await owe(page('a'))
    receiver.delivery.wake()
    await vi.advanceTimersByTimeAsync(1)
    expect(receiver.taken).toHaveLength(1)
  })

  test('finds within a second what another process has written', async () => {
    const receiver = begin(() => delivered)
    await receiver.start()
    await vi.advanceTimersByTimeAsync(5_300)
    await owe(page('a'))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(receiver.taken).toHaveLength(1)
  })

  test('tells a page, its acknowledgement and its resolve in order, whatever fails', async () => {
    const failing = seeded(3)
    const receiver = begin(() => (failing() < 0.6 ? status(500) : delivered))
    const kinds = ['trigger', 'acknowledge', 'resolve'] as const
    for (const id of ['a', 'b', 'c']) await owe(...kinds.map((kind) => page(id, { kind })))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(20 * minute)
    for (const id of ['a', 'b', 'c'])
      expect(receiver.taken.filter((n) => n.alert.id === id).map((n) => n.kind)).toEqual(kinds)
  })

  test('keeps to its number of workers', async () => {
    const receiver = begin(() => 'hang', { workersMax: 3 })
    await owe(...Array.from({ length: 20 }, (_, i) => page(`a${i}`)))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(receiver.openMax()).toBe(3)
  })

  test('goes on while one receiver hangs for good', async () => {
    const stuck = begin(() => 'deaf', { name: 'stuck' })
    const well = begin(() => delivered, { owner: 'p2' })
    await owe(page('a', { receiver: 'stuck' }), page('a'))
    await stuck.start()
    await well.start()
    await vi.advanceTimersByTimeAsync(minute)
    expect(well.taken).toHaveLength(1)
    expect(stuck.attempts.length).toBeGreaterThan(1)
    expect(await store.outbox.ofAlert('a')).toMatchObject([{ reason: 'no answer' }, {}])
  })
})

describe('a receiver that', () => {
  test('answers 429 is left alone as long as it asks, all of it', async () => {
    const times: number[] = []
    const receiver = begin((_n, attempt) => {
      times.push(Date.now())
      return attempt === 1 ? status(429, 120_000) : delivered
    })
    await owe(page('a'))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(1_000)
    await owe(page('b'))
    await vi.advanceTimersByTimeAsync(117_000)
    expect(receiver.attempts).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(new Set(receiver.attempts.map((n) => n.alert.id))).toEqual(new Set(['a', 'b']))
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(120_000)
  })

  test('answers 500 for ten minutes gets everything within a minute or two of its recovery', async () => {
    const startMs = Date.now()
    const receiver = begin(() => (Date.now() - startMs < 10 * minute ? status(500) : delivered))
    const pages = Array.from({ length: 50 }, (_, i) => page(`a${i}`))
    await owe(...pages)
    await receiver.start()
    await vi.advanceTimersByTimeAsync(10 * minute)
    expect(receiver.taken).toEqual([])
    await vi.advanceTimersByTimeAsync(2 * minute)
    expect(keysOf(receiver.taken).sort()).toEqual(keysOf(pages).sort())
  })

  test('hangs is cut off at its time, and asked again', async () => {
    const receiver = begin((_n, attempt) => (attempt < 3 ? 'hang' : delivered))
    await owe(page('a'))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(9_900)
    expect(await store.outbox.ofAlert('a')).toMatchObject([{ attempts: 0 }])
    await vi.advanceTimersByTimeAsync(5 * minute)
    expect(receiver.attempts).toHaveLength(3)
    expect(receiver.taken).toHaveLength(1)
  })

  test('refuses makes a dead letter at once, with the reason, and holds up nothing', async () => {
    const receiver = begin((n) =>
      n.alert.id === 'a' ? { result: 'refused', reason: 'HTTP 400' } : delivered,
    )
    await owe(page('a'), page('a', { kind: 'resolve' }), page('b'))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(minute)
    expect(receiver.attempts.filter((n) => n.alert.id === 'a')).toHaveLength(2)
    expect(await store.outbox.dead(10)).toMatchObject([
      { kind: 'resolve', reason: 'HTTP 400' },
      { kind: 'trigger', reason: 'HTTP 400' },
    ])
    expect(keysOf(receiver.taken)).toEqual([page('b').key.replace(/\d+$/, '1000000')])
    expect(errorsOf(receiver.logger)).toHaveLength(2)
  })

  test('crashes our notifier is tried again, and the fault is told', async () => {
    const receiver = begin((_n, attempt) => (attempt === 1 ? 'crash' : delivered))
    await owe(page('a'))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(minute)
    expect(receiver.taken).toHaveLength(1)
    expect(errorsOf(receiver.logger)).toHaveLength(1)
  })

  test('never takes it makes a dead letter by age, which can be owed again', async () => {
    let isMended = false
    const receiver = begin(() => (isMended ? delivered : status(503)), { ageHoursMax: 0.2 })
    await owe(page('a'))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(12 * minute + 3 * minute)
    expect(await store.outbox.dead(10)).toMatchObject([{ reason: 'too old' }])
    isMended = true
    await vi.advanceTimersByTimeAsync(2 * minute)
    expect(receiver.taken).toEqual([])
    expect(await store.outbox.resend('all', Date.now())).toBe(1)
    await vi.advanceTimersByTimeAsync(minute)
    expect(keysOf(receiver.taken)).toEqual(keysOf(receiver.attempts).slice(0, 1))
  })

  test('is no longer configured gets dead letters, not silence', async () => {
    const receiver = begin(() => delivered, { ageHoursMax: 0.2 })
    await owe(page('a', { receiver: 'gone' }))
    await receiver.start()
    await vi.advanceTimersByTimeAsync(12 * minute + 3 * minute)
    expect(await store.outbox.counts()).toMatchObject([{ receiver: 'gone', state: 'dead' }])
  })
})

describe('two processes at one outbox', () => {
  test('share the work and send nothing twice', async () => {
    const one = begin(() => delivered, { owner: 'p1', workersMax: 1 })
    const two = begin(() => delivered, { owner: 'p2', workersMax: 1 })
    const pages = Array.from({ length: 40 }, (_, i) => page(`a${i}`))
    await owe(...pages)
    await Promise.all([one.start(), two.start()])
    await vi.advanceTimersByTimeAsync(minute)
    expect(keysOf([...one.taken, ...two.taken]).sort()).toEqual(keysOf(pages).sort())
    expect(one.taken.length).toBeGreaterThan(0)
    expect(two.taken.length).toBeGreaterThan(0)
  })

  test('the second sends what the first has died over, under the same key', async () => {
    const dead = createToldReceiver(() => delivered)
    await owe(page('a'))
    // Takes the lease, tells the receiver, and is never heard of again.
    const lease = { receiver: 'on-call', owner: 'p1', nowMs: Date.now(), leaseMs: 30_000, limit: 1 }
    const [row] = await store.outbox.claim(lease)
    await dead.notifier.send({ ...row!, url: '' }, new AbortController().signal)
    const heir = begin(() => delivered, { owner: 'p2' })
    await heir.start()
    await vi.advanceTimersByTimeAsync(29_000)
    expect(heir.taken).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(keysOf(heir.taken)).toEqual(keysOf(dead.taken))
  })
})

test('whatever receivers do, nothing that is owed is lost, and each key is one obligation', async () => {
  const chance = seeded(11)
  const reactions: Reaction[] = [status(429, 5_000), status(500), 'hang', 'crash', 'deaf']
  const receiver = begin(
    (_n, attempt) =>
      attempt > 8 || chance() < 0.3
        ? delivered
        : reactions[Math.floor(chance() * reactions.length)]!,
    { workersMax: 8 },
  )
  const owed = Array.from({ length: 60 }, (_, i) =>
    page(`a${i % 20}`, {
      kind: i < 20 ? 'trigger' : i < 40 ? 'acknowledge' : 'resolve',
    }),
  )
  await owe(...owed)
  await receiver.start()
  await vi.advanceTimersByTimeAsync(40 * minute)
  expect(new Set(keysOf(receiver.taken))).toEqual(new Set(keysOf(owed)))
  expect(await store.outbox.counts()).toMatchObject([{ state: 'delivered', count: 60 }])
  for (let i = 0; i < 20; i++) {
    const kinds = receiver.taken.filter((n) => n.alert.id === `a${i}`).map((n) => n.kind)
    expect([...new Set(kinds)]).toEqual(['trigger', 'acknowledge', 'resolve'])
  }
})

describe('the wait before the next attempt', () => {
  test.each([
    { name: 'is at most the base after the first', attempts: 1, afterMs: 0, random: 1, ms: 2_000 },
    { name: 'doubles', attempts: 3, afterMs: 0, random: 1, ms: 8_000 },
    { name: 'is bounded', attempts: 5_000, afterMs: 0, random: 1, ms: 60_000 },
    { name: 'may be nothing: full jitter', attempts: 9, afterMs: 0, random: 0, ms: 0 },
    { name: 'is never less than asked', attempts: 1, afterMs: 90_000, random: 0, ms: 90_000 },
    { name: 'jitters what is asked', attempts: 9, afterMs: 90_000, random: 0.5, ms: 91_000 },
  ])('$name', ({ attempts, afterMs, random, ms }) => {
    expect(waitMs(config, attempts, afterMs, random)).toBe(ms)
  })
})
