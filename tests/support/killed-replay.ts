import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { stringify } from 'yaml'
import type { ConfigInput } from '../../app/config.ts'
import { sampleInventory } from '../../simulator/sample-capture.ts'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { playThrough } from './play-through.ts'
import { createQuietLogger } from './quiet-logger.ts'
import { stateDump } from './state-dump.ts'

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts')
/** Many, so that a kill falls before, into and after one. */
export const frequentCheckpoints: ConfigInput = { analyzer: { checkpointSeconds: 0.02 } }

/**
 * Plays the capture on the memory bus, killed (-9) at up to `killsMax` points from its first checkpoint to its last and
 * started again each time, and expects what an undisturbed play gives, byte for byte.
 * @param folder of the caller's own, for the configuration and the state
 */
export async function expectSameWhenKilled(
  capture: string,
  folder: string,
  killsMax: number,
): Promise<void> {
  const undisturbed = await playThrough([capture], frequentCheckpoints, ({ states }) =>
    stateDump(states.alerts),
  )
  const config = join(folder, 'wardwatch.yaml')
  const data = join(folder, 'killed')
  const replay = ['replay', capture, '--config', config, '--data', data]
  writeFileSync(config, stringify({ inventory: sampleInventory, ...frequentCheckpoints }))
  let kills = 0
  for (let attempt = 0; attempt < 3 * killsMax && kills < killsMax; attempt++) {
    // A run takes about a second, half of it the start.
    if (await runFor(replay, 300 + Math.round(1060 / killsMax) * (attempt % killsMax))) break
    kills++
  }
  expect(kills).toBeGreaterThanOrEqual(Math.min(killsMax, 5))
  expect(await runFor(replay, null)).toBe(true)
  const store = createSqliteStore(
    { kind: 'sqlite', path: join(data, 'state.sqlite'), busyTimeoutMs: 5000 },
    { logger: createQuietLogger() },
  )
  await store.start()
  expect(await stateDump(store.alerts)).toBe(undisturbed)
  await store.stop()
}

/** Runs the command and kills it after `killMs`; true when it came to its end before. */
async function runFor(args: readonly string[], killMs: number | null): Promise<boolean> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  const timer = killMs === null ? null : setTimeout(() => child.kill('SIGKILL'), killMs)
  const [code] = (await once(child, 'exit')) as [number | null]
  if (timer !== null) clearTimeout(timer)
  if (code !== null) expect(code).toBe(0)
  return code === 0
}
