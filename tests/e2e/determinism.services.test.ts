import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { stringify } from 'yaml'
import { type ConfigInput, parseConfig } from '../../app/config.ts'
import { recordingsOf } from '../../app/recordings.ts'
import { createWardwatch } from '../../app/wire.ts'
import { sampleInventory } from '../../simulator/sample-capture.ts'
import { startAnalyzer } from '../support/analyzer-process.ts'
import { capturesFolder } from '../support/captures.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { playThrough } from '../support/play-through.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'
import { stateDump } from '../support/state-dump.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

interface Input {
  readonly name: string
  readonly learn: readonly string[]
  readonly files: readonly string[]
}

/** Captures of the shared folder, where it is, beside the generated one. */
const captures: Input[] = [
  {
    name: 'dicom-theft',
    learn: ['medical-lab/dicom-benign.pcap'],
    files: ['medical-lab/dicom-theft.pcap'],
  },
  {
    name: 'dicom-attack',
    learn: ['medical-lab/dicom-benign.pcap'],
    files: ['medical-lab/dicom-attack.pcap'],
  },
  {
    name: 'hl7-flood',
    learn: ['medical-lab/hl7-benign.pcap'],
    files: ['medical-lab/hl7-flood-unknown-sender.pcap'],
  },
  { name: 'telnet', learn: [], files: ['medical-lab/telnet-default-credentials.pcap'] },
  { name: 'ftp', learn: [], files: ['attack/ftp-bruteforce.pcap'] },
  { name: 'synscan', learn: [], files: ['attack/synscan.pcap'] },
].map(({ name, learn, files }) => ({
  name,
  learn: learn.map((file) => join(capturesFolder(), file)),
  files: files.map((file) => join(capturesFolder(), file)),
}))

const inputs: Input[] = existsSync(capturesFolder()) ? captures : []
beforeAll(() => {
  inputs.push({ name: 'sample ward', learn: [], files: [writeLongCapture(folder.path, 20)] })
})

let runs = 0

/** Everything but the broker; both sides of a comparison have it. */
const common: ConfigInput = { inventory: sampleInventory, analyzer: { checkpointSeconds: 0.1 } }

/** A configuration over Kafka with topics and a state file of its own. */
function overKafka(changes: ConfigInput): { config: ConfigInput; file: string } {
  const name = `run-${process.pid}-${++runs}`
  const config: ConfigInput = {
    ...common,
    ...changes,
    store: { path: join(folder.path, `${name}.sqlite`) },
    bus: {
      kind: 'kafka',
      brokers: inject('kafkaBrokers'),
      topicPrefix: `${name}.`,
      partitions: { observations: 4 },
      sessionTimeoutMs: 1500,
      heartbeatIntervalMs: 300,
      fetchWaitMs: 50,
    },
  }
  const file = join(folder.path, `${name}.yaml`)
  writeFileSync(file, stringify(config))
  return { config, file }
}

/** Ingest and alerts here, analyzers as processes of their own; `meanwhile` may do to them what it likes. */
async function dumpOverKafka(
  input: Input,
  changes: ConfigInput,
  analyzers: number,
  meanwhile: (
    own: ReturnType<typeof startAnalyzer>[],
    file: string,
    ended: () => boolean,
  ) => Promise<void>,
): Promise<string> {
  const { config: given, file } = overKafka(changes)
  const config = parseConfig(given)
  const failure = Promise.withResolvers<never>()
  const wardwatch = createWardwatch(config, {
    roles: ['ingest', 'alerts'],
    recordings: recordingsOf(input.learn, input.files),
    logger: createQuietLogger(),
    now: Date.now,
    failed: (error) => failure.reject(error),
  })
  await wardwatch.start()
  const own = Array.from({ length: analyzers }, () => startAnalyzer(file))
  let hasEnded = false
  try {
    const { sensor, run } = config.ingest
    const ended = wardwatch
      .ingest!.done.then(() =>
        wardwatch.alerts!.ended(sensor, run, wardwatch.bus.partitionCount('observations')),
      )
      .finally(() => (hasEnded = true))
    await Promise.race([
      Promise.all([ended, meanwhile(own, file, () => hasEnded)]),
      failure.promise,
    ])
    return await stateDump(wardwatch.states.alerts)
  } catch (error) {
    throw new Error(own.map((one) => one.log()).join('\n'), { cause: error })
  } finally {
    await Promise.all(own.map((one) => one.stop()))
    await wardwatch.stop()
  }
}

function dumpInMemory(input: Input, changes: ConfigInput = {}): Promise<string> {
  return playThrough(
    input.files,
    { ...common, ...changes },
    ({ states }) => stateDump(states.alerts),
    input.learn,
  )
}

const leaveAlone = () => Promise.resolve()

describe('over Kafka, anomalies and alert rows are those of the memory bus, byte for byte', () => {
  test.each([{ analyzers: 1 }, { analyzers: 2 }])(
    'with $analyzers analyzers',
    async ({ analyzers }) => {
      for (const input of inputs) {
        const dump = await dumpOverKafka(input, {}, analyzers, leaveAlone)
        expect(dump, input.name).not.toBe('')
        expect(dump, input.name).toBe(await dumpInMemory(input))
      }
    },
    300_000,
  )

  test('with two analyzers, one of which is killed (-9) at 20 points', async () => {
    const changes: ConfigInput = {
      ingest: { replayFlushMs: 100 },
      analyzer: { checkpointSeconds: 0.05 },
    }
    const input: Input = { name: 'long', learn: [], files: [writeLongCapture(folder.path, 90)] }
    const undisturbed = await dumpInMemory(input, changes)
    let kills = 0
    // A fast machine is through before the twentieth: then it plays again.
    for (let play = 0; kills < 20 && play < 8; play++) {
      const dump = await dumpOverKafka(input, changes, 2, async (own, file, ended) => {
        while (kills < 20) {
          // Starting takes 0.7 s, joining up to 1.5: from just before the first checkpoint to deep in the work.
          await sleep(1200 + ((kills * 367) % 1500))
          if (ended()) return
          await own[kills % 2]!.kill()
          own[kills % 2] = startAnalyzer(file)
          kills++
        }
      })
      expect(dump).toBe(undisturbed)
    }
    expect(kills).toBe(20)
  }, 300_000)
})
