import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { listAlerts } from '../../alerts/present.ts'
import type { ConfigInput } from '../../app/config.ts'
import { sampleInventory } from '../../simulator/sample-capture.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { playThrough } from '../support/play-through.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { stateDump } from '../support/state-dump.ts'

const folder = temporaryFolder()
const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
const checkpoints: ConfigInput = { analyzer: { checkpointSeconds: 0.02 } }
let capture: string

beforeAll(() => {
  capture = writeLongCapture(folder.path, 61)
})
afterAll(folder.remove)

describe('a replay on the memory bus', () => {
  test('killed 20 times and started again gives what an undisturbed one gives, byte for byte', async () => {
    const undisturbed = await playThrough([capture], checkpoints, ({ states }) =>
      stateDump(states.alerts),
    )
    const config = join(folder.path, 'wardwatch.yaml')
    const data = join(folder.path, 'killed')
    const replay = ['replay', capture, '--config', config]
    writeFileSync(config, stringify({ inventory: sampleInventory, ...checkpoints }))
    let kills = 0
    for (let attempt = 0; attempt < 60 && kills < 20; attempt++) {
      // From before the first checkpoint to after the last: a run takes about a second, half of it the start.
      if (await runFor([...replay, '--data', data], 300 + 53 * (attempt % 20))) break
      kills++
    }
    expect(kills).toBeGreaterThanOrEqual(5)
    expect(await runFor([...replay, '--data', data], null)).toBe(true)
    const store = createSqliteStore(
      { kind: 'sqlite', path: join(data, 'state.sqlite'), busyTimeoutMs: 5000 },
      { logger: createQuietLogger() },
    )
    await store.start()
    expect(await stateDump(store.alerts)).toBe(undisturbed)
    await store.stop()
  }, 150_000)
})

test('a second life of a sensor goes on where the first ended, over a bus that forgot it', async () => {
  const store = { path: join(folder.path, 'two-lives.sqlite') }
  const later = writeLongCapture(folder.path, 30, 1)
  const alertsOf = (file: string, run: string) =>
    playThrough([file], { store, ingest: { run }, ...checkpoints }, ({ states }) =>
      listAlerts(states.alerts, () => null),
    )
  const first = await alertsOf(capture, 'first')
  const both = await alertsOf(later, 'second')
  expect(first.length).toBeGreaterThan(5)
  const counted = (alerts: typeof first) => alerts.reduce((sum, alert) => sum + alert.count, 0)
  expect(counted(both)).toBeGreaterThan(counted(first))
})

/** Runs the command and kills it after `killMs`; true when it came to its end before. */
async function runFor(args: readonly string[], killMs: number | null): Promise<boolean> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  const timer = killMs === null ? null : setTimeout(() => child.kill('SIGKILL'), killMs)
  const [code] = (await once(child, 'exit')) as [number | null]
  if (timer !== null) clearTimeout(timer)
  if (code !== null) expect(code).toBe(0)
  return code === 0
}
