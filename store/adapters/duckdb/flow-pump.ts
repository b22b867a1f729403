import { setTimeout as sleep } from 'node:timers/promises'
import { isWardwatchError, WardwatchError } from '../../../records/errors.ts'
import type { Logger } from '../../../records/service.ts'
import type { FlowAppend, FlowStoreHealth } from '../../flow-store.ts'
import type { ChildHost } from './child-host.ts'
import type { AppendedHistory, HistoryRequests, OpenedHistory } from './history-requests.ts'

export interface FlowPumpConfig {
  readonly flushMs: number
  readonly unflushedBytesMax: number
  /** How long a caller waits for a child that is not there. */
  readonly holdMs: number
}

/** Brings messages to the child and keeps them until they are flushed: a child that ends loses nothing of them. */
export interface FlowPump {
  start(): void
  /** What is taken is flushed first, as long as the child answers. Resolves to what could not be. */
  stop(): Promise<readonly FlowAppend[]>
  position(partition: number): Promise<number>
  append(batch: FlowAppend, holdMs: number): Promise<void>
  flush(): Promise<void>
  onFlushed(listener: (partition: number, nextOffset: number) => void): void
  /** Session of the child that is open now; waits for one. */
  session(): Promise<string>
  /** Newest packet of the youngest segment at the last flush; −Infinity when not known. */
  newestUs(): number
  /** Whoever met that the child of this session is no more says so. */
  lost(session: string): void
  health(): Omit<FlowStoreHealth, 'crashes' | 'files' | 'fileBytes'>
}

interface Held {
  readonly batch: FlowAppend
  readonly bytes: number
  isSent: boolean
  told: AppendedHistory
}

/** Pause after a failure, before everything that is not flushed is sent again. */
const retryMs = 250

/** Complete segments that may wait for their sealing. */
const unsealedMax = 4

