import type { ChildOptions, FromChild, HandlerSet, ToChild } from './requests.ts'
import { toSentError } from './sent-error.ts'

/** What a handler rejects with when nothing in this process can be relied on any more: a fresh child begins anew. */
export class ChildMustEnd extends Error {
  constructor(cause: unknown) {
    super('the child must end', { cause })
  }
}

/**
 * The child's side of child-host.ts: opens the topics, then answers requests. Handlers are begun in the order in which
 * requests came and may overlap; one that must not says so itself.
 */
export function serveParent<Requests>(
  open: (options: ChildOptions) => Promise<HandlerSet<Requests>>,
): void {
  let set: HandlerSet<Requests> | null = null

  async function onMessage(message: ToChild): Promise<void> {
    switch (message.type) {
      case 'open':
        try {
          set = await open(message.options)
          tell({ type: 'ready' })
        } catch (error) {
          process.send?.({ type: 'failed', error: toSentError(error) }, () => process.exit(1))
        }
        return
      case 'request':
        tell(await answer(message))
        return
      case 'close':
        await set?.close()
        process.exit(0)
    }
  }

  async function answer(message: ToChild & { type: 'request' }): Promise<FromChild> {
    const { id, kind, request } = message
    try {
      const handlers = set?.handlers as
        Record<string, ((request: unknown) => Promise<unknown>) | undefined> | undefined
      const handler = handlers?.[kind]
      if (handler === undefined) throw new Error(`no handler answers '${kind}'`)
      return { type: 'answer', id, response: await handler(request) }
    } catch (error) {
      if (!(error instanceof ChildMustEnd))
        return { type: 'refusal', id, error: toSentError(error) }
      const refusal: FromChild = { type: 'refusal', id, error: toSentError(error.cause) }
      process.send?.(refusal, () => process.exit(1))
      return new Promise(() => undefined)
    }
  }

  process.on('message', (message) => void onMessage(message as ToChild))
  // The parent is gone: what is not flushed is lost with it anyway, and whoever comes next needs the files. Not exit(),
  // which would wait for a query that is under way.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  // Signals of a terminal reach the whole group; the parent decides when its child ends.
  process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined)
}

function tell(message: FromChild): void {
  process.send?.(message, () => undefined)
}
