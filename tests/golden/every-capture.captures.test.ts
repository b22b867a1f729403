import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../app/config.ts'
import { replay } from '../../app/replay.ts'
import { isWardwatchError } from '../../records/errors.ts'
import { capturePage, type CaptureResult } from '../support/capture-page.ts'
import { type CaptureEntry, capturesFolder, manifest } from '../support/captures.ts'
import { silentLogger } from '../support/silent-logger.ts'

/** Ten times the slowest capture on two busy cores. */
const timeLimitMs = 30_000
/** What the run may grow by: half a gigabyte would hold every capture ten times over, so nothing that is kept hides in it. */
const growthBytesMax = 512e6

const config = parseConfig({ store: { path: ':memory:' } })
const results = new Map<string, CaptureResult>()

async function play({ file, packets }: CaptureEntry): Promise<CaptureResult> {
  const files = [join(capturesFolder(), file)]
  try {
    const { alerts, stats } = await replay({ config, files, logger: silentLogger, now: () => 0 })
    expect(stats.packets).toBe(packets)
    return { file, outcome: alerts }
  } catch (error) {
    if (!isWardwatchError(error)) throw error
    return { file, outcome: error.code }
  }
}

describe('every file of the folder', () => {
  const entries = manifest()
  const before = process.memoryUsage().rss

  test('is named in the manifest', () => expect(entries.length).toBeGreaterThanOrEqual(562))

  test.each(entries)(
    '$file is played to its end, or refused as no capture',
    async (entry) => {
      const result = await play(entry)
      results.set(entry.file, result)
      if (entry.packets === null) expect(result.outcome).toBe('CAPTURE_UNSUPPORTED')
      else expect(result.outcome).toBeInstanceOf(Array)
    },
    timeLimitMs,
  )

  test('leaves no memory behind', () => {
    expect(process.memoryUsage().rss - before).toBeLessThan(growthBytesMax)
  })

  test(
    'gives the alerts of docs/captures.md',
    async () => {
      // Those that a filter by name has left out are played now, so that the page is always whole.
      for (const entry of entries) if (!results.has(entry.file)) results.set(entry.file, await play(entry))
      const page = capturePage([...results.values()])
      await expect(page).toMatchFileSnapshot('../../docs/captures.md')
    },
    entries.length * 1000,
  )
})
