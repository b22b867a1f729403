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

/**
 * Writes lines until each of them is in the store or known to be refused. A server that refuses some says how many, not
 * which: the halves are written again, which changes nothing for those that are there, down to the line that fails.
 * @returns the lines that are lost
 * @throws NotTaken some may be in the store: write all of them again
 */
export async function sendExactly(write: WriteLines, lines: readonly string[]): Promise<Lost[]> {
  const answer = await attempt(write, lines)
  if (answer === null) return []
  const { cause, dropped } = answer
  if (lines.length === 1 || dropped === lines.length) return lines.map((line) => ({ line, cause }))
  const half = lines.length >> 1
  return [
    ...(await sendExactly(write, lines.slice(0, half))),
    ...(await sendExactly(write, lines.slice(half))),
  ]
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
