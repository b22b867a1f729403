import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../app/config.ts'
import { createThread } from '../../app/threads/thread.ts'
import { createThreadLog, writeThreadLine } from '../../app/threads/thread-log.ts'
import { analyzerThreadsOf, readingOf } from '../../app/threads/threads.ts'
import { WardwatchError } from '../../records/errors.ts'
import { until } from '../contracts/bus.contract.ts'
import { temporaryFolder, writeLongCapture } from '../support/long-capture.ts'
import { createBusBehindPort, memoryBusConfig } from '../support/port-bus.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

describe('the threads of a process', () => {
  test.each([
    { name: 'one less than the cores', workers: null, cores: 4, partitions: 8, expected: 3 },
    { name: 'at least one', workers: null, cores: 1, partitions: 8, expected: 1 },
    { name: 'as configured', workers: 5, cores: 2, partitions: 8, expected: 5 },
    { name: 'no more than partitions', workers: null, cores: 64, partitions: 2, expected: 2 },
  ])('that judge: $name', ({ workers, cores, partitions, expected }) => {
    const config = parseConfig({
      analyzer: { workers },
      bus: { kind: 'memory', partitions: { observations: partitions } },
    })
    expect(analyzerThreadsOf(config, cores)).toBe(expected)
  })

  test('leave standard input to the main thread, and Kafka without any', () => {
    const stdin = { kind: 'captures', learn: [], files: ['-'], repeat: false } as const
    const memory = parseConfig({})
    expect(readingOf(memory, stdin).threads).toMatchObject({ input: null })
    expect(readingOf(memory, stdin).recordings).toHaveLength(1)
    expect(readingOf(memory, { ...stdin, files: ['a'] })).toMatchObject({
      recordings: [],
      threads: { input: { files: ['a'] } },
    })
    const kafka = parseConfig({ bus: { kind: 'kafka', brokers: ['127.0.0.1:9092'] } })
    expect(readingOf(kafka, { ...stdin, files: ['a'] }).threads).toBeUndefined()
  })
})

describe('a thread', { timeout: 120_000 }, () => {
  function open(file: string, ingest: object = {}) {
    const config = parseConfig({})
    const { near } = createBusBehindPort(memoryBusConfig())
    const logger = createQuietLogger()
    const failures: unknown[] = []
    const thread = createThread(
      {
        name: 'ingest',
        config: { ...config, ingest: { ...config.ingest, ...ingest } },
        role: 'ingest',
        input: { kind: 'captures', learn: [], files: [file], repeat: true },
        commands: [],
        pace: null,
      },
      { bus: near, logger, now: Date.now, failed: (error) => failures.push(error) },
    )
    return { near, logger, failures, thread }
  }

  test('decodes, tells how it does, writes to the log of the process, and ends when asked', async () => {
    const { near, logger, failures, thread } = open(writeLongCapture(folder.path, 2))
    await near.start()
    await thread.start()
    await until(() => (thread.status()?.ingest?.stats.packets ?? 0) > 0)
    expect(logger.lines).toContainEqual({
      level: 'info',
      fields: expect.objectContaining({ thread: 'ingest', teaches: false }) as object,
      message: 'recording begins',
    })
    const stopped = Promise.all([thread.stop(), thread.stop()])
    await near.stop()
    await stopped
    expect(failures).toEqual([])
  })

  test('tells what kept its input from being read', async () => {
    const { near, thread } = open(join(folder.path, 'missing.pcap'))
    await near.start()
    await thread.start()
    await expect(thread.done).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' })
    await thread.stop()
    await near.stop()
  })

  test('that ends unasked takes the service with it, by a code and a name', async () => {
    // No flow table is that small: its parts cannot even be made.
    const { near, failures, thread } = open('any.pcap', { flowsMax: -1 })
    await near.start()
    await expect(thread.start()).rejects.toMatchObject({ code: 'THREAD_ENDED' })
    expect(failures).toMatchObject([
      { code: 'THREAD_ENDED', retryable: false, fields: { thread: 'ingest' } },
    ])
    await expect(thread.done).rejects.toMatchObject({ code: 'THREAD_ENDED' })
    await expect(thread.stop()).rejects.toMatchObject({ code: 'THREAD_ENDED' })
    await near.stop()
  })
})

describe('the log of a thread', () => {
  test('carries fields, bindings and errors with their codes to the log of the process', () => {
    const root = createQuietLogger()
    const { logger } = createThreadLog((line) => writeThreadLine(root, 'analyzer-1', line), false)
    const err = new WardwatchError('PARTITION_LOST', 'taken', { cause: new Error('epoch 3') })
    logger.child({ stage: 'analyzer' }).warn({ partition: 2, err }, 'partition lost')
    expect(root.lines).toMatchObject([
      {
        level: 'warn',
        fields: {
          stage: 'analyzer',
          thread: 'analyzer-1',
          partition: 2,
          err: { type: 'WardwatchError', code: 'PARTITION_LOST', cause: { message: 'epoch 3' } },
        },
        message: 'partition lost',
      },
    ])
  })

  test('sends debug lines only while they are wanted', () => {
    const root = createQuietLogger()
    const log = createThreadLog((line) => writeThreadLine(root, 'ingest', line), false)
    log.logger.debug({}, 'unwanted')
    log.setDebug(true)
    log.logger.debug({}, 'wanted')
    expect(root.lines.map(({ message }) => message)).toEqual(['wanted'])
  })
})
