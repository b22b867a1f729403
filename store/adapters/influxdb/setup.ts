import { z } from 'zod'
import { WardwatchError } from '../../../records/errors.ts'
import type { InfluxdbAccess } from './access.ts'

const daySeconds = 86_400
const orgsSchema = z.object({ orgs: z.array(z.object({ id: z.string(), name: z.string() })) })
const bucketSchema = z.object({
  id: z.string(),
  name: z.string(),
  retentionRules: z.array(z.object({ everySeconds: z.number() })),
})
const bucketsSchema = z.object({ buckets: z.array(bucketSchema) })

/** What the set-up has done. */
export type SetUpOutcome = 'made' | 'retention-changed' | 'unchanged'

/**
 * Makes the bucket with its retention, or gives the retention to the one that is there. May be repeated.
 * @throws WardwatchError SERIES_STORE_FAILED: no answer (retryable), or the server refuses; the message says what.
 */
export async function setUpBucket(
  access: InfluxdbAccess,
  config: { readonly bucket: string; readonly retentionDays: number; readonly timeoutMs: number },
): Promise<SetUpOutcome> {
  const { bucket, retentionDays } = config
  const ask = (method: string, path: string, body?: object) =>
    request(access, config.timeoutMs, method, path, body)
  const { orgs } = orgsSchema.parse(await ask('GET', `orgs?org=${encodeURIComponent(access.org)}`))
  const org = orgs.find(({ name }) => name === access.org)
  if (org === undefined) throw failed(`the server knows no organisation ${access.org}`)
  const { buckets } = bucketsSchema.parse(
    await ask('GET', `buckets?orgID=${org.id}&name=${encodeURIComponent(bucket)}`),
  )
  const everySeconds = retentionDays * daySeconds
  const retentionRules = everySeconds === 0 ? [] : [{ type: 'expire', everySeconds }]
  const known = buckets.find(({ name }) => name === bucket)
  if (known === undefined) {
    await ask('POST', 'buckets', { orgID: org.id, name: bucket, retentionRules })
    return 'made'
  }
  if ((known.retentionRules[0]?.everySeconds ?? 0) === everySeconds) return 'unchanged'
  await ask('PATCH', `buckets/${known.id}`, { retentionRules })
  return 'retention-changed'
}

async function request(
  { url, token }: InfluxdbAccess,
  timeoutMs: number,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  let response: Response
  let text: string
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}/api/v2/${path}`, {
      method,
      headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    text = await response.text()
  } catch (cause) {
    throw failed(`${url} does not answer`, true, cause)
  }
  // A name that is not there: the caller says so in words of the configuration.
  if (response.status === 404 && method === 'GET') return { orgs: [], buckets: [] }
  if (!response.ok)
    throw failed(
      `the server answers ${response.status}: ${text.slice(0, 300)}`,
      response.status >= 500 || response.status === 429,
    )
  return text === '' ? null : (JSON.parse(text) as unknown)
}

function failed(what: string, retryable = false, cause?: unknown): WardwatchError {
  return new WardwatchError('SERIES_STORE_FAILED', `InfluxDB: ${what}`, { retryable, cause })
}
