import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Bus, OutgoingMessage } from '../../bus/bus.ts'
import { ingestConfigSchema } from '../../ingest/config.ts'
import { createIngest, type Ingest } from '../../ingest/service.ts'
import { decodeObservation } from '../../records/codec.ts'
import type { ObservationMessage } from '../../records/observation.ts'
import { type Packet, udpFrame } from '../../simulator/packets.ts'
import { createHandPort } from '../support/hand-port.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { startUs } from '../support/traffic-arbitrary.ts'

const partitions = 3
let wallMs: number
let port: ReturnType<typeof createHandPort>['port']
let ingest: Ingest
let logger: ReturnType<typeof createQuietLogger>
let published: OutgoingMessage[]
/** Awaited by each publish. */
let busGate: Promise<void>

beforeEach(async () => {
  wallMs = startUs / 1000
  published = []
  busGate = Promise.resolve()
  logger = createQuietLogger()
  const hand = createHandPort()
  port = hand.port
  port.clockUs = startUs
  const bus: Bus = {
    isDurable: false,
    settled: () => Promise.resolve(),
    partitionCount: (topic) => (topic === 'observations' ? partitions : 1),
    async publish(messages) {
      await busGate
      published.push(...messages)
    },
    subscribe: () => Promise.reject(new Error('nobody subscribes here')),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  }
  ingest = createIngest(
    ingestConfigSchema.parse({ flowsMax: 1024, run: 'live-1', unansweredSeconds: 1 }),
    {
      bus,
      recordings: [{ name: 'hand', teaches: false, source: hand.source }],
      logger,
      now: () => wallMs,
    },
  )
  await ingest.start()
})
afterEach(async () => {
  await ingest.stop()
})

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 })
/** Both clocks go on. */
function pass(ms: number) {
  wallMs += ms
  port.clockUs += ms * 1000
}
const messages = (): ObservationMessage[] =>
  published
    .filter(({ topic }) => topic === 'observations')
    .map(({ value }) => decodeObservation(value))
const kinds = () => messages().map(({ kind }) => kind)
const packet = (atUs: number, host = 1): Packet => ({
  timeUs: startUs + atUs,
  bytes: udpFrame(
    { ip: `10.0.0.${host}`, mac: '00:1b:21:00:00:01' },
    { ip: '10.0.9.9', mac: '00:1b:21:00:00:02' },
    5000 + host,
    161,
    Uint8Array.of(1, 2, 3),
  ),
})

describe('a port that is watched live', () => {
  test('tells its clock in every partition while nothing comes, half a second behind', async () => {
    await eventually(() => expect(kinds()).toEqual(['recording', 'recording', 'recording']))
    for (let i = 0; i < 20; i++) {
      pass(300)
      const sent = published.length
      await eventually(() => expect(published.length).toBeGreaterThanOrEqual(sent + partitions))
    }
    expect(new Set(kinds().slice(partitions))).toEqual(new Set(['clock']))
    await eventually(() => {
      pass(300)
      expect(ingest.clock().clockUs).toBeGreaterThan(startUs + 5e6)
    })
    expect(ingest.clock().clockUs).toBeLessThanOrEqual(port.clockUs - 500_000)
  })

  test('lets time pass for flows although nothing comes', async () => {
    port.give(packet(0), packet(1000))
    await eventually(() => expect(port.asked).toBe(2))
    await eventually(() => {
      pass(100)
      expect(messages().some(({ flows }) => (flows?.rowCount ?? 0) > 0)).toBe(true)
    })
    // The first contact was unanswered for a second by then.
    expect(port.clockUs - startUs).toBeGreaterThan(1e6)
  })

  test('has no clock of its own while nothing is captured', async () => {
    port.clockUs = -Infinity
    port.health = { downSinceUs: startUs, gaps: 0, gapUs: 0, lastGap: null }
    for (let i = 0; i < 10; i++) {
      wallMs += 300
      const sent = published.length
      await eventually(() => expect(published.length).toBeGreaterThan(sent))
    }
    expect(ingest.clock().clockUs).toBe(0)
    expect(messages().at(-1)).toMatchObject({ kind: 'clock', health: { capture: port.health } })
  })

  test('tells a gap and losses at once, in the health of its messages and in the log', async () => {
    await eventually(() => expect(published.length).toBeGreaterThan(0))
    const lastGap = { fromUs: startUs, toUs: startUs + 5e6, cause: 'interface-gone' }
    port.health = { downSinceUs: null, gaps: 1, gapUs: 5e6, lastGap }
    port.dropped = 7
    // Not by passing of time: that it has changed is the reason.
    await eventually(() =>
      expect(messages().at(-1)!.health).toMatchObject({
        dropped: 7,
        capture: { gaps: 1, lastGap },
      }),
    )
    const told = logger.lines.map(({ message, fields }) => ({ message, ...fields }))
    expect(told).toContainEqual({ message: 'capture gap recorded', ...lastGap, gaps: 1 })
    expect(told).toContainEqual({
      message: 'packets lost before they were read',
      dropped: 7,
      droppedTotal: 7,
    })
  })

  test('sends what comes after a pause without waiting for company', async () => {
    pass(100)
    // Answered: its record needs no time-out.
    const answer: Packet = {
      timeUs: startUs + 100_500,
      bytes: udpFrame(
        { ip: '10.0.9.9', mac: '00:1b:21:00:00:02' },
        { ip: '10.0.0.1', mac: '00:1b:21:00:00:01' },
        161,
        5001,
        Uint8Array.of(4),
      ),
    }
    port.give(packet(100_000), answer, packet(100_600))
    // Wall time stands still meanwhile.
    await eventually(() => expect(kinds()).toContain('data'))
  })

  test('waits with its packets while the bus is behind, and adds nothing to what waits', async () => {
    await eventually(() => expect(published.length).toBeGreaterThan(0))
    const gate = Promise.withResolvers<undefined>()
    busGate = gate.promise.then(() => undefined)
    port.give(packet(0))
    pass(300)
    await eventually(() => expect(ingest.stats().packets + port.asked).toBeGreaterThan(1))
    const asked = port.asked
    for (let i = 0; i < 5; i++) {
      port.give(packet(1000 * i, i + 2))
      pass(1000)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    expect(port.asked).toBe(asked)
    const before = published.length
    gate.resolve(undefined)
    await eventually(() => expect(ingest.stats().packets).toBe(6))
    // One round of clocks at most was held back, not one for each 250 ms.
    expect(published.length - before).toBeLessThan(6 * partitions)
  })

  test('is read to the last packet when it is stopped, and its flows are told without an end of input', async () => {
    port.last = [packet(5000, 1), packet(6000, 2)]
    port.give(packet(0), packet(10))
    await eventually(() => expect(port.asked).toBe(2))
    await ingest.stop()
    await ingest.done
    expect(ingest.stats()).toMatchObject({ packets: 4, flows: 2 })
    const rows = messages().reduce((sum, { flows }) => sum + (flows?.rowCount ?? 0), 0)
    expect(rows).toBe(ingest.stats().flowRecords * 2)
    expect(rows).toBeGreaterThan(0)
    expect(kinds()).not.toContain('end')
  })

  test('is given up when nothing can be published any more', async () => {
    const failed = Promise.reject(new Error('the bus is gone'))
    failed.catch(() => undefined)
    busGate = failed
    pass(300)
    await expect(ingest.done).rejects.toThrow('the bus is gone')
    expect(port.isStopped).toBe(true)
  })
})
