import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { foldBatch } from '../../alerts/fold-batch.ts'
import { presentAlert } from '../../alerts/present.ts'
import type { Alert } from '../../dashboard/api.ts'
import { createLiveFeed, type LiveFeed } from '../../dashboard/live-feed.ts'
import { createLiveAlerts, type FeedSocket } from '../../dashboard/web/data/live-alerts.ts'
import { createMemoryRows } from '../support/alert-rows.ts'
import { anomalyOf, shiftStartUs } from '../support/anomalies.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

const limits = alertsConfigSchema.parse({})
const vendorOf = () => null
let memory: ReturnType<typeof createMemoryRows>
let feed: LiveFeed
let server: Server
let sockets: WebSocket[]

beforeEach(async () => {
  memory = createMemoryRows()
  sockets = []
  feed = createLiveFeed(
    { clientsMax: 10, snapshotRows: 1000 },
    {
      states: { alerts: memory.store, partitions: { progress: () => Promise.resolve(null) } },
      present: (row) => presentAlert(row, vendorOf),
      sensors: () => [],
      sessions: { inForce: (hashes) => Promise.resolve(new Set(hashes)) },
      logger: createQuietLogger(),
      now: () => Date.now(),
    },
  )
  await feed.start()
  server = createServer().on('upgrade', (request, socket, head) => {
    feed.accept(request, socket, head, 'session')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(async () => {
  await feed.stop()
  server.close()
  server.closeAllConnections()
})

function openSocket(): FeedSocket {
  const { port } = server.address() as AddressInfo
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  socket.on('error', () => undefined)
  sockets.push(socket)
  return socket
}

/** A row of its own for each device; a later time makes the row count up. */
async function see(device: number, step: number): Promise<void> {
  const anomaly = anomalyOf({
    viewKey: `north|lan|ip:10.0.0.${device}`,
    oldestUs: shiftStartUs + step * 1000,
    timeUs: shiftStartUs + step * 1000,
  })
  const { commit } = await foldBatch([{ kind: 'anomaly', anomaly }], memory.store, limits)
  await memory.store.commit({ ...commit, moves: [] })
}

async function storedAlerts(): Promise<Alert[]> {
  const rows = await memory.store.list({ limit: 1000, scoreMin: 0 })
  return rows.map((row) => presentAlert(row, vendorOf)).filter((alert) => alert !== null)
}

const byId = (alerts: Iterable<Alert>) => [...alerts].sort((a, b) => (a.id < b.id ? -1 : 1))

type Action =
  | { readonly kind: 'see'; readonly device: number }
  /** The line breaks; `missed` is seen before the page is back. */
  | { readonly kind: 'cut'; readonly missed: readonly number[] }
  /** The page catches up before anything else happens. */
  | { readonly kind: 'settle' }

const device = fc.nat(9)
const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('see' as const), device }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('cut' as const),
        missed: fc.array(device, { maxLength: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  ),
  { minLength: 1, maxLength: 20 },
)

test('a page that loses its line at any moment ends up with every row in its newest state', async () => {
  let step = 0
  let resumed = 0
  const seeAndWake = async (seen: number) => {
    await see(seen, ++step)
    feed.wake()
  }
  await fc.assert(
    fc.asyncProperty(actions, async (list) => {
      const live = createLiveAlerts({ open: openSocket, now: () => Date.now(), random: () => 0 })
      const settle = async () => {
        const wanted = byId(await storedAlerts())
        await vi.waitFor(
          () => {
            expect(live.state().isLoaded).toBe(true)
            expect(byId(live.state().alerts.values())).toEqual(wanted)
          },
          { interval: 2, timeout: 5000 },
        )
      }
      live.start()
      await settle()
      for (const action of list) {
        if (action.kind === 'see') await seeAndWake(action.device)
        else if (action.kind === 'settle') await settle()
        else {
          // Cut off without a word, as when a laptop sleeps.
          sockets.at(-1)?.terminate()
          await vi.waitFor(() => expect(live.state().line).toBe('lost'), { interval: 1 })
          for (const missed of action.missed) await seeAndWake(missed)
          if (action.missed.length > 0) resumed++
          live.retryNow()
          await vi.waitFor(() => expect(live.state().line).toBe('live'), { interval: 1 })
        }
      }
      await settle()
      live.stop()
    }),
    { numRuns: 25 },
  )
  // The case that matters was among them.
  expect(resumed).toBeGreaterThan(10)
})

test('a page that comes back is sent what changed, not everything', async () => {
  for (let device = 1; device <= 20; device++) await see(device, device)
  const since = await memory.store.lastRevision()
  await see(3, 100)
  await see(21, 101)
  const frames = await framesAfter({ type: 'resume', revision: since })
  expect(frames).toEqual([
    ['delta', since + 1],
    ['delta', since + 2],
    ['status', since + 2],
  ])
})

test('a page that has missed more than fits, or knows a revision nobody gave out, starts anew', async () => {
  for (let device = 1; device <= 20; device++) await see(device, device)
  expect((await framesAfter({ type: 'resume', revision: 999 }))[0]).toEqual(['snapshot', 20])
  for (let step = 1; step <= 600; step++) await see(1000 + step, step)
  expect((await framesAfter({ type: 'resume', revision: 1 }))[0]).toEqual(['snapshot', 620])
})

test.each([
  { name: 'no JSON', frame: '{' },
  { name: 'an unknown type', frame: '{"type":"subscribe","revision":0}' },
  { name: 'a negative revision', frame: '{"type":"resume","revision":-1}' },
  { name: 'a field too many', frame: '{"type":"resume","revision":0,"all":true}' },
])('a page that says $name is closed with 1008', async ({ frame }) => {
  expect(await closeCodeAfter(frame)).toBe(1008)
})

test('a frame larger than a page ever needs is refused with 1009', async () => {
  expect(await closeCodeAfter(' '.repeat(10_000))).toBe(1009)
})

test('a failing store does not end the feed: the next round tells what was missed', async () => {
  const live = createLiveAlerts({ open: openSocket, now: () => Date.now(), random: () => 0 })
  live.start()
  await vi.waitFor(() => expect(live.state().isLoaded).toBe(true))
  const real = memory.store.changedSince.bind(memory.store)
  memory.store.changedSince = () => Promise.reject(new Error('disk'))
  await see(1, 1)
  feed.wake()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(live.state().alerts.size).toBe(0)
  memory.store.changedSince = real
  await vi.waitFor(() => expect(live.state().alerts.size).toBe(1), { timeout: 3000 })
  live.stop()
})

/** Types and revisions of what a page is sent, up to and with its first status. */
async function framesAfter(hello: object): Promise<(readonly [string, number])[]> {
  const frames: (readonly [string, number])[] = []
  const socket = openSocket()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  socket.addEventListener('open', () => socket.send(JSON.stringify(hello)))
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as { type: string; revision: number }
    frames.push([message.type, message.revision])
    if (message.type === 'status') resolve(undefined)
  })
  await promise
  socket.close()
  return frames
}

function closeCodeAfter(frame: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  openSocket()
  const socket = sockets.at(-1)!
  socket.on('open', () => socket.send(frame))
  socket.on('close', (code) => resolve(code))
  return promise
}
