import type { Outcome } from '../notifier.ts'
import { retryAfterMs } from '../retry-after.ts'

/** Of what a receiver answers, this much is read before the connection is closed; none of it is used. */
const answerBytesMax = 16_384

export interface Post {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
  readonly nowMs: number
  /** Whether an answer of this status may become another one by waiting. */
  readonly isRetryable: (status: number) => boolean
}

/**
 * Posts once. Redirects are not followed: they could lead a signed event, or a key in its body, anywhere.
 * Never rejects; what went wrong is told in fixed words, so that neither the address nor an answer reaches a log.
 */
export async function post(request: Post): Promise<Outcome> {
  const { url, headers, body, signal, nowMs, isRetryable } = request
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'user-agent': 'Wardwatch' },
      body,
      redirect: 'manual',
      signal,
    })
    // The status has decided; a receiver that does not end its answer has taken the event all the same.
    await discard(response).catch(() => undefined)
    const { status } = response
    if (status >= 200 && status < 300) return { result: 'delivered' }
    const reason = `HTTP ${status}`
    if (status >= 300 && status < 400)
      return { result: 'refused', reason: `${reason}: redirects are not followed` }
    if (!isRetryable(status)) return { result: 'refused', reason }
    const afterMs = retryAfterMs(response.headers.get('retry-after'), nowMs)
    return { result: 'retry', reason, ...(afterMs > 0 ? { afterMs } : {}) }
  } catch (error) {
    return { result: 'retry', reason: signal.aborted ? 'no answer in time' : faultOf(error) }
  }
}

/** Reads a short answer to its end, so that the connection can be used again; a longer one is cut off. */
async function discard(response: Response): Promise<void> {
  if (response.body === null) return
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader()
  for (let bytes = 0; bytes < answerBytesMax;) {
    const { done, value } = await reader.read()
    if (done) return
    bytes += value.length
  }
  await reader.cancel()
}

/** The system's own word for what broke (`ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`); texts may name addresses. */
export function faultOf(error: unknown): string {
  let word = 'connection failed'
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    const code = 'code' in cause ? cause.code : undefined
    // What lies deepest is the system's; above it stands what a library calls it.
    if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) word = code
    cause = cause.cause
  }
  return word
}
