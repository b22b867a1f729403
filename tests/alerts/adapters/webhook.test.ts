import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createWebhook } from '../../../alerts/adapters/webhook.ts'
import { retryAfterMs } from '../../../alerts/retry-after.ts'
import { notifierContract } from '../../contracts/notifier.contract.ts'
import { openHttpReceiver } from '../../support/http-receiver.ts'
import { notification } from '../../support/notifications.ts'
import { alertOf } from '../../support/obligations.ts'

const secret = `whsec_${Buffer.alloc(32, 'a secret of ours').toString('base64')}`
const notifierFor = (url: string, now: () => number = Date.now) =>
  createWebhook({ name: 'soar', url, secret }, { now })

notifierContract(
  'webhook',
  async () => {
    const receiver = await openHttpReceiver()
    return {
      notifier: notifierFor(receiver.url),
      behave: receiver.behave,
      taken: () =>
        Promise.resolve(
          receiver.taken.map(
            ({ body }) =>
              (JSON.parse(body) as { data: { wardwatch: { dedup_key: string } } }).data.wardwatch
                .dedup_key,
          ),
        ),
      keys: () =>
        Promise.resolve(receiver.taken.map(({ headers }) => String(headers['webhook-id']))),
      down: receiver.close,
      remove: receiver.close,
    }
  },
  { secrets: [secret, 'whsec_'], canAskForTime: true },
)

