import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { WardwatchError } from '../../../records/errors.ts'
import type { Logger, Service } from '../../../records/service.ts'
import { errorFrom } from './sent-error.ts'
import type {
  ChildOptions,
  FromChild,
  ProcessRequests,
  RequestOf,
  ResponseOf,
  ToChild,
} from './requests.ts'

export interface ChildHostConfig extends ChildOptions {
  /** Bytes of requests that have not been answered; beyond them a request waits, or is refused and counted. */
  readonly queueBytesMax: number
  /** A child that has not answered a request for so long hangs: it is killed and started anew. */
  readonly answerMsMax: number
  /** Pause before a restart: the first, doubling up to the longest; back to the first once a child has lived so long. */
  readonly restartMsMin: number
  readonly restartMsMax: number
}

export interface RequestOptions {
  /** Size of what is sent, for the bound of the queue. 1 kB when not told. */
  readonly bytes?: number
  /** What a full queue does: `wait` holds the caller back (default), `refuse` rejects at once and counts. */
  readonly whenFull?: 'wait' | 'refuse'
  /** Instead of `answerMsMax`. A request that could not even be sent by then is rejected, and no child is killed for it. */
  readonly timeoutMs?: number
}

export interface ChildHostHealth {
  readonly state: 'stopped' | 'starting' | 'ready' | 'down'
  /** Process id of the child that is there now. */
  readonly pid: number | null
  /** Children that ended by themselves, or were killed because they hung. */
  readonly crashes: number
  /** Requests refused because the queue was full. */
  readonly refused: number
  /** Bytes of requests not yet answered. */
  readonly queueBytes: number
  /** Why the last child ended or could not begin; null when none did. */
  readonly lastFailure: string | null
}

/** @typeParam Requests what the child's handlers answer: `HistoryRequests & SeriesRequests & …` */
export interface ChildHost<Requests> extends Service {
  /**
   * Resolves to the child's answer. Requests reach the child in the order of their calls; while it is being restarted
   * they wait in the queue. One that was under way when the child ended is rejected: it may or may not have been done.
   * @throws WardwatchError DUCKDB_UNAVAILABLE (retryable): the child ended, hung or could not be reached in time, the
   * queue is full, or the host is stopped; and what the handler itself rejects with.
   */
  request<Kind extends keyof Requests & string>(
    kind: Kind,
    request: RequestOf<Requests, Kind>,
    options?: RequestOptions,
  ): Promise<ResponseOf<Requests, Kind>>
  health(): ChildHostHealth
}

interface Pending {
  readonly message: ToChild & { readonly type: 'request' }
  readonly bytes: number
  readonly deadlineMs: number
  isSent: boolean
  resolve(response: unknown): void
  reject(error: unknown): void
}

const childMain = join(import.meta.dirname, 'child-main.ts')
/** How long a child may take to let go of its files when it is asked to end. */
const closeMsMax = 15_000

/**
 * DuckDB in a process of its own: a native crash, or memory that runs out, must not take detection along. The child is
 * restarted with growing pauses for as long as the host runs.
 *
 * To let it answer more kinds of requests: write `store/adapters/duckdb/<topic>-requests.ts` (a map like
 * `ProcessRequests`), `<topic>-handlers.ts` with `create<Topic>Handlers(options): Promise<HandlerSet<TopicRequests>>`
 * (opens its own database below `options.folder`; runs at every start of a child, so that is where a topic recovers),
 * and add both to `handlers.ts`, one line each. In the parent, one host serves every topic: `host.request('kind', …)`.
 * @param deps.main file the child runs; a test gives one of its own.
 */
