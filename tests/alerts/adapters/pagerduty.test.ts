import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createPagerDuty } from '../../../alerts/adapters/pagerduty.ts'
import { notifierContract } from '../../contracts/notifier.contract.ts'
import { notification } from '../../support/notifications.ts'
import { alertOf } from '../../support/obligations.ts'
import { openPagerDutyStandIn } from '../../support/pagerduty-stand-in.ts'

const routingKey = 'e93facc04764012d7bfb002500d5d1a6'
const notifierFor = (url: string, key = routingKey) =>
  createPagerDuty({ url, routingKey: key }, { now: Date.now })

notifierContract(
  'pagerduty, against a stand-in written from its published contract',
  async () => {
    const receiver = await openPagerDutyStandIn(routingKey)
    return {
      notifier: notifierFor(receiver.url),
      behave: receiver.behave,
      taken: () => Promise.resolve(receiver.events.map((event) => event.dedup_key)),
      keys: () => Promise.resolve(receiver.taken.map(({ body }) => body)),
      down: receiver.close,
      remove: receiver.close,
    }
  },
  { secrets: [routingKey], canAskForTime: true },
)

describe('an event for PagerDuty', () => {
  let receiver: Awaited<ReturnType<typeof openPagerDutyStandIn>>
  beforeEach(async () => {
    receiver = await openPagerDutyStandIn(routingKey)
  })
  afterEach(() => receiver.close())
  const send = (one = notification(), key = routingKey) =>
    notifierFor(receiver.url, key).send(one, AbortSignal.timeout(20_000))

  test('says what happened, where and how bad it is, and links to the alert', async () => {
    await send()
    expect(receiver.events).toEqual([
      {
        routing_key: routingKey,
        event_action: 'trigger',
        dedup_key: '7d793037a0760186574b0282f2f435e7',
        client: 'Wardwatch',
        client_url: 'https://ward.example/#/alerts/a1b2',
        links: [{ href: 'https://ward.example/#/alerts/a1b2', text: 'Open the alert' }],
        payload: expect.objectContaining({
          summary: 'medium: ws-14 tried 8 ports of 10.60.1.20 in 9 s',
          source: 'ws-14',
          severity: 'warning',
          timestamp: '2026-03-02T08:00:09.000Z',
          component: 'north|lan|ip:10.60.1.66',
          group: 'north',
          class: 'port-scan',
        }) as unknown,
      },
    ])
  })

  test('opens one incident, acknowledges and resolves it', async () => {
    await send()
    await send(notification({ cause: 'escalated', key: 'k2' }))
    expect([...receiver.incidents().values()]).toEqual(['triggered'])
    await send(notification({ kind: 'acknowledge', key: 'k3' }))
    expect([...receiver.incidents().values()]).toEqual(['acknowledged'])
    await send(notification({ kind: 'resolve', key: 'k4' }))
    expect([...receiver.incidents().values()]).toEqual(['resolved'])
  })

  test.each([
    { severity: 'low', word: 'info' },
    { severity: 'medium', word: 'warning' },
    { severity: 'high', word: 'error' },
    { severity: 'critical', word: 'critical' },
  ] as const)('calls $severity $word', async ({ severity, word }) => {
    await send(notification({ alert: alertOf({ severity }) }))
    expect(receiver.events).toMatchObject([{ payload: { severity: word } }])
  })

  test('keeps to the length of a summary', async () => {
    const alert = alertOf({ summary: 'x'.repeat(5_000) })
    expect(await send(notification({ alert }))).toEqual({ result: 'delivered' })
  })

  test.each([
    { status: 202, result: 'delivered' },
    { status: 400, result: 'refused' },
    { status: 403, result: 'refused' },
    { status: 413, result: 'refused' },
    { status: 429, result: 'retry' },
    { status: 500, result: 'retry' },
    { status: 502, result: 'retry' },
    { status: 503, result: 'retry' },
  ])('takes $status for $result', async ({ status, result }) => {
    receiver.server.removeAllListeners('request')
    receiver.server.on('request', (request, response) => {
      request.resume()
      response.writeHead(status).end('{"status":"…"}')
    })
    expect((await send()).result).toBe(result)
  })

  test('with a wrong key is refused, and the key is not told', async () => {
    const wrong = 'f'.repeat(32)
    const outcome = await send(notification(), wrong)
    expect(outcome).toEqual({ result: 'refused', reason: 'HTTP 400' })
  })
})
