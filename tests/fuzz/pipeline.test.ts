import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linkType } from '../../ingest/source.ts'
import { fuzzLimits, fuzzTimeoutMs } from '../support/fuzz-limits.ts'
import { mutatedPackets } from '../support/mutated-packets.ts'
import { unprintableTexts } from '../support/printable.ts'
import { type PipelineRun, runPackets } from '../support/pipeline-run.ts'

/** What must hold of any input, however broken. */
function check({ records, summaries, stats }: PipelineRun, packetCount: number): void {
  expect(stats.packets).toBe(packetCount)
  const flows = new Set(records.map(({ flowId }) => flowId))
  expect(flows.size).toBe(stats.flows)
  expect(records.filter(({ kind }) => kind === 'end').length).toBe(stats.flows)
  let counted = 0
  let newestUs = -Infinity
  for (const record of records) {
    const { timeUs, origPackets, respPackets, origIpBytes, respIpBytes } = record
    counted += origPackets + respPackets
    if (!Number.isSafeInteger(timeUs) || timeUs < newestUs)
      throw new Error(`record at ${timeUs} after ${newestUs}`)
    newestUs = timeUs
    for (const count of [origPackets, respPackets, origIpBytes, respIpBytes])
      if (!Number.isSafeInteger(count) || count < 0) throw new Error(`a counter is ${count}`)
  }
  expect(counted + stats.duplicates).toBeLessThanOrEqual(packetCount)
  expect(unprintableTexts([summaries, stats])).toEqual([])
  for (const summary of summaries) {
    const { length } = JSON.stringify(summary)
    if (length > 20_000) throw new Error(`a summary of ${length} characters`)
  }
}

const told = (run: PipelineRun) => JSON.stringify([run.records, run.summaries, run.stats])

test(
  'no packets, however damaged, throw or break a promise; neither blocks nor the hash seed matter',
  () => {
    let runs = 0
    fc.assert(
      fc.property(
        mutatedPackets,
        fc.constantFrom(16, 64, 4096),
        fc.integer({ min: 1, max: 50 }),
        fc.option(fc.integer({ min: 14, max: 200 }), { nil: undefined }),
        (packets, flowsMax, blockRows, snapLength) => {
          runs++
          const options = {
            config: { flowsMax },
            ...(snapLength === undefined ? {} : { snapLength }),
          }
          const whole = runPackets(packets, { ...options, seed: 1 })
          check(whole, packets.length)
          expect(told(runPackets(packets, { ...options, seed: 0x9e3779b9, blockRows }))).toBe(
            told(whole),
          )
        },
      ),
      fuzzLimits(5),
    )
    expect(runs).toBeGreaterThan(50)
  },
  fuzzTimeoutMs,
)

test(
  'nor do packets of another link type than the capture says',
  () => {
    let runs = 0
    fc.assert(
      fc.property(
        mutatedPackets,
        fc.constantFrom(...Object.values(linkType), 147, 65_535),
        (packets, link) => {
          runs++
          check(runPackets(packets, { link, config: { flowsMax: 64 } }), packets.length)
        },
      ),
      fuzzLimits(1),
    )
    expect(runs).toBeGreaterThan(20)
  },
  fuzzTimeoutMs,
)
