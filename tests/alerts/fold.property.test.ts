import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Anomaly } from '../../records/anomaly.ts'
import { minuteUs } from '../../records/time.ts'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { foldBatch } from '../../alerts/fold-batch.ts'
import { createPositions } from '../../alerts/positions.ts'
import { createMemoryRows } from '../support/alert-rows.ts'
import { anomalyOf, peerOf, shiftStartUs, streamOf } from '../support/anomalies.ts'

// Few anomalies per row, so that the limit on a row, gaps, revisions and late starts all occur.
const config = { ...alertsConfigSchema.parse({}), episodeAnomaliesMax: 4 }

const anomalies = fc
  .array(
    fc.record({
      source: fc.integer({ min: 1, max: 3 }),
      stepMinutes: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 50, max: 90 })),
      /** Whether it revises the last anomaly of its source instead of telling of a new one. */
      revises: fc.boolean(),
      backMinutes: fc.integer({ min: 0, max: 3 }),
      score: fc.integer({ min: 0, max: 10 }).map((n) => n / 10),
      count: fc.integer({ min: 1, max: 100 }),
      port: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 40 },
  )
  .map((steps) => {
    const last = new Map<number, Anomaly>()
    let timeUs = shiftStartUs
    return steps.map((step, index) => {
      timeUs += step.stepMinutes * minuteUs
      const before = last.get(step.source)
      const isRevision = step.revises && before !== undefined
      const anomaly = anomalyOf({
        viewKey: `north|lan|ip:10.60.1.${step.source}`,
        // Two anomalies of one row key never share their oldest record.
        oldestUs: isRevision ? before.oldestUs : timeUs - step.backMinutes * minuteUs - index,
        timeUs,
        score: step.score,
        count: isRevision ? before.count + step.count : step.count,
        peers: [peerOf('10.60.1.20', step.port)],
      })
      last.set(step.source, anomaly)
      return anomaly
    })
  })

/** Folds the stream in batches, as the service does: a batch's rows and positions are one commit. */
async function run(stream: ReturnType<typeof streamOf>, cuts: readonly number[]) {
  const memory = createMemoryRows()
  await resume(memory, stream, cuts)
  return memory
}

async function resume(
  memory: ReturnType<typeof createMemoryRows>,
  stream: ReturnType<typeof streamOf>,
  cuts: readonly number[],
): Promise<void> {
  const positions = createPositions(0, await memory.store.positions())
  const edges = [0, ...[...cuts].sort((a, b) => a - b), stream.length]
  for (let i = 1; i < edges.length; i++) {
    const batch = stream
      .slice(edges[i - 1], edges[i])
      .filter((m) => m.kind === 'anomaly' && !positions.has(m.anomaly.position))
    const { commit } = await foldBatch(batch, memory.store, config)
    await memory.store.commit({ ...commit, positions: positions.advance(batch) })
  }
}

const cutsOf = (length: number) => fc.array(fc.nat({ max: length }), { maxLength: 6 })
const streams = anomalies.map(streamOf)

test('gives the same rows however the stream is cut into batches', async () => {
  const input = streams.chain((stream) => fc.tuple(fc.constant(stream), cutsOf(stream.length)))
  await fc.assert(
    fc.asyncProperty(input, async ([stream, cuts]) => {
      expect((await run(stream, cuts)).content()).toEqual((await run(stream, [])).content())
    }),
  )
})

test('gives the same rows after a crash at any commit and a replay from any earlier position', async () => {
  const input = streams.chain((stream) =>
    fc.tuple(fc.constant(stream), fc.nat({ max: stream.length }), fc.nat({ max: stream.length })),
  )
  await fc.assert(
    fc.asyncProperty(input, async ([stream, crash, back]) => {
      const memory = await run(stream.slice(0, crash), [Math.floor(crash / 2)])
      await resume(memory, stream.slice(Math.min(crash, back)), [])
      expect(memory.content()).toEqual((await run(stream, [])).content())
    }),
  )
})

test('changes nothing when messages are delivered twice within a batch', async () => {
  await fc.assert(
    fc.asyncProperty(streams, async (stream) => {
      const twice = stream.flatMap((message) => [message, message])
      expect((await run(twice, [])).content()).toEqual((await run(stream, [])).content())
    }),
  )
})

test('counts every anomaly exactly once, in its last revision', async () => {
  await fc.assert(
    fc.asyncProperty(anomalies, async (list) => {
      const rows = (await run(streamOf(list), [])).content()
      const newest = new Map(list.map((a) => [a.id, a.count]))
      const total = newest.values().reduce((sum, count) => sum + count, 0)
      expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(total)
    }),
  )
})
