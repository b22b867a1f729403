import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ingestConfigSchema } from '../../ingest/config.ts'
import { createPipeline } from '../../ingest/pipeline.ts'
import { hourUs, minuteUs } from '../../records/time.ts'
import { type ExchangeStream, packetsOf } from '../../simulator/exchange.ts'
import { directRecords } from '../../simulator/records/direct-records.ts'
import { playScenario } from '../../simulator/scenario.ts'
import { blockOf } from '../support/pipeline-run.ts'
import { createCopySink } from '../support/record-copies.ts'

const config = ingestConfigSchema.parse({ flowsMax: 4096 })
/** A Monday at eight. */
const mondayUs = Date.UTC(2026, 0, 5, 8) * 1000

/** Packets of the stream through the pipeline, in blocks as a reader hands them out. */
function fromPackets(stream: ExchangeStream) {
  const sink = createCopySink()
  const pipeline = createPipeline(config, { sink })
  const packets = [...packetsOf(stream)]
  for (let at = 0; at < packets.length; at += 500)
    pipeline.onBlock(blockOf(packets.slice(at, at + 500)))
  pipeline.endRecording()
  return { copies: sink.copies, stats: pipeline.stats(), health: pipeline.health() }
}

function told(stream: ExchangeStream) {
  const sink = createCopySink()
  const pipeline = createPipeline(config, { sink })
  const steps = directRecords(stream, sink, pipeline.account)
  while (steps.next().done !== true);
  return { copies: sink.copies, stats: pipeline.stats(), health: pipeline.health() }
}

describe('records that are told directly', () => {
  test.each(['ward', 'attacked-ward'])('are those of the packets: %s', (name) => {
    const period = { fromUs: mondayUs, toUs: mondayUs + 40 * minuteUs }
    const stream = () => playScenario({ name, period, seed: 7, size: 'small' }).exchanges
    const [direct, ingested] = [told(stream()), fromPackets(stream())]
    expect(direct.copies).toEqual(ingested.copies)
    expect(direct.stats).toEqual({ ...ingested.stats, streams: direct.stats.streams })
    expect(direct.health).toEqual(ingested.health)
    expect(direct.copies.length).toBeGreaterThan(200)
  })

  test('do not depend on the moment at which an exchange of their shape was first seen', () => {
    const period = { fromUs: mondayUs, toUs: mondayUs + 20 * minuteUs }
    const { exchanges } = playScenario({ name: 'attacked-ward', period, seed: 2, size: 'small' })
    const bytesByShape = new Map<string, number>()
    for (const exchange of exchanges) {
      const { shape } = exchange
      const bytes = exchange.packets().reduce((sum, packet) => sum + packet.bytes.length, 0)
      expect([shape, bytes]).toEqual([shape, bytesByShape.get(shape) ?? bytes])
      bytesByShape.set(shape, bytes)
    }
    expect(bytesByShape.size).toBeGreaterThan(50)
  })

  test('are those of the packets whatever the seed, the hour and the length', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 0, max: 2 ** 31 }),
          hours: fc.integer({ min: 0, max: 167 }),
          minutes: fc.integer({ min: 1, max: 8 }),
        }),
        ({ seed, hours, minutes }) => {
          const fromUs = mondayUs + hours * hourUs
          const period = { fromUs, toUs: fromUs + minutes * minuteUs }
          const stream = () => playScenario({ name: 'ward', period, seed, size: 'small' }).exchanges
          expect(told(stream()).copies).toEqual(fromPackets(stream()).copies)
        },
      ),
      { numRuns: 10 },
    )
  })
})
