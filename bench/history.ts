import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeObservation } from '../records/codec.ts'
import { dayUs } from '../records/time.ts'
import { createChildHost } from '../store/adapters/duckdb/child-host.ts'
import { createDuckdbFlowStore } from '../store/adapters/duckdb/flow-store.ts'
import type { DuckdbRequests } from '../store/adapters/duckdb/handlers.ts'
import { createSqliteStore } from '../store/adapters/sqlite.ts'
import type { FlowStore, FlowTotals } from '../store/flow-store.ts'
import { type BenchResult, type BenchSize, coreClock, measureInRounds, spread } from './harness.ts'
import { addressOf, createFlowGenerator } from './support/flows.ts'
import { openPlainHistory, type PlainHistory } from './support/plain-history.ts'

const seed = 20_269
const flowsPerMessage = 1_000
const messagesPerAppend = 8
const sizes = {
  small: { flows: 200_000, chunk: 100_000, plainRounds: 2, lookups: 5 },
  full: { flows: 20_000_000, chunk: 1_000_000, plainRounds: 3, lookups: 15 },
} as const

/** Flows of a generated day into the history and out of it, beside plain DuckDB over Parquet in the order of arrival. */
export async function run(size: BenchSize): Promise<BenchResult> {
  const { flows, chunk, plainRounds, lookups } = sizes[size]
  const folder = mkdtempSync(join(tmpdir(), 'wardwatch-bench-history-'))
  const startUs = Math.floor(1_790_000_000_000_000 / dayUs) * dayUs
  const next = createFlowGenerator({
    hosts: 5_000,
    servers: 200,
    gapUs: (dayUs - 3600e6) / flows,
    startUs,
    seed,
  })
  // Several segments a round, so that sealing goes on beside appending as it does in a service; whole messages each, so
  // that the last one is complete, too.
  const kept = await openHistory(folder, chunk / 5)
  const plain = await openPlainHistory(join(folder, 'plain'))
  try {
    const rates: Record<'ours' | 'perCore' | 'plain', number[]> = {
      ours: [],
      perCore: [],
      plain: [],
    }
    for (let done = 0, offset = 0; done < flows; done += chunk) {
      const messages = Array.from({ length: chunk / flowsPerMessage }, () => next(flowsPerMessage))
      const values = messages.map(encodeObservation)
      const cpuMs = await kept.cpuMs()
      rates.ours.push(chunk / (await seconds(() => kept.keep(values, offset))))
      rates.perCore.push((chunk * 1000) / ((await kept.cpuMs()) - cpuMs))
      offset += values.length
      // A few rounds tell the rate; the files of the others are written from ours, which is faster.
      if (rates.plain.length < plainRounds)
        rates.plain.push(chunk / (await seconds(() => plain.append(values))))
    }
    // The first flow of the next day makes the segments of this one complete, and the day one file.
    await kept.finish(startUs + 2 * dayUs)
    const dayFile = (await kept.files()).find(({ kind }) => kind === 'day')
    assert(dayFile?.rows === flows, `one file holds the day: ${dayFile?.rows ?? 0} of ${flows}`)
    await plain.writeAll(join(folder, 'history', 'files', dayFile.name), chunk)
    return await report({
      size,
      flows,
      kept,
      plain,
      dayBytes: dayFile.bytes,
      rates,
      startUs,
      lookups,
    })
  } finally {
    await plain.close()
    await kept.stop()
    rmSync(folder, { recursive: true })
  }
}

interface Measured {
  readonly size: BenchSize
  readonly flows: number
  readonly kept: Awaited<ReturnType<typeof openHistory>>
  readonly plain: PlainHistory
  readonly dayBytes: number
  readonly rates: Readonly<Record<'ours' | 'perCore' | 'plain', readonly number[]>>
  readonly startUs: number
  readonly lookups: number
}

