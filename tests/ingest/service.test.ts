import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bus, OutgoingMessage } from '../../bus/bus.ts'
import { messageBytesMax } from '../../bus/config.ts'
import { type IngestConfig, ingestConfigSchema } from '../../ingest/config.ts'
import { createIngest, type Recording } from '../../ingest/service.ts'
import type { PacketBlock, Source } from '../../ingest/source.ts'
import { decodeObservation } from '../../records/codec.ts'
import { textAt } from '../../records/columns.ts'
import { latenessAllowedUs, type ObservationMessage } from '../../records/observation.ts'
import { dnsLookup } from '../../simulator/conversations.ts'
import { type Packet, udpFrame } from '../../simulator/packets.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { blockOf } from '../support/pipeline-run.ts'
import { moves, packetsOf, startUs } from '../support/traffic-arbitrary.ts'

/** A bus that keeps what is published, and can be made to refuse or to be slow. */
function createBus(partitions: number, onPublish: () => Promise<void> = () => Promise.resolve()) {
  const published: OutgoingMessage[] = []
  const bus: Bus = {
    isDurable: false,
    settled: () => Promise.resolve(),
    partitionCount: (topic) => (topic === 'observations' ? partitions : 1),
    async publish(messages) {
      await onPublish()
      published.push(...messages)
    },
    subscribe: () => Promise.reject(new Error('nobody subscribes here')),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  }
  const messages = () =>
    published
      .filter(({ topic }) => topic === 'observations')
      .map(({ partition, value }) => ({ partition, ...decodeObservation(value) }))
  return { bus, published, messages }
}

function sourceOf(packets: readonly Packet[], blockRows = 1000): Source {
  async function* blocks(): AsyncGenerator<PacketBlock> {
    await Promise.resolve()
    for (let at = 0; at < packets.length; at += blockRows)
      yield blockOf(packets.slice(at, at + blockRows))
  }
  return { name: 'built', blocks, rejects: new Map([['truncated-packet', 2]]), progress: () => 1 }
}

function recordingOf(packets: readonly Packet[], fields: Partial<Recording> = {}): Recording {
  return { name: 'ward', teaches: false, source: sourceOf(packets), ...fields }
}

async function run(
  recordings: readonly Recording[],
  options: {
    partitions?: number
    config?: Partial<IngestConfig>
    onPublish?: () => Promise<void>
  } = {},
) {
  const wire = createBus(options.partitions ?? 3, options.onPublish)
  const config = ingestConfigSchema.parse({ flowsMax: 1024, ...options.config })
  const ingest = createIngest(config, { bus: wire.bus, recordings, logger: createQuietLogger() })
  await ingest.start()
  await ingest.done
  return { ...wire, ingest, messages: wire.messages() }
}

/** Rows of all messages by host, as text, in the order of each host's own partition. */
function rowsByHost(messages: readonly ObservationMessage[]): Record<string, string[]> {
  const rows: Record<string, string[]> = {}
  for (const { flows } of messages) {
    for (let row = 0; flows !== null && row < flows.rowCount; row++) {
      const host = textAt(flows.host, row)!
      const text = [
        flows.sequence[row],
        flows.timeUs[row],
        flows.isOrig[row],
        textAt(flows.peer, row),
      ].join(' ')
      ;(rows[host] ??= []).push(text)
    }
  }
  return rows
}

const packet = (atUs: number, host = 1): Packet => ({
  timeUs: startUs + atUs,
  bytes: udpFrame(
    { ip: `10.0.0.${host}`, mac: '00:1b:21:00:00:01' },
    { ip: '10.0.9.9', mac: '00:1b:21:00:00:02' },
    5000 + host,
    161,
    Uint8Array.of(1, atUs & 255, (atUs >> 8) & 255),
  ),
})

const approval = {
  version: 1,
  kind: 'approve',
  id: 'c1',
  site: 'main',
  effectiveUs: 1,
  by: 'ann',
  reason: '',
  host: 'h',
  relation: 'r',
} as const

