import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { parseConfig } from '../../app/config.ts'
import { createWardwatch, type Wardwatch } from '../../app/wire.ts'
import type { AlertAction } from '../../records/alert-action.ts'
import { encodeObservation } from '../../records/codec.ts'
import type { ObservationMessage } from '../../records/observation.ts'
import { openHttpReceiver } from '../support/http-receiver.ts'
import { type RowSpec, SceneBuilder } from '../support/scene.ts'
import { silentLogger } from '../support/silent-logger.ts'

// A verdict goes all the way: from the page's back end through the store and the bus to the baseline, and back. No sensor
// runs: commands need none. The receiver is a real HTTP server.

const [pump, server, outside] = ['10.0.0.9', '10.0.0.1', '203.0.113.7']
const flow = (at: number, resp: string): RowSpec => ({ record: 'flow', at, orig: pump, resp })
const who = { by: 'm.weber', from: '127.0.0.1' }
const secret = `whsec_${Buffer.alloc(32, 'k').toString('base64')}`
let folder: string
let receiver: Awaited<ReturnType<typeof openHttpReceiver>>
let wardwatch: Wardwatch
let scene: SceneBuilder

function create(): Wardwatch {
  const config = parseConfig({
    data: folder,
    bus: { kind: 'memory' },
    alerts: {
      receivers: [
        { kind: 'webhook', name: 'soar', url: receiver.url, secret, route: { severityMin: 'low' } },
      ],
    },
  })
  return createWardwatch(config, {
    roles: ['analyzer', 'alerts'],
    recordings: [],
    notifies: true,
    logger: silentLogger,
    now: Date.now,
    failed: (error) => {
      throw error
    },
  })
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wardwatch-verdict-'))
  receiver = await openHttpReceiver()
  wardwatch = create()
  scene = new SceneBuilder({ partitionCount: wardwatch.bus.partitionCount('observations') })
  await wardwatch.start()
})
afterEach(async () => {
  await wardwatch.stop()
  await receiver.close()
  await rm(folder, { recursive: true })
})

async function send(messages: readonly (readonly ObservationMessage[])[]): Promise<void> {
  await wardwatch.bus.publish(
    messages.flatMap((own, partition) =>
      own.map((message) => ({
        topic: 'observations' as const,
        partition,
        value: encodeObservation(message),
      })),
    ),
  )
  await wardwatch.bus.settled('observations')
  await wardwatch.bus.settled('anomalies')
}
const alerts = () => wardwatch.states.alerts.list({ limit: 10, scoreMin: 0.3 })
const contact = async (at: number) => {
  await send(scene.rows([flow(at, outside)]))
  await send(scene.mark('clock', at + 10))
}
const act = (id: string, action: Omit<AlertAction, 'revision'>) =>
  wardwatch.actions.act(id, { revision: 1_000_000, ...action } as AlertAction, who)
const published = () =>
  vi.waitFor(async () => {
    expect(await wardwatch.states.alertChanges.unsentCommands(1)).toEqual([])
  })
const toldOf = (type: string) =>
  receiver.taken.filter(({ body }) => (JSON.parse(body) as { type: string }).type === type).length

test('closing as benign and expected silences the relation, undo brings it back, and the receiver hears of each', async () => {
  await send(scene.mark('recording', undefined, { recording: { name: 'a', teaches: true } }))
  await send(scene.rows([flow(0, server), flow(1, server)]))
  await send(scene.mark('recording', undefined, { recording: { name: 'b', teaches: false } }))
  await contact(100)
  const [alert] = await alerts()
  expect(alert).toMatchObject({ status: 'new', leading: { behaviour: 'irregular-destination' } })
  await vi.waitFor(() => expect(toldOf('alert.trigger')).toBe(1), 10_000)

  const closing = { action: 'close', verdict: 'benign-expected', reason: 'new vendor service' }
  const closed = await act(alert!.id, closing as Omit<AlertAction, 'revision'>)
  expect(closed).toMatchObject({ result: 'done', approved: ['to|tcp/443|203.0.113.0/24'] })
  await vi.waitFor(() => expect(toldOf('alert.resolve')).toBe(1), 10_000)
  await published()
  // Past the hour within which the same contact would only have counted up.
  await contact(10_000)
  expect(await alerts()).toHaveLength(1)

  await act(alert!.id, { action: 'undo' })
  expect(await wardwatch.states.alerts.get(alert!.id)).toMatchObject({ status: 'new' })
  await published()
  await contact(20_000)
  expect(await alerts()).toHaveLength(2)
  expect((await alerts())[0]).toMatchObject({ status: 'new', previousId: alert!.id })
  expect(await wardwatch.states.audit.list({ limit: 5 })).toMatchObject([
    { action: 'alert.undo', by: 'm.weber', details: { unapproved: ['to|tcp/443|203.0.113.0/24'] } },
    { action: 'alert.close', details: { verdict: 'benign-expected' } },
  ])
})

test('closed and seen again is a new row that names the old one, and pages anew', async () => {
  await send(scene.mark('recording', undefined, { recording: { name: 'a', teaches: true } }))
  await send(scene.rows([flow(0, server)]))
  await send(scene.mark('recording', undefined, { recording: { name: 'b', teaches: false } }))
  await contact(100)
  const [alert] = await alerts()
  await vi.waitFor(() => expect(toldOf('alert.trigger')).toBe(1), 10_000)
  const closing = { action: 'close', verdict: 'false', reason: 'test' }
  await act(alert!.id, closing as Omit<AlertAction, 'revision'>)
  await contact(3_800)
  const [next] = await alerts()
  expect(next).toMatchObject({ status: 'new', previousId: alert!.id })
  const owed = await wardwatch.states.outbox.ofAlert(next!.id)
  expect(owed).toMatchObject([{ kind: 'trigger', cause: 'opened' }])
  const [first] = await wardwatch.states.outbox.ofAlert(alert!.id)
  expect(owed[0]!.dedupKey).not.toBe(first!.dedupKey)
})
