import { createHash } from 'node:crypto'
import { createSqliteStore } from '../../store/adapters/sqlite.ts'
import { isWardwatchError } from '../../records/errors.ts'
import { silentLogger } from './silent-logger.ts'
import { testKafkaBus } from './kafka-bus.ts'

// Started several times by tests/bus/recovery.services.test.ts, which kills it: a toy analyzer with the checkpoint of
// docs/decisions/0004. Per partition it counts the events of each host and reports every third one; the id of a report
// depends on everything the host has seen before, so one event lost or counted twice changes all later ids.

const [brokers, topicPrefix, path] = process.argv.slice(2) as [string, string, string]
const partitionCount = 4
const messagesPerCheckpoint = 40

interface PartitionState {
  readonly epoch: number
  nextOffset: number
  readonly hosts: Map<string, { count: number; digest: string }>
  readonly dirty: Set<string>
  sinceCheckpoint: number
}

const bus = testKafkaBus(brokers.split(','), {
  topicPrefix,
  partitions: { observations: partitionCount },
  sessionTimeoutMs: 3_000,
})
const store = createSqliteStore(
  { kind: 'sqlite', path, busyTimeoutMs: 10_000 },
  { logger: silentLogger },
)
const states = new Map<number, PartitionState>()
const utf8 = new TextEncoder()
const text = new TextDecoder()

async function assigned(partition: number): Promise<number> {
  const { epoch, nextOffset } = await store.partitions.acquire(partition)
  const sections = await store.partitions.load(partition)
  const hosts = new Map(
    sections.map(({ host, value }) => [
      host,
      JSON.parse(text.decode(value)) as { count: number; digest: string },
    ]),
  )
  states.set(partition, { epoch, nextOffset, hosts, dirty: new Set(), sinceCheckpoint: 0 })
  return nextOffset
}

async function messages(
  partition: number,
  incoming: readonly { offset: number; value: Uint8Array }[],
): Promise<void> {
  const state = states.get(partition)
  if (state === undefined) return
  for (const { offset, value } of incoming) {
    const event = text.decode(value)
    const host = event.split(' ')[0]!
    const before = state.hosts.get(host) ?? { count: 0, digest: '' }
    const after = {
      count: before.count + 1,
      digest: createHash('sha256')
        .update(before.digest + event)
        .digest('hex')
        .slice(0, 24),
    }
    state.hosts.set(host, after)
    state.dirty.add(host)
    if (after.count % 3 === 0)
      await bus.publish([
        {
          topic: 'anomalies',
          partition: 0,
          value: utf8.encode(`${host} ${after.count} ${after.digest}`),
        },
      ])
    state.nextOffset = offset + 1
    if (++state.sinceCheckpoint >= messagesPerCheckpoint) await checkpoint(partition, state)
  }
}

async function checkpoint(partition: number, state: PartitionState): Promise<void> {
  const sections = [...state.dirty].map((host) => ({
    host,
    section: 'toy',
    value: utf8.encode(JSON.stringify(state.hosts.get(host))),
  }))
  try {
    await store.partitions.commit({
      row: { partition, epoch: state.epoch, nextOffset: state.nextOffset, state: new Uint8Array() },
      sections,
      removedHosts: [],
      progress: [],
    })
  } catch (error) {
    if (!isWardwatchError(error, 'PARTITION_LOST')) throw error
    // A successor has it: what this process believes of the partition is void until it is assigned again.
    states.delete(partition)
    process.stdout.write(`lost ${partition}\n`)
    return
  }
  state.dirty.clear()
  state.sinceCheckpoint = 0
}

async function revoked(partition: number): Promise<void> {
  const state = states.get(partition)
  if (state !== undefined) await checkpoint(partition, state)
  states.delete(partition)
}

await store.start()
await bus.start()
await bus.subscribe({
  topic: 'observations',
  group: 'analyzer',
  handler: { assigned, messages, revoked },
  failed(error) {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  },
})
process.stdout.write('ready\n')
