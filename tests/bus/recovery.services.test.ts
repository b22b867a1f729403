import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { message, Recorder, until } from '../contracts/bus.contract.ts'
import { testKafkaBus } from '../support/kafka-bus.ts'

// Experiment (b), docs/decisions/0008: kill -9 and SIGSTOP must not change the set of ids that come out.

const brokers = inject('kafkaBrokers')
const kills = 20
const partitions = [0, 1, 2, 3]
const hostsPerPartition = 5

test(
  'twenty times kill -9 and one SIGSTOP of two analyzers change no id',
  { timeout: 280_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wardwatch-recovery-'))
    const topicPrefix = `test-${randomUUID()}.`
    const bus = testKafkaBus(brokers, { topicPrefix })
    await bus.start()
    const reports = new Recorder()
    await bus.subscribe({
      topic: 'anomalies',
      group: 'test',
      handler: reports,
      failed: reports.failed,
    })
    const published = partitions.map((): string[] => [])
    const workers: Worker[] = []
    let isOver = false
    try {
      for (let i = 0; i < 2; i++)
        workers.push(await startWorker(brokers, topicPrefix, join(folder, 'state.db')))
      const traffic = (async () => {
        for (let i = 0; !isOver; i++) {
          const events = partitions.map(
            (partition) => `host-${partition}-${(i * 7 + (i >> 3)) % hostsPerPartition} event-${i}`,
          )
          await bus.publish(events.map((event, partition) => message(partition, event)))
          events.forEach((event, partition) => published[partition]!.push(event))
          await setTimeout(4)
        }
      })()

      for (let kill = 0; kill < kills; kill++) {
        await anyReport(reports)
        if (kill === 10) await pause(workers[0]!)
        // Both, in turn, and sometimes one twice; at moments that differ from kill to kill.
        const victim = (kill * 5 + (kill >> 2)) % 2
        await setTimeout((kill * 37) % 200)
        await workers[victim]!.kill()
        workers[victim] = await startWorker(brokers, topicPrefix, join(folder, 'state.db'))
      }
      isOver = true
      await traffic

      const expected = new Set(published.flatMap(idsOf))
      await until(() => expected.isSubsetOf(new Set(reports.texts(0))))
      expect(new Set(reports.texts(0))).toEqual(expected)
      expect(expected.size).toBeGreaterThan(1_000)
      const said = workers.flatMap((worker) => worker.errors)
      expect(said).toEqual([])
      process.stdout.write(
        `${reports.count} reports of ${expected.size} ids, ${published.flat().length} events, ${kills} kills\n`,
      )
    } finally {
      isOver = true
      for (const worker of workers) await worker.kill()
      await bus.stop()
      await rm(folder, { recursive: true })
    }
  },
)

/** What an undisturbed analyzer would report for one partition's events. */
function idsOf(events: readonly string[]): string[] {
  const hosts = new Map<string, { count: number; digest: string }>()
  const ids: string[] = []
  for (const event of events) {
    const host = event.split(' ')[0]!
    const before = hosts.get(host) ?? { count: 0, digest: '' }
    const digest = createHash('sha256')
      .update(before.digest + event)
      .digest('hex')
      .slice(0, 24)
    const count = before.count + 1
    hosts.set(host, { count, digest })
    if (count % 3 === 0) ids.push(`${host} ${count} ${digest}`)
  }
  return ids
}

interface Worker {
  readonly child: ChildProcess
  readonly errors: string[]
  kill(): Promise<void>
}

async function startWorker(
  to: readonly string[],
  topicPrefix: string,
  path: string,
): Promise<Worker> {
  const script = join(import.meta.dirname, '..', 'support', 'recovery-worker.ts')
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, to.join(','), topicPrefix, path],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
  const exited = once(child, 'exit')
  await Promise.race([
    once(child.stdout, 'data'),
    exited.then(() => Promise.reject(new Error(errors.join('')))),
  ])
  return {
    child,
    errors,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Longer than the session time-out: the group gives its partitions to the other, and it wakes up believing they are its own. */
async function pause({ child }: Worker): Promise<void> {
  child.kill('SIGSTOP')
  await setTimeout(5_000)
  child.kill('SIGCONT')
  await setTimeout(1_000)
}

async function anyReport(reports: Recorder): Promise<void> {
  const { count } = reports
  await until(() => reports.count > count + 20)
}
