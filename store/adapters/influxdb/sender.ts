import { HttpError, type InfluxDB } from '@influxdata/influxdb-client'

export interface Lost {
  readonly line: string
  readonly cause: string
}

/** The server did not take the lines, and may later. */
export class NotTaken extends Error {
  /** Pause that the server asks for, in ms; null when it does not say. */
  readonly retryAfterMs: number | null
  /** Only an operator can change it: token, organisation, bucket. */
  readonly isRefusal: boolean

  constructor(cause: unknown, retryAfterMs: number | null, isRefusal: boolean) {
    const text = cause instanceof Error ? cause.message : String(cause)
    super(text, { cause })
    this.retryAfterMs = retryAfterMs
    this.isRefusal = isRefusal
  }
}

/** One write of these lines, as the client does it: resolves on 204. */
export type WriteLines = (lines: readonly string[]) => Promise<void>

/**
 * The client's own batching, retrying and buffering are off: on its own it drops what it cannot send, and a batch that
 * it sends because a limit is reached fails without telling. So each call has limits that it cannot reach.
 */
export function createWriteLines(client: InfluxDB, org: string, bucket: string): WriteLines {
  return async (lines) => {
    const api = client.getWriteApi(org, bucket, 's', {
      batchSize: lines.length + 1,
      maxBatchBytes: Number.MAX_SAFE_INTEGER,
      flushInterval: 0,
      maxRetries: 0,
    })
    api.writeRecords([...lines])
    await api.flush()
  }
}

/** Lines on their way to the server, and which of them are known to be refused. */
export interface Delivery {
  readonly isDone: boolean
  /** Lines that the server will never take. */
  readonly lost: readonly Lost[]
  /**
   * One request. What it has settled stays settled, so that a server that fails now and then is got past.
   * @throws NotTaken the same lines are written with the next step
   */
  step(write: WriteLines): Promise<void>
}

/**
 * A server that refuses some lines says how many, not which: the halves are written again, which changes nothing for
 * those that are there, down to the line that fails. So each line is in the store, or known to be lost.
 */
export function createDelivery(lines: readonly string[]): Delivery {
  /** Last first. */
  const parts = [lines]
  const lost: Lost[] = []
  return {
    get isDone() {
      return parts.length === 0
    },
    lost,
    async step(write) {
      const part = parts.at(-1)
      if (part === undefined) return
      const refused = await attempt(write, part)
      parts.pop()
      if (refused === null) return
      const { cause, dropped } = refused
      if (part.length === 1 || dropped === part.length) {
        for (const line of part) lost.push({ line, cause })
        return
      }
      const half = part.length >> 1
      parts.push(part.slice(half), part.slice(0, half))
    },
  }
}

interface Refused {
  readonly cause: string
  /** Lines that the server says it dropped; null when it does not. */
  readonly dropped: number | null
}

/** Null: all of them are in the store. */
async function attempt(write: WriteLines, lines: readonly string[]): Promise<Refused | null> {
  try {
    await write(lines)
    return null
  } catch (error) {
    if (!(error instanceof HttpError)) throw new NotTaken(error, null, false)
    const refused = refusedOf(error)
    if (refused !== null) return refused
    const { statusCode } = error
    const isRefusal =
      statusCode >= 400 && statusCode < 500 && statusCode !== 429 && statusCode !== 408
    const retryAfterMs = error.retryAfter()
    throw new NotTaken(error, retryAfterMs > 0 ? retryAfterMs : null, isRefusal)
  }
}

/** What the server refuses for what the lines are (https://docs.influxdata.com/influxdb/v2/api/#operation/PostWrite). */
function refusedOf(error: HttpError): Refused | null {
  const text = messageOf(error)
  switch (error.statusCode) {
    case 422: {
      const dropped = /\bdropped=(\d+)/.exec(text)?.[1]
      return { cause: `refused: ${text}`, dropped: dropped === undefined ? null : Number(dropped) }
    }
    case 413:
      return { cause: 'too-large', dropped: null }
    case 400:
      // Other faults of a request (organisation, bucket) are the configuration's.
      return text.includes('unable to parse')
        ? { cause: `unparsable: ${text}`, dropped: null }
        : null
    default:
      return null
  }
}

function messageOf(error: HttpError): string {
  const json = error.json as { message?: unknown } | undefined
  return typeof json?.message === 'string' ? json.message : (error.body ?? error.message)
}
