import type { MessagePort } from 'node:worker_threads'
import { WardwatchError } from '../../records/errors.ts'
import { type CarriedError, carryError, raiseCarried } from './carried-error.ts'

/** What one side lets the other call: each method takes one argument of plain data. */
export type Methods<T = object> = { readonly [K in keyof T]: (argument: never) => unknown }

type ArgumentOf<M> = M extends (argument: infer A) => unknown ? A : never
type ResultOf<M> = M extends (argument: never) => infer R ? Awaited<R> : never

/** Calls across a MessagePort, both ways at once. Calls arrive in the order in which they were made. */
export interface PortCalls<Theirs extends Methods> {
  /**
   * Resolves to what the other side's method gives, rejects with what it throws.
   * @throws WardwatchError BUS_UNAVAILABLE (not retryable) when the other side has gone.
   */
  call<K extends keyof Theirs & string>(
    method: K,
    argument: ArgumentOf<Theirs[K]>,
  ): Promise<ResultOf<Theirs[K]>>
  /** As `call`, but nobody waits; when the other side has gone, it is lost. */
  tell<K extends keyof Theirs & string>(method: K, argument: ArgumentOf<Theirs[K]>): void
  /** Ends the connection; calls that wait reject. */
  close(): void
}

type Served = Readonly<Record<string, ((argument: unknown) => unknown) | undefined>>

interface Frame {
  readonly call?: number
  readonly method?: string
  readonly argument?: unknown
  readonly answer?: number
  readonly value?: unknown
  readonly error?: CarriedError
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * Both ends of a port are code of this program, of one version: what arrives is trusted.
 * @param closed called once when the other side has gone.
 */
export function createPortCalls<Theirs extends Methods>(
  port: MessagePort,
  ours: Methods,
  closed: () => void = () => undefined,
): PortCalls<Theirs> {
  const waiting = new Map<number, Waiting>()
  let calls = 0
  let isOpen = true

  async function serve({ call, method = '', argument }: Frame): Promise<void> {
    const answer = call === undefined ? {} : { answer: call }
    try {
      const perform = (ours as Served)[method]
      if (perform === undefined) throw new TypeError(`no method ${method}`)
      const value = await perform(argument)
      if (call !== undefined) port.postMessage({ ...answer, value })
    } catch (error) {
      // Nobody waits for what was only told: that it fails is a fault of this program, and ends it.
      if (call === undefined) throw error
      port.postMessage({ ...answer, error: carryError(error) })
    }
  }

  function settle({ answer, value, error }: Frame): void {
    const waiter = waiting.get(answer!)
    waiting.delete(answer!)
    if (error === undefined) waiter?.resolve(value)
    else waiter?.reject(raiseCarried(error))
  }

  port.on('message', (frame: Frame) => {
    if (frame.answer === undefined) void serve(frame)
    else settle(frame)
  })
  port.on('close', () => {
    isOpen = false
    for (const waiter of waiting.values()) waiter.reject(gone())
    waiting.clear()
    closed()
  })

  return {
    call(method, argument) {
      if (!isOpen) return Promise.reject(gone())
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      const call = ++calls
      waiting.set(call, { resolve, reject })
      port.postMessage({ call, method, argument })
      return promise as Promise<never>
    },
    tell(method, argument) {
      if (isOpen) port.postMessage({ method, argument })
    },
    close: () => port.close(),
  }
}

function gone(): WardwatchError {
  return new WardwatchError('BUS_UNAVAILABLE', 'the other thread has ended')
}