async function report(measured: Measured): Promise<BenchResult> {
  const { size, flows, kept, plain, dayBytes, rates, startUs, lookups } = measured
  const range = { fromUs: startUs, toUs: startUs + dayUs }
  const [device, server] = [addressOf(1_234), addressOf(5_017)]
  const ask = async (address: string) =>
    (await kept.flows.lookup({ device: address, ...range, limit: 1_000 })).totals
  for (const address of [device, server])
    assert.deepEqual(sumsOf(await ask(address)), await plain.totals(address, range))
  const count = async (work: Promise<unknown>) => (await work, 1)
  const times = {
    ours: await measureInRounds(() => count(ask(device)), lookups),
    plain: await measureInRounds(() => count(plain.totals(device, range)), lookups),
    oursServer: await measureInRounds(() => count(ask(server)), lookups),
    plainServer: await measureInRounds(() => count(plain.totals(server, range)), lookups),
  }
  const ms = (rate: number) => `${(1000 / rate).toFixed(0)} ms`
  const ours = spread(rates.ours)
  const peer = spread(rates.plain)
  const ratios = rates.plain.map((rate, round) => rates.ours[round]! / rate)
  return {
    name: 'history',
    claim:
      'The history takes flows faster than plain DuckDB does, and keeps them in a fraction of the bytes.',
    input: `${flows.toLocaleString('en')} flows of one generated day, both views, 5,000 devices and 200 servers, ${flowsPerMessage * 2} views a message, seed ${seed}`,
    rounds: rates.plain.length,
    ratio: spread(ratios),
    ours: { value: ours.median, unit: 'flows/s', spread: ours },
    peer: {
      name: 'plain DuckDB: both views as they come, zstd Parquet in the order of arrival',
      value: peer.median,
      unit: 'flows/s',
      spread: peer,
    },
    notes: [
      'From encoded messages of the bus until the records are in sorted, sealed Parquet; decoding, the way to the child process, flushes and sealing included. The peer decodes, appends and copies in one process.',
      `In processor time, both processes and all threads together: ${Math.round(spread(rates.perCore).median).toLocaleString('en')} flows a core second, whatever else runs on the machine.`,
      `Bytes at rest for the two views of a flow: ${(dayBytes / flows).toFixed(1)} (goal: 15), the peer ${(plain.bytes() / flows).toFixed(1)}. Ours keeps a record once, for both of its views.`,
      `A device's day: ${ms(times.ours.median)}, the peer ${ms(times.plain.median)}. A server's day: ${ms(times.oursServer.median)}, the peer ${ms(times.plainServer.median)}. Both sides agree in flows and bytes before.`,
    ],
    // Small segments cost more than they hold: a child process, a sort and two syncs for 20,000 rows.
    bar: { min: size === 'full' ? 1 : 0.3 },
    goal: { min: 200_000 },
  }
}

/** The product's store over a folder: child process, manifest and all. */
async function openHistory(folder: string, segmentRowsMax: number) {
  const ignore = (): void => {}
  const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => logger }
  const states = createSqliteStore(
    { kind: 'sqlite', path: join(folder, 'state.sqlite'), busyTimeoutMs: 5_000 },
    { logger },
  )
  const host = createChildHost<DuckdbRequests>(
    {
      folder,
      memoryBytesMax: 2e9,
      threads: 2,
      queueBytesMax: 64e6,
      answerMsMax: 120_000,
      restartMsMin: 200,
      restartMsMax: 30_000,
    },
    { logger },
  )
  const flows: FlowStore = createDuckdbFlowStore(
    {
      isDurable: true,
      segmentMinutes: 1440,
      segmentRowsMax,
      flushMs: 1_000,
      unflushedBytesMax: 32e6,
      holdMs: 120_000,
      maintainMs: 3_600_000,
      retentionDays: 3_650,
      retentionBytesMax: 1e12,
    },
    { host, segments: states.segments, logger },
  )
  await states.start()
  await host.start()
  await flows.start()
  await flows.position(0)
  return {
    flows,
    files: () => states.segments.files(),
    /** Processor time of both processes so far. */
    async cpuMs(): Promise<number> {
      return coreClock() + (await host.request('process', {})).cpuMs
    },
    async keep(values: readonly Uint8Array[], first: number): Promise<void> {
      for (let at = 0; at < values.length; at += messagesPerAppend) {
        const some = values.slice(at, at + messagesPerAppend)
        const messages = some.map((value, index) => ({ offset: first + at + index, value }))
        await flows.append({ partition: 0, messages })
      }
      await flows.flush()
      await flows.sealed()
    },
    async finish(nextDayUs: number): Promise<void> {
      const later = createFlowGenerator({
        hosts: 1,
        servers: 1,
        gapUs: 1,
        startUs: nextDayUs,
        seed,
      })
      const first = (await flows.position(0)) + 1
      for (const [index, sequence] of [first, first + 1].entries()) {
        const value = encodeObservation({ ...later(1), sequence })
        await flows.append({ partition: 0, messages: [{ offset: first + index, value }] })
        await flows.flush()
        await flows.sealed()
      }
      await flows.maintain()
    },
    async stop(): Promise<void> {
      await flows.stop()
      await host.stop()
      await states.stop()
    },
  }
}

function sumsOf({ flows, ipBytesOut, ipBytesIn }: FlowTotals) {
  return { flows, ipBytesOut, ipBytesIn }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}