export function createFlowPump(
  config: FlowPumpConfig,
  deps: {
    readonly host: Pick<ChildHost<HistoryRequests>, 'request'>
    readonly logger: Logger
    readonly open: () => Promise<OpenedHistory>
    /** Live segments that can be sealed; resolves when all that could be are. */
    readonly complete: (session: string, numbers: readonly number[]) => Promise<void>
  },
): FlowPump {
  const { host, logger } = deps
  const listeners: ((partition: number, nextOffset: number) => void)[] = []
  const held: Held[] = []
  const counts = { records: 0, messages: 0, repeated: 0, malformed: 0 }
  let heldBytes = 0
  let opened: OpenedHistory | null = null
  let lastFailure: string | null = null
  let isRunning = false
  let isFlushWanted = false
  let flushedMs = 0
  let newest = -Infinity
  let changed = Promise.withResolvers<undefined>()
  let running: Promise<void> = Promise.resolve()

  function notify(): void {
    changed.resolve(undefined)
    changed = Promise.withResolvers()
  }

  /** Waits until something changes, no longer than `ms`. */
  async function idle(ms: number): Promise<void> {
    const timer = setTimeout(notify, ms)
    await changed.promise
    clearTimeout(timer)
  }

  async function run(): Promise<void> {
    while (isRunning || (held.length > 0 && lastFailure === null)) {
      try {
        await step()
        if (lastFailure !== null) logger.info({}, 'history is kept again')
        lastFailure = null
      } catch (err) {
        onFailure(err)
        await sleep(isRunning ? retryMs : 0)
      }
    }
  }

  function onFailure(err: unknown): void {
    if (!isWardwatchError(err)) throw err
    if (lastFailure === null) logger.warn({ err }, 'history cannot be kept for now, held in memory')
    lastFailure = err.message
    forget()
  }

  /** What the child had not flushed is lost with it: it is sent again. */
  function forget(): void {
    opened = null
    for (const one of held) one.isSent = false
    notify()
  }

  /** Opens, sends, flushes or waits: the next thing that is to be done. */
  async function step(): Promise<void> {
    if (opened === null) {
      opened = await deps.open()
      notify()
      return
    }
    const next = held.find((one) => !one.isSent)
    const dueMs = flushedMs + config.flushMs - performance.now()
    const isDue =
      dueMs <= 0 || isFlushWanted || !isRunning || heldBytes > config.unflushedBytesMax / 2
    if (held[0]?.isSent === true && isDue && (next === undefined || dueMs <= 0))
      await flushSent(opened)
    else if (next !== undefined) await send(opened.session, next)
    else {
      if (isRunning) await idle(held.length > 0 ? Math.max(1, dueMs) : config.flushMs)
    }
  }

  async function send(session: string, one: Held): Promise<void> {
    const told = await host.request(
      'historyAppend',
      { session, ...one.batch },
      { bytes: one.bytes },
    )
    one.isSent = true
    one.told = told
    if (told.malformed > 0)
      logger.warn({ malformed: told.malformed }, 'messages unreadable, skipped')
  }

  async function flushSent(own: OpenedHistory): Promise<void> {
    const count = held.findIndex((one) => !one.isSent)
    const sent = count < 0 ? held.length : count
    const { positions, complete, newestUs } = await host.request('historyFlush', {
      session: own.session,
    })
    flushedMs = performance.now()
    newest = Math.max(newest, newestUs ?? newest)
    opened = { ...own, positions }
    isFlushWanted = false
    for (const one of held.splice(0, sent)) {
      heldBytes -= one.bytes
      counts.records += one.told.records
      counts.messages += one.batch.messages.length
      counts.repeated += one.told.repeated
      counts.malformed += one.told.malformed
    }
    for (const [partition, nextOffset] of Object.entries(positions))
      for (const listener of listeners) listener(Number(partition), nextOffset)
    notify()
    const sealed = complete.length > 0 ? deps.complete(own.session, complete) : null
    // Who appends faster than segments can be sealed waits: each of them takes memory until it is a file.
    if (complete.length > unsealedMax) await sealed
  }

  return {
    start() {
      isRunning = true
      running = run()
    },
    async stop() {
      isRunning = false
      notify()
      await running
      return held.map(({ batch }) => batch)
    },
    async position(partition) {
      while (opened === null) {
        stillRunning()
        await idle(config.flushMs)
      }
      return opened.positions[partition] ?? 0
    },
    async append(batch, holdMs) {
      const bytes = batch.messages.reduce((sum, { value }) => sum + value.length, 0)
      const deadlineMs = performance.now() + holdMs
      while (heldBytes > 0 && heldBytes + bytes > config.unflushedBytesMax) {
        stillRunning()
        const leftMs = deadlineMs - performance.now()
        if (leftMs <= 0) throw unavailable('the history cannot take more', lastFailure)
        await idle(leftMs)
      }
      stillRunning()
      held.push({ batch, bytes, isSent: false, told: { records: 0, repeated: 0, malformed: 0 } })
      heldBytes += bytes
      notify()
    },
    async flush() {
      const last = held.at(-1)
      const deadlineMs = performance.now() + config.holdMs
      while (last !== undefined && held.includes(last)) {
        isFlushWanted = true
        notify()
        if (performance.now() > deadlineMs && lastFailure !== null)
          throw unavailable('the history cannot be flushed', lastFailure)
        await idle(20)
      }
    },
    onFlushed: (listener) => listeners.push(listener),
    async session() {
      const deadlineMs = performance.now() + config.holdMs
      while (opened === null) {
        stillRunning()
        if (performance.now() > deadlineMs)
          throw unavailable('the history is not open', lastFailure)
        await idle(50)
      }
      return opened.session
    },
    newestUs: () => newest,
    lost(session) {
      if (opened?.session === session) forget()
    },
    health: () => ({
      state: lastFailure === null ? 'ready' : 'behind',
      ...counts,
      unflushedBytes: heldBytes,
      lastFailure,
    }),
  }

  function stillRunning(): void {
    if (!isRunning) throw unavailable('the history is stopped', null)
  }
}

function unavailable(why: string, lastFailure: string | null): WardwatchError {
  const text = lastFailure === null ? why : `${why}: ${lastFailure}`
  return new WardwatchError('DUCKDB_UNAVAILABLE', text, { retryable: true })
}
