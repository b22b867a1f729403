import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { quantile } from 'simple-statistics'
import { type LiveService, startLiveService } from '../tests/support/live-service.ts'
import { createMirrorLab, type MirrorLab, serverAddress } from '../tests/support/mirror-lab.ts'
import type { BenchResult, BenchSize } from './harness.ts'
import { type FrameWatch, watchFrames } from './support/frame-watch.ts'

/** Service that a rule forbids, and where load goes. */
const [forbiddenPort, loadPort] = ['4242', '9999']
const sizes = {
  small: { attacks: 10, intervalMs: 50, rates: [2_000] },
  full: { attacks: 100, intervalMs: 150, rates: [10_000, 20_000, 40_000, 80_000, 160_000] },
} as const
/** How long each load is tried. */
const probeMs = 4000

/**
 * From a packet on the wire to the alert's frame in a real browser: two network namespaces, a mirror port, the service as
 * an operator starts it, a logged-in page. Needs root, iproute2, tcpdump and the built page.
 */
export async function run(size: BenchSize): Promise<BenchResult> {
  const { attacks, intervalMs, rates } = sizes[size]
  const lab = createMirrorLab()
  const folder = mkdtempSync(join(tmpdir(), 'wardwatch-latency-'))
  const closing: (() => Promise<unknown>)[] = [() => lab.close()]
  try {
    const service = await startLiveService(folder, configOf(lab.port))
    closing.unshift(() => service.end('SIGTERM'))
    const listener = script(lab.server, 'lab-listener.ts', serverAddress, forbiddenPort, loadPort)
    await once(listener.stdout!, 'data')
    const watch = await watchFrames(service)
    closing.unshift(() => watch.close())
    const attack = (first: number) => measure(lab, watch, { attacks, intervalMs, first })

    const idle = await attack(1)
    const full = await greatestRate(lab, service, rates)
    const load = startLoad(lab, full.rate / 2)
    await setTimeout(1000)
    const loaded = await attack(1 + attacks)
    load.kill('SIGKILL')
    const { dropped } = await service.sensor()
    assert.equal(idle.missing, 0, 'idle, every attack arrives')
    assert(loaded.missing === 0 || dropped > 0, 'what does not arrive was dropped, and counted')
    assert(loaded.missing <= attacks / 10, `${loaded.missing} attacks at half load did not arrive`)
    return {
      name: 'latency',
      claim:
        'From a packet on the wire to the alert in a browser it takes a small part of a second.',
      input: `${attacks} attacks idle and ${attacks} at half load (${(full.rate / 2).toLocaleString('en')} packets/s besides), each a forbidden connection from another address`,
      rounds: attacks,
      ratio: null,
      ours: { value: loaded.p99, unit: 'ms, p99 at half load' },
      peer: null,
      notes: [
        `Idle: ${wordsOf(idle)}.`,
        `At half load: ${wordsOf(loaded)}; ${dropped.toLocaleString('en')} packets dropped by the kernel in the whole run.`,
        `Full load: ${full.why}.`,
        `From the attacker's connect(), so with its handshake, until the frame is read in Chromium: the same clock on both sides. The packet that decides is stamped up to ${loaded.decidedMax.toFixed(1)} ms after that call.`,
        'Everything runs on these cores: attacker, load, mirror, tcpdump, the service, Chromium. Decoding and analysis have a thread each.',
      ],
      bar: null,
      goal: { max: 1000 },
    }
  } finally {
    for (const close of closing) await close()
    rmSync(folder, { recursive: true })
  }
}

function configOf(port: string): Parameters<typeof startLiveService>[1] {
  return {
    input: { interface: port, dropReportSeconds: 0.5 },
    inventory: {
      devices: [{ name: 'archive', address: serverAddress, deviceClass: 'server' }],
      access: [
        {
          from: 'any',
          to: { deviceClass: 'server' },
          services: [`tcp/${forbiddenPort}`],
          action: 'forbid',
        },
      ],
    },
  }
}

interface Times {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
  /** From an attack's begin to the stamp of the packet that decided, at most. */
  readonly decidedMax: number
  /** Attacks that did not arrive within ten seconds. */
  readonly missing: number
}

/** One attack after the other, each told by when its frame arrived. */
async function measure(
  lab: MirrorLab,
  { frames }: FrameWatch,
  options: { attacks: number; intervalMs: number; first: number },
): Promise<Times> {
  const { attacks, intervalMs, first } = options
  const attacker = join(import.meta.dirname, 'support', 'lab-attacker.ts')
  const args = [attacker, serverAddress, forbiddenPort, attacks, intervalMs, first].map(String)
  const { output } = await lab.ask(process.execPath, args)
  const begun = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { source: string; beganMs: number })
  assert.equal(begun.length, attacks, 'every attack was made')
  const deadlineMs = performance.now() + 10_000
  while (begun.some(({ source }) => !frames.has(source)) && performance.now() < deadlineMs)
    await setTimeout(50)
  const decided: number[] = []
  const times = begun.flatMap(({ source, beganMs }) => {
    const frame = frames.get(source)
    if (frame === undefined) return []
    decided.push(frame.decidedMs - beganMs)
    return [frame.atMs - beganMs]
  })
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((p) => quantile(times, p))
  return {
    p50: p50!,
    p95: p95!,
    p99: p99!,
    max: Math.max(...times),
    decidedMax: Math.max(...decided),
    missing: attacks - times.length,
  }
}

/** The greatest of the rates that the sensor takes in without a loss and without falling behind. */
async function greatestRate(
  lab: MirrorLab,
  service: LiveService,
  rates: readonly number[],
): Promise<{ rate: number; why: string }> {
  let carried = rates[0]!
  for (const rate of rates) {
    const load = startLoad(lab, rate)
    await setTimeout(1500)
    const before = await service.sensor()
    await setTimeout(probeMs)
    const after = await service.sensor()
    load.kill('SIGKILL')
    await setTimeout(1000)
    const seconds = (after.heardMs - before.heardMs) / 1000
    const seen = (after.packets - before.packets) / seconds
    const lost = (await service.sensor()).dropped - before.dropped
    const words = `${rate.toLocaleString('en')} packets/s of 242 bytes`
    if (lost > 0)
      return { rate: carried, why: `at ${words} ${lost.toLocaleString('en')} were lost` }
    if (seen < rate * 0.9) {
      const why = `of ${words} only ${Math.round(seen).toLocaleString('en')} were made and seen, none lost`
      return { rate: carried, why }
    }
    carried = rate
  }
  return {
    rate: carried,
    why: `not reached, ${carried.toLocaleString('en')} packets/s were taken in`,
  }
}

function startLoad(lab: MirrorLab, rate: number): ChildProcess {
  return script(lab.client, 'lab-load.ts', serverAddress, loadPort, String(rate))
}

function script(start: MirrorLab['client'], name: string, ...args: string[]): ChildProcess {
  const file = join(import.meta.dirname, 'support', name)
  return start(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

function wordsOf({ p50, p95, p99, max, missing }: Times): string {
  const ms = (value: number) => `${Math.round(value)} ms`
  const lost = missing === 0 ? '' : `, ${missing} unseen because their packets were dropped`
  return `p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}, most ${ms(max)}${lost}`
}
