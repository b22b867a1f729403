import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConfigInput, parseConfig } from '../../app/config.ts'
import { recordingsOf } from '../../app/replay.ts'
import { createWardwatch } from '../../app/wire.ts'
import { sampleInventory } from '../../simulator/sample-capture.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { stateDump } from '../support/state-dump.ts'

const folder = temporaryFolder()
let capture: string
let undisturbed: string

beforeAll(async () => {
  capture = writeLongCapture(folder.path, 70)
  undisturbed = await dumpOf({})
}, 60_000)
afterAll(folder.remove)

async function dumpOf(changes: ConfigInput): Promise<string> {
  const config = parseConfig({
    store: { path: ':memory:' },
    inventory: sampleInventory,
    ...changes,
  })
  const wardwatch = createWardwatch(config, {
    roles: ['ingest', 'analyzer', 'alerts'],
    recordings: recordingsOf([], [capture]),
    logger: createQuietLogger(),
    now: Date.now,
    failed: (error) => {
      throw error
    },
  })
  await wardwatch.start()
  try {
    await wardwatch.ingest!.done
    const { sensor, run } = config.ingest
    await wardwatch.alerts!.ended(sensor, run, wardwatch.bus.partitionCount('observations'))
    return await stateDump(wardwatch.states.alerts)
  } finally {
    await wardwatch.stop()
  }
}

describe('anomalies and alert rows are the same, byte for byte', () => {
  test('and there are some of every kind the sample ward shows', () => {
    for (const behaviour of [
      'port-scan',
      'login-burst',
      'login-after-burst',
      'unauthorized-access',
    ]) {
      expect(undisturbed).toContain(`"behaviour":"${behaviour}"`)
    }
  })

  test.each<{ name: string; changes: ConfigInput }>([
    { name: 'in a second run', changes: {} },
    { name: 'with one partition', changes: { bus: memory(1) } },
    { name: 'with 12 partitions', changes: { bus: memory(12) } },
    {
      name: 'with one message at a time',
      changes: { bus: { kind: 'memory', deliveryBytesMax: 1 } },
    },
    {
      name: 'with checkpoints all the time',
      changes: { analyzer: { checkpointSeconds: 0.001 } },
    },
    { name: 'with messages of 100 ms', changes: { ingest: { replayFlushMs: 100 } } },
    { name: 'with punctuations every second', changes: { ingest: { punctuationSeconds: 1 } } },
  ])('$name', async ({ changes }) => {
    expect(await dumpOf(changes)).toBe(undisturbed)
  })
})

function memory(observations: number): ConfigInput['bus'] {
  return { kind: 'memory', partitions: { observations } }
}
