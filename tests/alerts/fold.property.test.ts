import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alertsConfigSchema } from '../../alerts/config.ts'
import { foldBatch } from '../../alerts/fold-batch.ts'
import { createPositions } from '../../alerts/positions.ts'
import { createMemoryRows } from '../support/alert-rows.ts'
import { streamOf } from '../support/anomalies.ts'
import { anomalyLists } from '../support/anomaly-arbitrary.ts'

// Few anomalies per row, so that the limit on a row, gaps, revisions and late starts all occur.
const config = { ...alertsConfigSchema.parse({}), episodeAnomaliesMax: 4 }

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
    await memory.store.commit({ ...commit, moves: positions.advance(batch) })
  }
}

const cutsOf = (length: number) => fc.array(fc.nat({ max: length }), { maxLength: 6 })
const streams = anomalyLists.map(streamOf)

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
    fc.asyncProperty(anomalyLists, async (list) => {
      const rows = (await run(streamOf(list), [])).content()
      const newest = new Map(list.map((a) => [a.id, a.count]))
      const total = newest.values().reduce((sum, count) => sum + count, 0)
      expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(total)
    }),
  )
})
