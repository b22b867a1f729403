import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { secondUs } from '../../../records/time.ts'
import { openFlowPlace, type WholeStore } from '../../support/flow-place.ts'
import { flowMessage } from '../../support/flow-messages.ts'

const startUs = Date.UTC(2026, 10, 21, 23, 50) * 1000

describe('the history after kill -9', { timeout: 120_000 }, () => {
  let place: Awaited<ReturnType<typeof openFlowPlace>>
  let store: WholeStore
  beforeEach(async () => {
    place = await openFlowPlace()
    store = place.create({ segmentRowsMax: 50, flushMs: 20 })
    await store.start()
  })
  afterEach(async () => {
    await store.stop()
    await place.remove()
  })

  const message = (index: number) =>
    flowMessage(index + 1, [
      {
        orig: '10.60.1.20',
        resp: '10.60.1.40',
        // Past midnight, so that a merge writes two files.
        lastUs: startUs + index * 10 * secondUs,
        origPort: index + 1,
      },
    ])
  const append = (from: number, to: number) =>
    store.append({
      partition: 0,
      messages: Array.from({ length: to - from }, (_, i) => ({
        offset: from + i,
        value: message(from + i),
      })),
    })
  /** Kills the child, and one that is alive: that of the last kill may still be on its way up. */
  async function kill(): Promise<void> {
    await expect.poll(() => store.host.health().state, { timeout: 20_000 }).toBe('ready')
    process.kill(store.host.health().pid!, 'SIGKILL')
    await expect.poll(() => store.host.health().state, { timeout: 20_000 }).not.toBe('ready')
  }
  async function reopen(): Promise<void> {
    await store.stop()
    store = place.create({ segmentRowsMax: 50, flushMs: 20 })
    await store.start()
  }
  /** Ports of all flows, oldest first: 1, 2, 3 … when nothing is lost and nothing twice. */
  async function ports(): Promise<number[]> {
    const { flows, totals } = await store.lookup({ device: '10.60.1.20', limit: 10_000 })
    expect(totals.records).toBe(flows.length)
    return flows.map(({ origPort }) => origPort).reverse()
  }
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
  /** Every file that the manifest names is there and whole, and there is no other. */
  async function expectAgreement(): Promise<void> {
    const files = await store.states.segments.files()
    const there = await readdir(join(place.folder, 'history', 'files'))
    expect(there.sort()).toEqual(files.map(({ name }) => name).sort())
  }

  test('of the child while it appends, seals and merges: nothing is lost, nothing twice', async () => {
    const kills = [30, 150, 240]
    for (let at = 0; at < 360; at += 30) {
      await append(at, at + 30)
      if (kills.includes(at)) await kill()
      if (at === 180 || at === 270) {
        const maintained = store.maintain().catch((error: unknown) => error)
        if (at === 180) await kill()
        await maintained
      }
    }
    await store.flush()
    expect(await ports()).toEqual(upTo(360))
    expect(await store.position(0)).toBe(360)
    expect(store.health().crashes).toBeGreaterThanOrEqual(kills.length)
    await reopen()
    expect(await ports()).toEqual(upTo(360))
    await store.maintain()
    expect(await ports()).toEqual(upTo(360))
    await expectAgreement()
  })

  test('of the whole process, wherever it is: what was flushed is there, and goes on where it ended', async () => {
    await store.stop()
    let flushed = 0
    for (const lines of [2, 6]) {
      flushed = await killWhileKeeping(place.folder, lines)
      store = place.create({ segmentRowsMax: 50, flushMs: 20 })
      await store.start()
      const position = await store.position(0)
      expect(position).toBeGreaterThanOrEqual(flushed)
      // Exactly the rows of the messages below the position, whatever was being sealed or merged.
      expect(await ports()).toEqual(upTo(position))
      await store.stop()
    }
    store = place.create({ segmentRowsMax: 50, flushMs: 20 })
    await store.start()
    await store.lookup({ device: '10.60.1.20', limit: 1 })
    const position = await store.position(0)
    await append(position, position + 10)
    await store.flush()
    expect(await ports()).toEqual(upTo(position + 10))
  })

  test('between any two steps of a seal or a merge, the manifest and the files agree again', async () => {
    await append(0, 60)
    await store.flush()
    await append(60, 120)
    await store.flush()
    await store.flush()
    await expect.poll(async () => (await store.states.segments.files()).length).toBeGreaterThan(0)
    await store.stop()
    const files = join(place.folder, 'history', 'files')
    // Half a file; a whole one whose manifest entry was not written (its segment is still there); a merge likewise.
    await writeFile(join(files, 'segment-00000001.parquet.part'), 'half')
    await writeFile(join(files, 'segment-00000099.parquet'), 'of an older manifest')
    await store.states.start()
    const number = await store.states.segments.reserveMerge()
    await store.states.stop()
    await writeFile(join(files, `day-2026-11-21-0000000${number}.parquet`), 'not entered')
    await store.start()
    expect(await ports()).toEqual(upTo(120))
    await expectAgreement()
    expect(await readdir(join(place.folder, 'history', 'unknown'))).toEqual([
      'segment-00000099.parquet',
    ])
  })

  test('a file that is gone is a gap, and the others are read', async () => {
    for (let at = 0; at < 150; at += 30) {
      await append(at, at + 30)
      await store.flush()
    }
    await expect
      .poll(async () => (await store.states.segments.files()).length, { timeout: 20_000 })
      .toBeGreaterThan(1)
    const [first] = await store.states.segments.files()
    await store.stop()
    await rename(
      join(place.folder, 'history', 'files', first!.name),
      join(place.folder, 'elsewhere.parquet'),
    )
    await store.start()
    const { visibility } = await store.lookup({ device: '10.60.1.20', limit: 10_000 })
    expect(visibility.gaps).toEqual([
      expect.objectContaining({
        reason: 'file-lost',
        fromUs: first!.fromUs,
        toUs: first!.toUs + 1,
      }),
    ])
    expect(await ports()).toEqual(upTo(150).slice(first!.rows))
  })
})

/** Runs a process that keeps flows, seals and merges without pause, kills it after so many flushes; returns the last position it told. */
async function killWhileKeeping(folder: string, flushes: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, '..', '..', 'support', 'keep-forever.ts'),
      folder,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit')
  let last = 0
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    if (++count === flushes) {
      // Somewhere within the next step.
      await sleep(flushes)
      child.kill('SIGKILL')
    }
  }
  await exited
  expect(count).toBeGreaterThanOrEqual(flushes)
  return last
}
