import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { raiseCarried } from '../../bus/adapters/carried-error.ts'
import { createPortCalls, type PortCalls } from '../../bus/adapters/port-calls.ts'
import { serveBus } from '../../bus/adapters/port-server.ts'
import type { Bus } from '../../bus/bus.ts'
import type { ControlCommand } from '../../records/control.ts'
import { WardwatchError } from '../../records/errors.ts'
import type { Logger, Service } from '../../records/service.ts'
import type { ThreadWord } from '../operation/watched.ts'
import type {
  HostMethods,
  ThreadData,
  ThreadMethods,
  ThreadStatus,
  ThreadTask,
} from './protocol.ts'
import { writeThreadLine } from './thread-log.ts'

export interface ThreadDeps {
  /** The bus of this thread, which the other one uses. Started before it. */
  readonly bus: Bus
  readonly logger: Logger
  /** Wall clock in ms. */
  readonly now: () => number
  /** A part of the thread has stopped for good, or the thread has ended unasked (THREAD_ENDED). */
  readonly failed: (error: unknown) => void
}

/** One role of the service in a thread of its own. */
export interface Thread extends Service {
  readonly name: string
  /** Resolves when the input of its sensor has been published to the end. */
  readonly done: Promise<void>
  control(command: ControlCommand): Promise<void>
  /** As it was told last, at most a quarter of a second ago while the thread is not busy; null before its start. */
  status(): ThreadStatus | null
  /** The same, and when it was told. */
  word(): ThreadWord
  setDebug(isDebug: boolean): void
}

/** @throws WardwatchError from `start`: whatever a part of the thread rejects with; THREAD_ENDED. */
export function createThread(task: ThreadTask, deps: ThreadDeps): Thread {
  const { bus, logger } = deps
  const finished = Promise.withResolvers<undefined>()
  // Told by whoever waits for `done`; here only so that a failure before anybody does is no crash.
  finished.promise.catch((err: unknown) => logger.debug({ err }, 'input of a thread failed'))
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => undefined)
  let running: { worker: Worker; calls: PortCalls<ThreadMethods> } | null = null
  let stopping: Promise<void> | null = null
  let last: ThreadStatus | null = null
  let heardMs: number | null = null
  let isCut = false
  let isOver = false

  const methods: HostMethods = {
    log: (line) => writeThreadLine(logger, task.name, line),
    status(status) {
      last = status
      heardMs = deps.now()
    },
    done(error) {
      if (error === null) finished.resolve(undefined)
      else finished.reject(raiseCarried(error))
    },
    failed: (error) => deps.failed(raiseCarried(error)),
  }

  function launch() {
    const [busPorts, hostPorts] = [new MessageChannel(), new MessageChannel()]
    const data: ThreadData = { task, bus: busPorts.port2, host: hostPorts.port2 }
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'), {
      name: task.name,
      workerData: data,
      transferList: [busPorts.port2, hostPorts.port2],
      // Not those of a test runner or a profiler: the worker runs the sources as they are.
      execArgv: [],
    })
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', (code) => {
      if (!isOver) fail(code, cause)
    })
    serveBus(busPorts.port1, bus)
    return {
      worker,
      calls: createPortCalls<ThreadMethods>(hostPorts.port1, methods, () => (isCut = true)),
    }
  }

  /** Fail-stop: what the thread had taken in and not yet handed on is gone with it. */
  function fail(code: number, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : `exit code ${code}`
    const error = new WardwatchError(
      'THREAD_ENDED',
      `the thread ${task.name} has ended unasked: ${reason}`,
      { fields: { thread: task.name, code }, ...(cause === undefined ? {} : { cause }) },
    )
    logger.error({ err: error }, 'thread ended')
    ended.reject(error)
    finished.reject(error)
    deps.failed(error)
  }

  /** The port of a thread that ends is cut before the thread is gone; only then its reason is known. */
  async function answered<T>(call: Promise<T>): Promise<T> {
    try {
      return await Promise.race([call, ended.promise])
    } catch (error) {
      if (isCut) await ended.promise
      throw error
    }
  }

  return {
    name: task.name,
    done: finished.promise,
    async start() {
      running ??= launch()
      await answered(running.calls.call('start', undefined))
    },
    stop() {
      stopping ??= (async () => {
        if (running === null) return
        const { worker, calls } = running
        try {
          last = await answered(calls.call('stop', undefined))
        } finally {
          isOver = true
          await worker.terminate()
        }
      })()
      return stopping
    },
    async control(command) {
      if (running === null) throw notStarted(task.name)
      await running.calls.call('control', command)
    },
    status: () => last,
    word: () => ({ name: task.name, status: last, heardMs: isOver ? null : heardMs }),
    setDebug: (isDebug) => running?.calls.tell('setDebug', isDebug),
  }
}

function notStarted(name: string): WardwatchError {
  return new WardwatchError('BUS_UNAVAILABLE', `the thread ${name} is not running`)
}
