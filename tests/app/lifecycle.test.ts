import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { type LifecycleDeps, runUntilSignal } from '../../app/lifecycle.ts'
import { createQuietLogger } from '../support/quiet-logger.ts'

/** A process that writes down how it was ended. */
class Host extends EventEmitter {
  readonly codes: number[] = []
  readonly exited = Promise.withResolvers<undefined>()
  exit(code?: number | string | null): never {
    this.codes.push(Number(code))
    this.exited.resolve(undefined)
    return undefined as never
  }
}

function scene(stop: () => Promise<void> = () => Promise.resolve()) {
  const host = new Host()
  const logger = createQuietLogger()
  const started = Promise.withResolvers<undefined>()
  const failure = Promise.withResolvers<never>()
  const events: string[] = []
  const service = {
    start: () => Promise.resolve(void events.push('start')),
    stop: async () => {
      events.push('stop')
      await stop()
    },
  }
  const run = (over: Partial<LifecycleDeps> = {}) =>
    runUntilSignal(service, {
      logger,
      failure: failure.promise,
      started: () => started.resolve(undefined),
      undrained: () => ({ parts: { alerts: 'stopping' } }),
      host: host as unknown as NodeJS.Process,
      ...over,
    })
  return { host, logger, started: started.promise, failure, events, run }
}

const never = () => new Promise<void>(() => {})

describe('the life of the service', () => {
  test.each(['SIGINT', 'SIGTERM'])('drains and ends on %s', async (signal) => {
    const { host, started, events, run } = scene()
    const ended = run()
    await started
    host.emit(signal, signal)
    await ended
    expect(events).toEqual(['start', 'stop'])
    expect(host.codes).toEqual([])
    expect(host.eventNames()).toEqual([])
  })

  test('says what was not drained when time is up, and ends with 1', async () => {
    const { host, started, logger, run } = scene(never)
    void run({ drainMs: 20 })
    await started
    host.emit('SIGTERM', 'SIGTERM')
    await host.exited.promise
    expect(host.codes).toEqual([1])
    expect(logger.lines.find(({ level }) => level === 'error')).toMatchObject({
      fields: { parts: { alerts: 'stopping' } },
      message: 'ended before everything was drained',
    })
  })

  test('ends at once on the second signal', async () => {
    const { host, started, run } = scene(never)
    // Draining may take a minute here: only the second signal can end it.
    const ended = run({ drainMs: 60_000 })
    await started
    host.emit('SIGTERM', 'SIGTERM')
    expect(host.codes).toEqual([])
    host.emit('SIGTERM', 'SIGTERM')
    expect(host.codes).toEqual([1])
    ended.catch(() => undefined)
  })

  test('stops what runs and tells the failure of a part', async () => {
    const { failure, started, events, run } = scene()
    const ended = run()
    await started
    failure.reject(new Error('disk full'))
    await expect(ended).rejects.toThrow('disk full')
    expect(events).toEqual(['start', 'stop'])
  })

  test('reads the configuration again on SIGHUP and goes on', async () => {
    const { host, started, events, run } = scene()
    let reloads = 0
    const ended = run({ reload: () => reloads++ })
    await started
    host.emit('SIGHUP', 'SIGHUP')
    host.emit('SIGHUP', 'SIGHUP')
    expect([reloads, events]).toEqual([2, ['start']])
    host.emit('SIGINT', 'SIGINT')
    await ended
  })
})
