import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../app/config.ts'
import type { Wardwatch } from '../../app/wire.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { playThrough } from '../support/play-through.ts'
import { stateDump } from '../support/state-dump.ts'

const folder = temporaryFolder()
let capture: string
let undisturbed: string

beforeAll(async () => {
  // Over two pauses: hours close, and what they taught is folded.
  capture = writeLongCapture(folder.path, 22, 0, 10)
  undisturbed = await dumpOf({})
}, 60_000)
afterAll(folder.remove)

function dumpOf(changes: ConfigInput, analyzers: number | null = null): Promise<string> {
  const look = ({ states }: Wardwatch) => stateDump(states.alerts)
  return playThrough([capture], changes, look, [], analyzers)
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

  test.each([1, 2, 3])(
    'with %i threads that judge and one that decodes',
    { timeout: 120_000 },
    async (analyzers) => {
      expect(await dumpOf({}, analyzers)).toBe(undisturbed)
    },
  )
})

function memory(observations: number): ConfigInput['bus'] {
  return { kind: 'memory', partitions: { observations } }
}