export function createChildHost<Requests = ProcessRequests>(
  config: ChildHostConfig,
  deps: { readonly logger: Logger; readonly main?: string },
): ChildHost<Requests> {
  const logger = deps.logger.child({ stage: 'store', part: 'duckdb' })
  const pending = new Map<number, Pending>()
  const counts = { crashes: 0, refused: 0, queueBytes: 0 }
  let room = Promise.withResolvers<undefined>()
  let child: ChildProcess | null = null
  let state: ChildHostHealth['state'] = 'stopped'
  let lastFailure: string | null = null
  let nextId = 1
  let pauseMs = config.restartMsMin
  let restart: NodeJS.Timeout | null = null
  let watch: NodeJS.Timeout | null = null
  let firstOutcome = Promise.withResolvers<undefined>()

  function spawnChild(): void {
    state = 'starting'
    const startedMs = performance.now()
    const own = fork(deps.main ?? childMain, [], {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { PATH: process.env['PATH'], TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    child = own
    let told = ''
    own.stderr?.on('data', (chunk: Buffer) => (told = (told + chunk.toString()).slice(-2_000)))
    own.on('message', (message) => onMessage(message as FromChild))
    // A failed send is told here too; the end of the process follows, and with it the rejections.
    own.on('error', (err) => (lastFailure = err.message))
    own.once('close', (code, signal) => {
      if (child !== own) return
      child = null
      if (performance.now() - startedMs > config.restartMsMax) pauseMs = config.restartMsMin
      onEnd(`ended with ${signal ?? `code ${code ?? 'none'}`}${told === '' ? '' : `: ${told}`}`)
    })
    tell({ type: 'open', options: optionsOf(config) })
  }

  function tell(message: ToChild): void {
    if (child?.connected === true) child.send(message, () => undefined)
  }

  function onMessage(message: FromChild): void {
    switch (message.type) {
      case 'ready':
        state = 'ready'
        firstOutcome.resolve(undefined)
        for (const one of pending.values()) send(one)
        return
      case 'failed':
        lastFailure = message.error.message
        logger.error({ err: errorFrom(message.error) }, 'history process cannot begin')
        return
      case 'answer':
        settle(message.id, (one) => one.resolve(message.response))
        return
      case 'refusal':
        settle(message.id, (one) => one.reject(errorFrom(message.error)))
    }
  }

  function onEnd(how: string): void {
    if (state === 'stopped') return
    if (state === 'ready') lastFailure = how
    state = 'down'
    counts.crashes++
    const failure = lastFailure ?? how
    lastFailure = failure
    logger.error({ how, restartMs: pauseMs, crashes: counts.crashes }, 'history process ended')
    rejectAll((one) => one.isSent, 'the history process ended while it worked on the request')
    firstOutcome.resolve(undefined)
    restart = setTimeout(spawnChild, pauseMs)
    pauseMs = Math.min(pauseMs * 2, config.restartMsMax)
  }

  function send(one: Pending): void {
    one.isSent = true
    tell(one.message)
  }

  function settle(id: number, how: (one: Pending) => void): void {
    const one = pending.get(id)
    if (one === undefined) return
    pending.delete(id)
    counts.queueBytes -= one.bytes
    how(one)
    room.resolve(undefined)
    room = Promise.withResolvers()
  }

  function rejectAll(which: (one: Pending) => boolean, why: string): void {
    for (const [id, one] of [...pending])
      if (which(one)) settle(id, () => one.reject(unavailable(why, lastFailure)))
  }

  /** Whoever waits for an answer for too long is told; a child that was asked and is silent hangs. */
  function checkDeadlines(): void {
    const nowMs = performance.now()
    const late = [...pending.values()].filter((one) => one.deadlineMs <= nowMs)
    if (late.some((one) => one.isSent)) {
      lastFailure = 'did not answer in time'
      child?.kill('SIGKILL')
    }
    rejectAll((one) => !one.isSent && one.deadlineMs <= nowMs, 'the history process is not there')
    room.resolve(undefined)
    room = Promise.withResolvers()
  }

  const isStopped = () => state === 'stopped'

  /** Takes the room at once where there is some: calls that are not awaited must not take the same twice. */
  async function takeRoom(bytes: number, deadlineMs: number, refuses: boolean): Promise<void> {
    // One request always goes, however large; its size is bounded by who makes it.
    while (counts.queueBytes > 0 && counts.queueBytes + bytes > config.queueBytesMax) {
      if (refuses || performance.now() >= deadlineMs) {
        counts.refused++
        throw unavailable('the queue of the history process is full', lastFailure)
      }
      await room.promise
      if (isStopped()) throw unavailable('the history process is stopped', null)
    }
    counts.queueBytes += bytes
  }

  return {
    async start() {
      if (state !== 'stopped') return
      firstOutcome = Promise.withResolvers()
      watch = setInterval(checkDeadlines, 250)
      spawnChild()
      await firstOutcome.promise
    },
    async stop() {
      if (state === 'stopped') return
      state = 'stopped'
      if (restart !== null) clearTimeout(restart)
      if (watch !== null) clearInterval(watch)
      rejectAll(() => true, 'the history process is stopped')
      firstOutcome.resolve(undefined)
      const ending = child
      child = null
      if (ending !== null) await end(ending)
    },
    async request(kind, request, options = {}) {
      const { bytes = 1024, whenFull = 'wait', timeoutMs = config.answerMsMax } = options
      if (state === 'stopped') throw unavailable('the history process is stopped', null)
      const deadlineMs = performance.now() + timeoutMs
      await takeRoom(bytes, deadlineMs, whenFull === 'refuse')
      const id = nextId++
      const answer = Promise.withResolvers<unknown>()
      const one: Pending = {
        message: { type: 'request', id, kind, request },
        bytes,
        deadlineMs,
        isSent: false,
        resolve: answer.resolve,
        reject: answer.reject,
      }
      pending.set(id, one)
      if (isStopped()) rejectAll(() => true, 'the history process is stopped')
      else if (state === 'ready') send(one)
      return (await answer.promise) as ResponseOf<Requests, typeof kind>
    },
    health: () => ({ state, pid: child?.pid ?? null, ...counts, lastFailure }),
  }
}

function optionsOf({ folder, memoryBytesMax, threads }: ChildHostConfig): ChildOptions {
  return { folder, memoryBytesMax, threads }
}

/** Asks a child to end; kills it when it does not. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  if (child.connected) child.send({ type: 'close' } satisfies ToChild, () => undefined)
  else child.kill('SIGKILL')
  const timer = setTimeout(() => child.kill('SIGKILL'), closeMsMax)
  await closed
  clearTimeout(timer)
}

function unavailable(why: string, lastFailure: string | null): WardwatchError {
  const text = lastFailure === null ? why : `${why} (${lastFailure.split('\n')[0] ?? ''})`
  return new WardwatchError('DUCKDB_UNAVAILABLE', text, { retryable: true })
}