describe('a webhook', () => {
  let receiver: Awaited<ReturnType<typeof openHttpReceiver>>
  beforeEach(async () => {
    receiver = await openHttpReceiver()
  })
  afterEach(() => receiver.close())
  const send = (one = notification()) =>
    notifierFor(receiver.url).send(one, AbortSignal.timeout(20_000))

  test('is signed so that the library of Standard Webhooks accepts it, and nothing else', async () => {
    await send()
    const [{ body, headers }] = receiver.taken as [(typeof receiver.taken)[number]]
    const verifier = new Webhook(secret)
    const signed = headers as Record<string, string>
    expect(verifier.verify(body, signed)).toMatchObject({ type: 'alert.trigger' })
    expect(() => verifier.verify(`${body} `, signed)).toThrow()
    expect(() => new Webhook(`whsec_${btoa('x'.repeat(32))}`).verify(body, signed)).toThrow()
    expect(() => verifier.verify(body, { ...signed, 'webhook-id': 'msg_other' })).toThrow()
  })

  test('is signed for the time of the attempt, so that a late one is not taken for a replay', async () => {
    const notifier = notifierFor(receiver.url, () => 1_772_438_499_900)
    await notifier.send(notification(), AbortSignal.timeout(20_000))
    expect(receiver.taken[0]?.headers).toMatchObject({
      'webhook-id': 'msg_5d41402abc4b2a76b9719d911017c592',
      'webhook-timestamp': '1772438499',
    })
  })

  test('names things as the Elastic Common Schema does', async () => {
    const alert = alertOf({
      status: 'closed',
      verdict: 'benign-expected',
      reason: 'inventory scan',
    })
    await send(notification({ kind: 'resolve', cause: 'closed', alert, by: 'm.weber' }))
    expect(receiver.taken[0]).toMatchObject({ method: 'POST', path: '/hook' })
    expect(JSON.parse(receiver.taken[0]!.body)).toEqual({
      type: 'alert.resolve',
      timestamp: '2026-03-02T08:00:10.000Z',
      data: {
        '@timestamp': '2026-03-02T08:00:09.000Z',
        message: 'ws-14 tried 8 ports of 10.60.1.20 in 9 s',
        event: {
          kind: 'alert',
          category: ['network', 'intrusion_detection'],
          type: ['info'],
          module: 'wardwatch',
          dataset: 'wardwatch.alert',
          id: '5d41402abc4b2a76b9719d911017c592',
          action: 'resolve',
          reason: 'ws-14 tried 8 ports of 10.60.1.20 in 9 s',
          severity: 47,
          risk_score: 70,
          start: '2026-03-02T08:00:00.000Z',
          end: '2026-03-02T08:00:09.000Z',
          url: 'https://ward.example/#/alerts/a1b2',
        },
        rule: { name: 'port-scan', category: 'port-scan' },
        host: {
          id: 'north|lan|ip:10.60.1.66',
          name: 'ws-14',
          ip: ['10.60.1.66'],
          mac: ['00-1B-21-0A-00-66'],
        },
        observer: {
          vendor: 'Wardwatch',
          product: 'Wardwatch',
          type: 'ids',
          geo: { name: 'north' },
        },
        related: { ip: ['10.60.1.66', '10.60.1.20'] },
        threat: { framework: 'MITRE ATT&CK', technique: { id: ['T1046'] } },
        user: { name: 'm.weber' },
        wardwatch: {
          alert_id: 'a1b2',
          dedup_key: '7d793037a0760186574b0282f2f435e7',
          cause: 'closed',
          site: 'north',
          severity: 'medium',
          status: 'closed',
          verdict: 'benign-expected',
          reason: 'inventory scan',
          count: 8,
          why: { distinctPorts: 8, distinctPortsMin: 8, windowSeconds: 60 },
          peers: [{ address: '10.60.1.20', mac: null, name: null, port: 443, protocol: 'tcp' }],
          device_vendor: 'Intel Corporate',
        },
      },
    })
  })

  test.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    const elsewhere = await openHttpReceiver()
    receiver.server.removeAllListeners('request')
    receiver.server.on('request', (_request, response) => {
      response.writeHead(status, { Location: elsewhere.url }).end()
    })
    expect(await send()).toEqual({
      result: 'refused',
      reason: `HTTP ${status}: redirects are not followed`,
    })
    expect(elsewhere.seen).toEqual([])
    await elsewhere.close()
  })

  test.each([
    { status: 200, result: 'delivered' },
    { status: 202, result: 'delivered' },
    { status: 408, result: 'retry' },
    { status: 425, result: 'retry' },
    { status: 429, result: 'retry' },
    { status: 500, result: 'retry' },
    { status: 502, result: 'retry' },
    { status: 503, result: 'retry' },
    { status: 400, result: 'refused' },
    { status: 401, result: 'refused' },
    { status: 404, result: 'refused' },
    { status: 410, result: 'refused' },
  ])('takes $status for $result', async ({ status, result }) => {
    await receiver.close()
    receiver = await openHttpReceiver(() => status)
    expect((await send()).result).toBe(result)
  })

  test('reads no more than a little of an answer without end', async () => {
    let written = 0
    receiver.server.removeAllListeners('request')
    receiver.server.on('request', (request, response) => {
      request.resume()
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000))) written += 10_000
      }
      response.on('drain', more)
      more()
    })
    expect(await send()).toEqual({ result: 'delivered' })
    // What the kernel's buffers take is sent; nobody reads it.
    expect(written).toBeLessThan(20_000_000)
  })

  test('counts as delivered once the status says so, even if the answer never ends', async () => {
    receiver.server.removeAllListeners('request')
    receiver.server.on('request', (_request, response) => {
      response.writeHead(204 - 4).write('begun')
    })
    const outcome = await notifierFor(receiver.url).send(notification(), AbortSignal.timeout(300))
    expect(outcome).toEqual({ result: 'delivered' })
  })
})

test.each([
  { name: 'no prefix', given: Buffer.alloc(32).toString('base64') },
  { name: 'a short key', given: `whsec_${Buffer.alloc(8).toString('base64')}` },
  { name: 'no base64', given: 'whsec_!!!!not-base-64!!!!!!!!!!!!!!!!!!!' },
])('a secret with $name is refused, without being told', ({ given }) => {
  const create = () =>
    createWebhook({ name: 'soar', url: 'http://x', secret: given }, { now: () => 0 })
  expect(create).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  expect(create).not.toThrow(given)
})

test.each([
  { header: null, ms: 0 },
  { header: '120', ms: 120_000 },
  { header: ' 0 ', ms: 0 },
  { header: '99999999', ms: 3_600_000 },
  { header: '-5', ms: 0 },
  { header: 'soon', ms: 0 },
  { header: 'Mon, 02 Mar 2026 08:01:30 GMT', ms: 90_000 },
  { header: 'Mon, 02 Mar 2020 08:01:30 GMT', ms: 0 },
])('Retry-After: $header is $ms ms', ({ header, ms }) => {
  expect(retryAfterMs(header, Date.parse('2026-03-02T08:00:00Z'))).toBe(ms)
})