describe('published observations', () => {
  test('give both endpoints the rows of every record, host by host, whatever the partition count', async () => {
    await fc.assert(
      fc.asyncProperty(
        moves,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 40 }),
        async (list, partitions, blockRows) => {
          const recording = (rows: number) => [
            recordingOf([], { source: sourceOf(packetsOf(list), rows) }),
          ]
          const one = await run(recording(1000), { partitions: 1 })
          const many = await run(recording(blockRows), { partitions })
          expect(rowsByHost(many.messages)).toEqual(rowsByHost(one.messages))
          const rows = Object.values(rowsByHost(one.messages)).flat()
          expect(rows).toHaveLength(one.ingest.stats().flowRecords * 2)
          for (const { flows } of many.messages) {
            const hosts =
              flows === null
                ? []
                : Array.from({ length: flows.rowCount }, (_, row) => textAt(flows.host, row)!)
            const changes = hosts.filter((host, i) => host !== hosts[i - 1])
            expect(changes).toEqual([...new Set(hosts)])
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  test('are numbered without a hole in each partition, and their clock never goes back within a recording', async () => {
    const packets = Array.from({ length: 300 }, (_, i) => packet(i * 900_000, 1 + (i % 200)))
    const { messages } = await run([recordingOf(packets)])
    for (const partition of [0, 1, 2]) {
      const own = messages.filter((m) => m.partition === partition)
      expect(own.map((m) => m.sequence)).toEqual(own.map((_, i) => i + 1))
      const clocks = own.map((m) => m.clockUs)
      expect(clocks).toEqual([...clocks].sort((a, b) => a - b))
      expect([own[0]!.kind, own.at(-1)!.kind]).toEqual(['recording', 'end'])
    }
    for (const { flows, clockUs } of messages) {
      for (let row = 0; flows !== null && row < flows.rowCount; row++)
        expect(flows.timeUs[row]).toBeLessThanOrEqual(clockUs)
    }
  })

  test('tell no clock by which their rows would be late, however long the pause after them', async () => {
    const hourUs = 3_600_000_000
    const { messages } = await run([recordingOf([packet(0), packet(hourUs), packet(3 * hourUs)])])
    const data = messages.filter((m) => m.kind === 'data')
    expect(data.length).toBeGreaterThan(2)
    for (const { flows, clockUs } of data) {
      const times = [...flows!.timeUs.subarray(0, flows!.rowCount)]
      expect(clockUs - Math.min(...times)).toBeLessThanOrEqual(latenessAllowedUs)
    }
  })

  test('hold no more event time and rows than configured', async () => {
    const packets = Array.from({ length: 3000 }, (_, i) => packet(i * 7, 1 + (i % 250)))
    const answers = packets.map((p, i) => ({ ...p, timeUs: p.timeUs + 30_000_000 + i * 500 }))
    const { messages } = await run([recordingOf([...packets, ...answers])], {
      partitions: 1,
      config: { udpIdleSeconds: 0.01, flushRows: 200, replayFlushMs: 100 },
    })
    const data = messages.filter((m) => m.kind === 'data')
    expect(data.length).toBeGreaterThan(5)
    for (const { flows } of data) {
      const times = [...flows!.timeUs.subarray(0, flows!.rowCount)]
      expect(Math.max(...times) - Math.min(...times)).toBeLessThan(100_000)
      expect(flows!.rowCount).toBeLessThanOrEqual(201)
    }
  })

  test('fit the bus whatever names the wire carries', async () => {
    const name = Array.from({ length: 4 }, () => 'ü'.repeat(60)).join('.')
    const client = { ip: '10.0.0.1', mac: '00:1b:21:00:00:01' }
    const server = { ip: '10.0.0.2', mac: '00:1b:21:00:00:02' }
    const packets = Array.from({ length: 1500 }, (_, i) =>
      dnsLookup({ client, server, clientPort: 20_000 + i, startUs: startUs + i }, name, '10.0.0.9'),
    ).flat()
    packets.sort((a, b) => a.timeUs - b.timeUs)
    const { published } = await run([recordingOf(packets)], { partitions: 1 })
    const summaries = published.filter(({ value }) => value.length > 100_000)
    expect(summaries.length).toBeGreaterThan(1)
    for (const { value } of published) expect(value.length).toBeLessThan(messageBytesMax)
  })

  test('tell a silent partition the time at least every event-minute', async () => {
    const packets = Array.from({ length: 20 }, (_, i) => packet(i * 30_000_000))
    const { messages } = await run([recordingOf(packets)], { partitions: 16 })
    for (let partition = 0; partition < 16; partition++) {
      const clocks = messages
        .filter((m) => m.partition === partition && m.clockUs > 0)
        .map((m) => m.clockUs)
      const gaps = clocks.slice(1).map((clock, i) => clock - clocks[i]!)
      expect(Math.max(...gaps)).toBeLessThanOrEqual(90_000_000)
    }
  })

  test('announce each recording to every partition, after what belongs to the one before', async () => {
    const recordings = [
      recordingOf([packet(0), packet(1)], { name: 'week', teaches: true }),
      recordingOf([packet(0), packet(1)]),
    ]
    const { messages } = await run(recordings, { partitions: 1 })
    expect(messages.map((m) => m.kind).filter((kind) => kind !== 'clock')).toEqual([
      'recording',
      'data',
      'recording',
      'data',
      'end',
    ])
    expect(messages.filter((m) => m.kind === 'recording').map((m) => m.recording)).toEqual([
      { name: 'week', teaches: true },
      { name: 'ward', teaches: false },
    ])
  })

  test('carry the health of the sensor, with what the source refused', async () => {
    const { messages } = await run([recordingOf([packet(0), packet(1), packet(1)])])
    expect(messages.at(-1)!.health).toMatchObject({
      packets: 3,
      flows: 1,
      duplicates: 1,
      startedUs: startUs,
    })
    expect(messages.at(-1)!.health.rejects).toEqual({ 'truncated-packet': 2 })
  })
})

describe('the ingest service', () => {
  test('does nothing before it is started', async () => {
    const { bus, published } = createBus(1)
    createIngest(ingestConfigSchema.parse({}), {
      bus,
      recordings: [recordingOf([packet(0)])],
      logger: createQuietLogger(),
    })
    await Promise.resolve()
    expect(published).toEqual([])
  })

  test('reads no further while the bus has not taken what it published', async () => {
    let open = 0
    let most = 0
    const onPublish = async () => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setImmediate(resolve))
      open--
    }
    const packets = Array.from({ length: 50 }, (_, i) => packet(i * 200_000, i + 1))
    await run([recordingOf([], { source: sourceOf(packets, 1) })], { onPublish })
    expect(most).toBe(1)
  })

  test('rejects `done` with the error of the bus', async () => {
    const failure = new Error('no broker')
    await expect(
      run([recordingOf([packet(0), packet(1)])], { onPublish: () => Promise.reject(failure) }),
    ).rejects.toBe(failure)
  })

  test('stops between blocks, without an end', async () => {
    const { bus, messages } = createBus(1, () => new Promise((resolve) => setImmediate(resolve)))
    const packets = Array.from({ length: 10_000 }, (_, i) => packet(i * 200_000, 1 + (i % 250)))
    const recordings = [recordingOf([], { source: sourceOf(packets, 1) })]
    const ingest = createIngest(ingestConfigSchema.parse({ flowsMax: 1024 }), {
      bus,
      recordings,
      logger: createQuietLogger(),
    })
    await ingest.start()
    await new Promise((resolve) => setImmediate(resolve))
    await ingest.stop()
    expect(ingest.stats().packets).toBeLessThan(10_000)
    expect(messages().some((m) => m.kind === 'end')).toBe(false)
  })

  test('publishes a command to the control topic and in band to every partition', async () => {
    const { bus, published, messages } = createBus(2)
    const ingest = createIngest(ingestConfigSchema.parse({}), {
      bus,
      recordings: [],
      logger: createQuietLogger(),
    })
    await ingest.control(approval)
    expect(messages().map((m) => [m.partition, m.kind, m.command])).toEqual([
      [0, 'control', approval],
      [1, 'control', approval],
    ])
    const [onRecord] = published.filter(({ topic }) => topic === 'control')
    expect(decodeObservation(onRecord!.value).command).toEqual(approval)
  })

  test('gives a command no number that anybody would miss', async () => {
    const { bus, messages } = createBus(1)
    const ingest = createIngest(ingestConfigSchema.parse({}), {
      bus,
      recordings: [recordingOf([packet(0), packet(1)])],
      commands: [approval],
      logger: createQuietLogger(),
    })
    await ingest.start()
    await ingest.done
    const numbered = messages().filter(({ kind }) => kind !== 'control')
    expect(messages().length).toBe(numbered.length + 1)
    expect(numbered.map(({ sequence }) => sequence)).toEqual(numbered.map((_, i) => i + 1))
  })

  test('plays at its pace by wall time and flushes while it waits', async () => {
    let nowMs = 0
    const onPublish = () => Promise.resolve()
    const { bus, messages } = createBus(1, onPublish)
    const packets = [packet(0), packet(1), packet(6_000_000, 2), packet(6_000_001, 2)]
    const ingest = createIngest(ingestConfigSchema.parse({ flowsMax: 64, liveFlushMs: 5 }), {
      bus,
      recordings: [recordingOf(packets)],
      logger: createQuietLogger(),
      pace: 1000,
      // A wall clock that passes 1 ms each time it is looked at: 6 s of events take 6 ms.
      now: () => nowMs++,
    })
    await ingest.start()
    await ingest.done
    expect(nowMs).toBeGreaterThanOrEqual(6)
    expect(messages().filter((m) => m.kind === 'data').length).toBeGreaterThan(0)
    expect(ingest.stats().packets).toBe(4)
  })
})
